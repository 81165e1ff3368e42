"""Records of one run from all of its sources, put together as the events, checkpoints and samples of a job.

Objects have the shape of OpenAI's API. Texts stay as the library wrote them: they are cleaned where models are decoded.
"""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from fttui.runs import names
from fttui.runs.directory import FoundRun
from fttui.runs.facts import joined
from fttui.runs.formats.base import Found, FoundCheckpoint, FoundLine, FoundPoint, FoundSample, Reader, Source
from fttui.runs.line_ids import LineIds, digest

MOST_POINTS = 100_000
"""Steps that are kept in memory. Of a longer run every second, fourth, … step is kept."""
MOST_LINES = 20_000
"""Newest lines that are kept in memory."""
MOST_PROBLEMS = 50
SAME = 1e-6
"""Relative difference up to which two sources say the same number."""
_OF_END = ("status", "error", "ended_at")
"""Facts about the end of a training."""
_SHOWN = ("train_loss", "full_valid_loss", "valid_loss", "train_mean_reward")

Raw = dict[str, Any]


class RunLog:
    """Log of one run. It grows with its files, and never reads the same bytes twice."""

    def __init__(self, run: FoundRun, readers: Iterable[tuple[Source, Reader]]) -> None:
        self.run = run
        self._readers = list(readers)
        self._facts: dict[Source, dict[str, Any]] = {}
        self._rewritten: dict[Source, dict[str, Any]] = {}
        """Sources that began again and have told no point since, with the facts that they told before."""
        self._measured: set[Source] = set()
        """Sources that have told points."""
        self._steps: dict[int, dict[str, float]] = {}
        """Values by step, as they were told last."""
        self._ranks: dict[int, dict[str, int]] = {}
        """Places of the sources of these values, without those of the first source."""
        self._lines = LineIds()
        self._checkpoints: dict[Source, dict[str, FoundCheckpoint]] = {}
        self._samples: dict[Source, list[FoundSample]] = {}
        self._problems: dict[str, None] = {}
        self._stride = 1
        self._times: list[float] = []
        """Times of points and checkpoints, ascending."""
        self.events: list[Raw] = []
        """Events, oldest first."""
        self.has_more = True
        """A source had more than one read returns, or was not read yet."""

    def read(self) -> None:
        """Read once what is new in each source."""
        points: list[tuple[int, FoundPoint]] = []
        lines: list[tuple[Source, FoundLine]] = []
        self.has_more = False
        for rank, (source, reader) in enumerate(self._readers):
            try:
                found = reader.read()
            except OSError as error:
                found = Found(problems=[f"Cannot read {source.path}: {error.strerror or error}."])
            except Exception as error:  # a reader of foreign files must not end the list
                found = Found(problems=[f"Cannot read {source.path}: {type(error).__name__}."])
            self._handle_rewrite(source, found)
            if found.purged is not None:
                self._purge(rank, found.purged)
            self.has_more |= found.more
            points += [(rank, point) for point in found.points]
            lines += [(source, line) for line in (*found.lines, *self._new_problems(found.problems))]
            self._facts.setdefault(source, {}).update(found.facts)
            self._checkpoints.setdefault(source, {}).update({each.path: each for each in found.checkpoints})
            self._samples.setdefault(source, []).extend(found.samples)
        self._add(points, lines)

    def read_all(self) -> None:
        """Read everything that the sources have now."""
        self.read()
        while self.has_more:
            self.read()

    # Results

    @property
    def facts(self) -> dict[str, Any]:
        """Facts about the run. Of several sources the first that knows one counts."""
        told = [self._facts.get(source, {}) for source, _ in self._readers]
        settings: dict[str, Any] = {}
        derived: dict[str, Any] = {}
        for facts in told:
            settings = {**(facts.get("hyperparameters") or {}), **settings}
            derived |= facts.get("derived_settings") or {}
        # Derived ones last: of several names for one setting, the first counts.
        settings |= {name: value for name, value in derived.items() if name not in settings}
        steps = [step for step in self._steps if self._steps[step]]
        saved = [each for each in (row["created_at"] for row in self.checkpoints()) if each is not None]
        found = joined(told, self._times, saved, max(steps, default=None))
        found.pop("derived_settings", None)
        found["hyperparameters"] = names.settings(settings)
        found["method"] = found.get("method") or self._method()
        found["problems"] = list(self._problems)
        return found

    @property
    def first(self) -> tuple[int, dict[str, float]] | None:
        """The first step with its values that are finite, by which a training is recognised; None without one."""
        step = min(self._steps, default=None)
        if step is None:
            return None
        return step, {name: value for name, value in self._steps[step].items() if math.isfinite(value)}

    def is_another(self, step: int, values: Mapping[str, float]) -> bool:
        """Tell whether this is not the training that began with these values, but a later one in the same files."""
        if own := self._steps.get(step):
            shared = own.keys() & values.keys()
            # Two trainings may share their learning rate, but not their losses.
            telling = [name for name in shared if "loss" in name or "reward" in name] or shared
            return bool(shared) and not any(_is_same(own[name], values[name]) for name in telling)
        return not self.has_more and min(self._steps, default=step) < step

    def checkpoints(self) -> list[Raw]:
        """Return the checkpoints by step, with the metrics of their steps."""
        by_path = {path: each for found in self._checkpoints.values() for path, each in found.items()}
        rows = sorted(by_path.values(), key=lambda each: (each.step, each.path))
        return [self._checkpoint(each) for each in rows if os.path.lexists(each.path)]

    def samples(self) -> list[Raw]:
        """Return the samples by step."""
        by_step: dict[int, list[FoundSample]] = {}
        for sample in (each for found in self._samples.values() for each in found):
            by_step.setdefault(sample.step, []).append(sample)
        return [
            {
                "object": "fttui.samples",
                "id": f"samples-{step}",
                "step_number": step,
                "created_at": found[-1].time,
                "samples": [
                    {
                        "prompt": [{"role": "user", "content": each.prompt}],
                        "answer": each.answer,
                        "expected": each.expected,
                    }
                    for each in found
                ],
            }
            for step, found in sorted(by_step.items())
        ]

    # Records

    def _add(self, points: Iterable[tuple[int, FoundPoint]], lines: Iterable[tuple[Source, FoundLine]]) -> None:
        """Add new records in the order of their times; those without a time follow the record before them.

        Args:
            points: each with the place of its source among the sources.
        """
        joined: dict[int, tuple[dict[str, tuple[float, int]], float | None]] = {}
        for rank, point in points:
            values, time = joined.get(point.step, ({}, None))
            # The first source of a step counts; another one adds what it lacks.
            added = {name: (each, rank) for name, each in names.canonical(point.values).items() if name not in values}
            joined[point.step] = (values | added, time if time is not None else point.time)
        fresh: list[tuple[float, int, Raw]] = []
        at = -math.inf
        for step, (values, time) in sorted(joined.items()):
            at = max(at, time) if time is not None else at
            if (event := self._point(step, self._counting(step, values), time)) is not None:
                fresh.append((at, 0, event))
        at = -math.inf if not fresh else fresh[-1][0]
        for source, line in lines:
            at = line.time if line.time is not None else at
            if (id := self._lines.new(source, line)) is not None:
                fresh.append((at, 1, _line(id, line)))
        fresh.sort(key=lambda item: item[:2])
        # A new list: a reader of the page before may be under way.
        self.events = [*self.events, *(event for _, _, event in fresh)]
        self._drop_old_lines()
        self._thin_out()

    def _counting(self, step: int, values: Mapping[str, tuple[float, int]]) -> dict[str, float]:
        """Return the values of a step without those that an earlier source has told already, and note their sources."""
        known, ranks = self._steps.get(step, {}), self._ranks.get(step, {})
        counting = {
            name: (value, rank)
            for name, (value, rank) in values.items()
            if name not in known or rank <= ranks.get(name, 0)
        }
        if ranks or any(rank for _, rank in counting.values()):
            self._ranks[step] = {**ranks, **{name: rank for name, (_, rank) in counting.items()}}
        return {name: value for name, (value, _) in counting.items()}

    def _point(self, step: int, values: Mapping[str, float], time: float | None) -> Raw | None:
        known = self._steps.get(step, {})
        if all(name in known and _is_same(known[name], value) for name, value in values.items()):
            return None
        self._steps[step] = {**known, **values}
        if time is not None and (not self._times or time > self._times[-1]):
            self._times.append(time)
        if step % self._stride and not any(name.startswith("full_valid_") for name in values):
            return None
        return self._event(step, values, time)

    def _event(self, step: int, values: Mapping[str, float], time: float | None) -> Raw:
        total = next((facts["total_steps"] for facts in self._facts.values() if facts.get("total_steps")), None)
        place = {"step": step, **({"total_steps": total} if total else {})}
        data = {name: value if math.isfinite(value) else str(value) for name, value in values.items()}
        shown = ", ".join(f"{name}={values[name]:.4g}" for name in _SHOWN if name in values)
        where = f"Step {step}/{total}" if total else f"Step {step}"
        return {
            "object": "fine_tuning.job.event",
            "id": f"step-{step}-{digest(sorted(data.items()))}",
            "created_at": time,
            "level": "info",
            "type": "metrics",
            "message": f"{where}: {shown}" if shown else where,
            "data": {**place, **data},
        }

    def _new_problems(self, problems: Sequence[str]) -> list[FoundLine]:
        fresh = [text for text in dict.fromkeys(problems) if text not in self._problems]
        fresh = fresh[: max(0, MOST_PROBLEMS - len(self._problems))]
        self._problems |= dict.fromkeys(fresh)
        return [FoundLine(None, "warn", text) for text in fresh]

    def _handle_rewrite(self, source: Source, found: Found) -> None:
        """Forget what a source said before it began again, and everything if it tells of a new training.

        A log that was rotated continues with higher steps, and another source of the run still has the steps before.
        """
        if found.restarted:
            self._rewritten[source] = {**self._rewritten.get(source, {}), **self._facts.pop(source, {})}
            self._remove(self._lines.begin_again(source))
            self._samples.pop(source, None)
            self._checkpoints.pop(source, None)
        if source in self._rewritten and (found.points or not self._measured):
            before = self._rewritten.pop(source)
            first = min((point.step for point in found.points), default=0)
            if first <= min(self._steps, default=first) and not self._measured - {source}:
                self._restart()
            else:
                kept = {name: value for name, value in before.items() if name not in _OF_END}
                self._facts[source] = {**kept, **self._facts.get(source, {})}
        if found.points:
            self._measured.add(source)

    def _purge(self, rank: int, first: int) -> None:
        """Forget what a source has told of a step and later ones. Values of other sources stay.

        Args:
            rank: place of the source among the sources.
        """
        times: dict[int, float | None] = {}
        gone: set[str] = set()
        for event in filter(_is_point, self.events):
            if (step := event["data"]["step"]) >= first:
                gone.add(event["id"])
                times[step] = event["created_at"]
        self._remove(gone)
        again: list[Raw] = []
        for step in [step for step in self._steps if step >= first]:
            ranks = self._ranks.get(step, {})
            kept = {name: value for name, value in self._steps.pop(step).items() if ranks.get(name, 0) != rank}
            if not kept:
                self._ranks.pop(step, None)
                continue
            self._steps[step] = kept
            if step in times:
                again.append(self._event(step, kept, times[step]))
        self.events = [*self.events, *again]

    def _restart(self) -> None:
        """Forget the points and lines of a training that was started again in the same place."""
        self._steps.clear()
        self._ranks.clear()
        self._times.clear()
        self._lines = LineIds()
        self.events = []

    def _drop_old_lines(self) -> None:
        surplus = len(self._lines) - MOST_LINES
        if surplus > 0:
            lines = [event["id"] for event in self.events if event["type"] == "message"]
            for id in lines[:surplus]:
                self._lines.remove(id)
            self._remove(set(lines[:surplus]))

    def _remove(self, ids: set[str]) -> None:
        if ids:
            self.events = [event for event in self.events if event["id"] not in ids]

    def _thin_out(self) -> None:
        """Keep every second, fourth, … step of a long run, and its newest validations."""
        while (surplus := len(self.events) - len(self._lines) - MOST_POINTS) > 0:
            self._stride *= 2
            kept = [event for event in self.events if self._is_kept(event)]
            if len(kept) == len(self.events):  # validations
                self._remove({event["id"] for event in islice(filter(_is_point, kept), surplus)})
            else:
                self.events = kept

    def _is_kept(self, event: Raw) -> bool:
        step = event["data"].get("step")
        return step is None or not step % self._stride or any(name.startswith("full_valid_") for name in event["data"])

    def _checkpoint(self, found: FoundCheckpoint) -> Raw:
        try:
            saved: float | None = os.stat(found.path).st_mtime
        except OSError:
            saved = None
        values = self._steps.get(found.step, {})
        return {
            "object": "fine_tuning.job.checkpoint",
            "id": os.path.relpath(found.path, self.run.directory),
            "created_at": saved,
            "fine_tuning_job_id": self.run.id,
            "fine_tuned_model_checkpoint": found.path,
            "step_number": found.step,
            "metrics": {name: value for name, value in values.items() if math.isfinite(value)},
            "fttui": {"size": found.size, "is_best": found.is_best},
        }

    def _method(self) -> str:
        metrics = set().union(*(self._steps[step] for step in list(self._steps)[:50]))
        if any("rewards_chosen" in name or "rewards_margins" in name for name in metrics):
            return "dpo"
        if "train_mean_reward" in metrics:
            return "reinforcement"
        is_trainer = any(source.format == "trainer_state" for source, _ in self._readers)
        return "supervised" if is_trainer else ""  # a table of numbers may be of any training


def _is_same(before: float, after: float) -> bool:
    return math.isclose(before, after, rel_tol=SAME, abs_tol=1e-12) or (math.isnan(before) and math.isnan(after))


def _is_point(event: Raw) -> bool:
    return bool(event["type"] == "metrics")


def _line(id: str, line: FoundLine) -> Raw:
    return {
        "object": "fine_tuning.job.event",
        "id": id,
        "created_at": line.time,
        "level": line.level,
        "type": "message",
        "message": line.text,
        "data": {},
    }
