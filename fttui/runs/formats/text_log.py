"""Console output in a file: `train.log`, `nohup.out`, `slurm-1234.out`.

Metrics are found by a pattern of the profile, or in the forms that are common: the dictionaries that transformers
prints, and a step followed by names with numbers (nanoGPT, Hugging Face examples, PyTorch examples).
"""

import math
import os
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from fttui.runs.formats import console, peek, values
from fttui.runs.formats.base import Found, FoundLine, Source
from fttui.runs.formats.grown_file import GrownLines
from fttui.runs.formats.wandb import is_inside_run

_ENDINGS = (".log", ".out", ".err", ".txt")
_LOG = re.compile(r".*\.(?:log|out|err)|(?:log|stdout|stderr|output|console|train(?:ing)?)\.txt")
_SURE = re.compile(r"(?:train(?:ing)?|output|console|stdout)\.log|nohup\.out|slurm-.*\.out|(?:log|stdout|output)\.txt")
"""Names that are taken for a log of a training without a line of metrics."""
_NOT_LOG = re.compile(r"debug(?:-internal|-core)?\.log|npm-debug.*|pip.*\.log|install.*\.log")
MOST_FILES = 100
_LONGEST_MATCHED = 2000
"""Characters of a line in which metrics are searched. A pattern may take exponential time."""

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf(?:inity)?)(?![\w.]*[A-Za-z_]{4})"
# Every repetition has a limit: without one, a line of 2,000 spaces takes a minute.
_IS = r"\s{0,8}[:=#]?\s{0,8}\[?\s{0,8}"
_OF = r"\s{0,8}/\s{0,8}"
_STEP = re.compile(
    rf"\b(?:global[_ ]step|step|iter(?:ation)?|update|batch)s?\b{_IS}(\d{{1,15}})(?:{_OF}(\d{{1,15}}))?", re.I
)
_EPOCH = re.compile(rf"\bepochs?\b{_IS}(\d{{1,9}})(?:{_OF}(\d{{1,9}}))?(?![\d.])", re.I)
_PAIR = re.compile(
    r"([A-Za-z_][\w/@%-]{0,60}(?: (?:loss|acc|accuracy|ppl|perplexity|norm|rate|reward))?)\s{0,8}[:= ]\s{0,8}"
    rf"({_NUMBER})",
    re.I,
)
_METRIC = re.compile(
    r"loss|acc|ppl|perplexity|\blr\b|learning_rate|reward|grad|bleu|rouge|f1\b|error_rate|\bkl\b", re.I
)
_DICTIONARY = re.compile(r"\{'[\w./-]+': .*\}")
_BAR = re.compile(r"\|\s*(\d{1,12})/(\d{1,12}) \[")
_TIME = re.compile(r"\W?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?)")
_COUNTERS = re.compile(r"(?:global[_ ])?steps?|iter(?:ation)?s?|updates?|batch(?:es)?|epochs?", re.I)
_SEEN = re.compile(r"\s\[\s*(\d{1,12})/(\d{1,12})\b")


class TextLogs:
    """Files of console output.

    Args:
        pattern: regular expression of the profile, with a group `step`; every other named group is a metric.

    Raises:
        ValueError: the pattern is no regular expression, or has no group `step`.
    """

    name = "log"

    def __init__(self, pattern: str = "") -> None:
        try:
            self._pattern = re.compile(pattern) if pattern else None
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"no regular expression: {error}") from None
        if self._pattern is not None and "step" not in self._pattern.groupindex:
            raise ValueError("the expression has no group (?P<step>...)")

    def sources(self, directory: str, names: Sequence[str]) -> list[Source]:
        found = peek.ending(names, _ENDINGS, MOST_FILES)
        found = [name for name in found if _LOG.fullmatch(name) and not _NOT_LOG.fullmatch(name)]
        if not found or is_inside_run(directory):
            return []
        paths = [os.path.join(directory, name) for name in found]
        return [
            Source(self.name, path)
            for path in paths
            if _SURE.fullmatch(os.path.basename(path)) or self._has_metrics(path)
        ]

    def _has_metrics(self, path: str) -> bool:
        search = MetricSearch(self._pattern)
        return any(search.look(part) for line in peek.first_lines(path) for part in line.split("\r"))

    def watched(self, source: Source) -> list[str]:
        return [source.path]

    def reader(self, source: Source) -> "TextLogReader":
        return TextLogReader(source.path, self._pattern)


class Measured(NamedTuple):
    """Metrics of a line."""

    step: int
    values: dict[str, float]


