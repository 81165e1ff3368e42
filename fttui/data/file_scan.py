"""One file of training data, read line by line, with everything that is found and counted on the way."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from fttui.data import rules
from fttui.data.content import shown
from fttui.data.duplicates import LineIndex
from fttui.data.examples import CHAT, COMPLETIONS, DPO, REINFORCEMENT, ExampleChecker, kind_of
from fttui.data.length_stats import LengthCounter
from fttui.data.lines import BOM, Progress, ShouldStop, Source, wide_encoding
from fttui.data.plan import plan
from fttui.data.prices import Price
from fttui.data.report import FindingLog, Report
from fttui.data.tokens import ESTIMATE_ERROR, Counter, remembered
from fttui.install import install_line

_ENDS = ("", "\n", "\r\n")


class _NotFinite(Exception):
    """NaN and Infinity, which JSON does not have."""


def _refuse(word: str) -> Any:
    raise _NotFinite(word)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _kind(method: str | None, price: Price, first: dict[str, Any]) -> str:
    """The kind of example that a method and a model want; what they leave open the first example tells."""
    if method not in (None, "supervised"):
        return str(method)
    looks = price.kind or kind_of(first) or CHAT
    # A model that we know to chat takes no completions, and only dpo takes preferences.
    if (looks == COMPLETIONS and price.model and not price.kind) or (looks == DPO and method is not None):
        return CHAT
    return looks


class _Parts(NamedTuple):
    """What every line passes through."""

    examiner: ExampleChecker
    lengths: LengthCounter


class FileScan:
    """One file being checked."""

    def __init__(
        self,
        path: str,
        tally: FindingLog,
        method: str | None,
        count: Counter | None,
        price: Price,
        progress: Progress | None,
        should_stop: ShouldStop,
        graded: frozenset[str] = frozenset(),
    ) -> None:
        self.tally = tally
        self.source = Source(path, progress, should_stop)
        self._method = method
        self._kind = method if method in (DPO, REINFORCEMENT) else ""
        self._count = count
        self._graded = graded
        self._price = price
        self._parts: _Parts | None = None
        self._examples = 0
        self._trained = 0
        self._forgets = False

    def run(self, *, seen: LineIndex, overlap: LineIndex | None, fewest: int, most: int) -> None:
        """Read the file to its end, or until it is known not to be lines of examples at all."""
        source, tally = self.source, self.tally
        if source.size == 0:
            tally.add("empty_file")
            return
        if source.size > rules.LARGEST_FILE:
            tally.add("large_file", None, "", f"{source.size:,} bytes")
        head = source.head()
        if code := _whole_fault(head):
            tally.add(code)
            return
        if head.startswith(BOM):
            tally.add("bom")
        self._each(seen, overlap)
        for number in source.giants:
            tally.add("giant_line", number)
        self._forgets = seen.forgets
        if self._parts is not None:
            self._parts.examiner.end()
        if source.stopped:
            return
        if not self._examples and tally.is_empty:
            tally.add("empty_file")
        elif self._examples < fewest:
            tally.add("too_few", None, "", f"{self._examples}, at least {fewest}")
        if self._kind == REINFORCEMENT and self._examples > most:
            tally.add("too_many", None, "", f"{self._examples:,}, at most {most:,}")

    def _each(self, seen: LineIndex, overlap: LineIndex | None) -> None:
        scan: Callable[[str, int], tuple[Any, int]] = _DECODER.scan_once  # type: ignore[attr-defined]
        tally, parts = self.tally, self._parts
        remember, find = seen.add, overlap.find if overlap is not None else None
        counting = self._count is not None
        examples = trained = windows = 0
        add_length: Callable[[int, int], bool]
        for number, line in self.source.each():
            try:
                text = line.decode()
                value, end = scan(text, 0)
                if text[end:] not in _ENDS and text[end:].strip(" \t\r\n"):
                    raise ValueError
            except (ValueError, StopIteration, RecursionError, _NotFinite):
                value = self._again(line, number)
            if type(value) is not dict:
                if value is not _NOTHING:
                    tally.add("not_object", number, "", shown(value))
                continue
            if "\\ud" in text or "\\uD" in text:
                _whole_characters(text, number, tally)
            if line[-2:] == b"\r\n":
                windows += 1
            if parts is None:
                parts = self._begin(value)
                examine, examiner, add_length = parts.examiner.look, parts.examiner, parts.lengths.add
            examples += 1
            line = line.strip()
            if first := remember(line, number):
                tally.add("duplicate", number, "", f"as line {first}")
            if find is not None and (other := find(line)):
                tally.add("overlap", number, "", f"its line {other}")
            examine(value, number)
            if counting:
                trained += examiner.trained
                if add_length(examiner.tokens, number):
                    tally.add("too_long", number, "", f"{examiner.tokens:,} tokens, at most {self._price.limit:,}")
        self._examples, self._trained = examples, trained
        if windows:
            tally.add("crlf", None, "", f"{windows:,} line{'' if windows == 1 else 's'}")

    def _begin(self, first: dict[str, Any]) -> _Parts:
        """Settle what the examples should be, by what was asked for or by the first of them."""
        self._kind = _kind(self._method, self._price, first)
        count = None if self._count is None else remembered(self._count.count)
        self._parts = _Parts(
            ExampleChecker(self._kind, self.tally, count, self._graded), LengthCounter(self._price.limit)
        )
        return self._parts

    def _again(self, line: bytes, number: int) -> Any:
        """A line that was not read at once: what is wrong with it, or after all its value."""
        tally = self.tally
        if not line.strip():
            tally.add("empty_line", number)
            return _NOTHING
        if b"\0" in line:
            tally.add("nul", number, "", f"first at byte {line.index(0) + 1}")
            return _NOTHING
        try:
            return _DECODER.decode(line.decode())
        except UnicodeDecodeError as error:
            tally.add("not_utf8", number, "", f"byte {error.start + 1} is 0x{line[error.start]:02x}")
        except json.JSONDecodeError as error:
            tally.add("not_json", number, "", f"{error.msg} at column {error.colno}")
        except _NotFinite as error:
            tally.add("not_json", number, "", f"{error} is no number in JSON")
        except RecursionError:
            tally.add("not_json", number, "", "nested too deeply")
        except ValueError as error:
            tally.add("not_json", number, "", str(error))
        return _NOTHING

    def report(self, model: str | None, n_epochs: int | str | None, batch_size: int | str | None) -> Report:
        parts, count, notes = self._parts, self._count, []
        spread, share, rough, images = None, None, False, 0
        if parts is not None:
            rough, images = parts.examiner.rough, parts.examiner.images
        if parts is not None and count is not None:
            exact = count.exact and not rough and not images and self._kind == CHAT and not self._price.local
            error = 0.0 if count.exact else ESTIMATE_ERROR
            spread = parts.lengths.spread(exact=exact, counter=count.name, error=error)
            if self._kind in (CHAT, COMPLETIONS) and spread.total:
                share = self._trained / spread.total
            notes += _notes(self._kind, count, self._price, rough=rough, images=images)
        if self._forgets:
            notes.append("the file is very large: some of its duplicates may not be named")
        made = None
        if self._examples and not self.source.stopped:
            billed = None if spread is None else spread.billed
            made = plan(
                self._examples,
                billed,
                self._price if model else self._price._replace(model="this model"),
                method="reinforcement" if self._kind == REINFORCEMENT else "supervised",
                n_epochs=n_epochs,
                batch_size=batch_size,
                exact=spread is not None and spread.exact,
            )
            if model is None:
                made = made._replace(cost_note="no model was named")
        return Report(
            path=self.source.path,
            bytes=self.source.size,
            kind=self._kind,
            examples=self._examples,
            lines=self.source.number,
            groups=self.tally.groups(),
            spread=spread,
            trained_share=share,
            images=images,
            plan=made,
            stopped=self.source.stopped,
            notes=tuple(notes),
        )


_NOTHING = object()


def _notes(kind: str, count: Counter, price: Price, *, rough: bool, images: int) -> list[str]:
    notes = []
    if not count.exact:
        hint = f"; counted with the model's own tokenizer after {install_line('tokens')}" if price.encoding else ""
        notes.append(f"tokens are estimated, give or take {ESTIMATE_ERROR:.0%}{hint}")
    if rough:
        notes.append("how tools are counted is not documented: their JSON was")
    if images:
        notes.append(f"{images:,} image{'' if images == 1 else 's'}: their tokens are not counted")
        notes.append("images of people, faces, children and CAPTCHAs are skipped by the provider")
    if kind == DPO:
        notes.append("how dpo is billed is not documented: input and both answers were counted once")
    return notes


def _whole_fault(head: bytes) -> str:
    """What is wrong with the file as a whole, by how it begins; empty when nothing is."""
    if wide_encoding(head) is not None:
        return "utf16"
    text = head.removeprefix(BOM).lstrip()
    lines = text.split(b"\n", 2)
    first = lines[0].strip()
    second = lines[1].strip() if len(lines) > 1 else b""
    if first.startswith(b"[") and not (second.startswith(b"[") and first.endswith(b"]")):
        return "json_array"
    if first in (b"{", b'{"messages": [', b'{"messages":[') and second[:1] in b'"{' and second:
        return "json_pretty"
    return ""


def _whole_characters(text: str, number: int, tally: FindingLog) -> None:
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        tally.add("not_text", number)