class MetricSearch:
    """Search for metrics in lines that follow each other. It remembers what later lines do not repeat."""

    def __init__(self, pattern: "re.Pattern[str] | None" = None) -> None:
        self._pattern = pattern
        self.total: int | None = None
        """Steps of the whole training, as far as a line says so."""
        self._bar: int | None = None
        """Step of the last progress bar. The dictionaries of transformers have none."""
        self._steps_per_epoch = 0.0
        self._index = 0
        self._epoch = self._offset = self._last = 0

    def look(self, text: str) -> Measured | None:
        """Return the metrics of a line, or None."""
        found = self._measured(text[:_LONGEST_MATCHED])
        # Epochs and offsets make a step of several numbers, which are too large together.
        return found if found is None or values.step(found.step) is not None else None

    def _measured(self, text: str) -> Measured | None:
        if self._pattern is not None:
            return self._by_pattern(text)
        if bar := _BAR.search(text):
            # A bar of an evaluation has another total, and is smaller.
            if self.total is None or int(bar[2]) >= self.total:
                self._bar, self.total = int(bar[1]), int(bar[2])
            return None
        if _DICTIONARY.fullmatch(text.strip()):
            return self._by_dictionary(text)
        return self._by_names(text)

    def _by_pattern(self, text: str) -> Measured | None:
        assert self._pattern is not None
        match = self._pattern.search(text)
        if match is None or (at := values.step(match["step"])) is None:
            return None
        found = {name: values.number(each) for name, each in match.groupdict().items() if name != "step"}
        numbers = {name: number for name, number in found.items() if number is not None}
        return Measured(at, numbers) if numbers else None

    def _by_dictionary(self, text: str) -> Measured | None:
        numbers = _numbers(text, "'")
        # The last dictionary has the mean loss of the whole training, under the name of a metric.
        if "train_runtime" in numbers or not any(_METRIC.search(name) for name in numbers):
            return None
        counting = values.step_name(name for name in numbers if name != "epoch")
        if counting is not None and (at := values.step(numbers.pop(counting))) is not None:
            return Measured(at, numbers)
        if self._bar is not None:
            return Measured(self._step_of_bar(self._bar, numbers.get("epoch", 0.0)), numbers)
        # No step anywhere: count the lines. An evaluation belongs to the line before it.
        self._index += 0 if any(name.startswith("eval") for name in numbers) else 1
        return Measured(self._index, numbers)

    def _step_of_bar(self, bar: int, epoch: float) -> int:
        """Return the step of a dictionary after a bar, which is not drawn for every step of a fast training."""
        if epoch <= 0 or not math.isfinite(epoch):
            return bar
        self._steps_per_epoch = max(self._steps_per_epoch, bar / epoch)
        at = round(epoch * self._steps_per_epoch)
        # The epoch has four digits: a small difference says nothing.
        return at if at - bar > 0.5 + at / 1000 else bar

    def _by_names(self, text: str) -> Measured | None:
        step, epoch = _STEP.search(text), _EPOCH.search(text)
        if (step is None and epoch is None) or not _METRIC.search(text):
            return None
        numbers = {name: value for name, value in _numbers(text).items() if not _COUNTERS.fullmatch(name)}
        if not any(_METRIC.search(name) for name in numbers):
            return None
        if epoch is None:
            assert step is not None
            return Measured(self._counted(step, None), numbers)
        of = int(epoch[1])
        if step is not None:
            return Measured(self._counted(step, epoch), numbers | {"epoch": float(of)})
        if seen := _SEEN.search(text, epoch.end()):
            # Samples of the epoch, in the examples of PyTorch: a better axis than the epoch.
            return Measured(of * int(seen[2]) + int(seen[1]), numbers | {"epoch": float(of)})
        return Measured(of, numbers)

    def _counted(self, step: "re.Match[str]", epoch: "re.Match[str] | None") -> int:
        """Return the step counted from the start, also where each epoch counts from zero again."""
        at, of = int(step[1]), int(epoch[1]) if epoch else 0
        if of > self._epoch and at < self._last:
            self._offset += int(step[2]) if step[2] else self._last + 1
        self._epoch, self._last = of, at
        if step[2] and not self._offset and not epoch:
            self.total = int(step[2])
        return at + self._offset


def _numbers(text: str, quote: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for name, number in _PAIR.findall(text if not quote else text.replace(quote, "")):
        value = values.number(number)
        if value is not None:
            found[name.strip().replace(" ", "_")] = value
    return found


class TextLogReader:
    """Reader of one file."""

    def __init__(self, path: str, pattern: "re.Pattern[str] | None" = None) -> None:
        self._path = path
        self._pattern = pattern
        self._file = GrownLines(path)
        self._search = MetricSearch(pattern)
        self._errors = console.ErrorWatch()
        self._error = ""
        self._total: int | None = None

    def read(self) -> Found:
        new = self._file.read()
        if new.restarted:
            self._search, self._errors = MetricSearch(self._pattern), console.ErrorWatch()
            self._error, self._total = "", None
        points, lines = values.Points(), list[FoundLine]()
        for raw in new.lines:
            text = raw.decode("utf-8", "replace")
            time = _time(text)
            for part in text.split("\r") if "\r" in text else [text]:
                if (found := self._search.look(console.shown(part))) is not None:
                    for name, value in found.values.items():
                        points.add(found.step, name, value, time)
                    self._errors.forget()
                if (line := console.line(part, time)) is not None:
                    lines.append(line)
                    self._errors.add(line.text)
        facts = self._new_facts()
        too_long = [f"{os.path.basename(self._path)}: a line of more than 1 MB was left out"] if new.too_long else []
        return Found(new.restarted, points.list(), lines, facts=facts, problems=too_long, more=new.more)

    def _new_facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if self._errors.error != self._error:
            self._error = self._errors.error
            facts = {"status": "failed", "error": self._error} if self._error else {"status": "running", "error": ""}
        if self._search.total is not None and self._search.total != self._total:
            self._total = facts["total_steps"] = self._search.total
        return facts


def _time(text: str) -> float | None:
    match = _TIME.match(text[:60])
    return values.moment(match[1].replace(",", ".")) if match else None
