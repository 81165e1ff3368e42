"""Scan one file of training data: parse each line, check its example, count examples and tokens."""

from collections.abc import Callable
from typing import Any

from fttui.data import provider_forms, rules
from fttui.data.content import shorten
from fttui.data.duplicates import LineIndex
from fttui.data.examples import REINFORCEMENT, ExampleChecker
from fttui.data.findings import Findings
from fttui.data.formats import PARQUET_START, csv_columns, foreign_format
from fttui.data.length_stats import LengthCounter
from fttui.data.line_parser import REFUSALS, LineError, has_lone_surrogate, parse_exactly, quick_parser
from fttui.data.line_reader import BOM, LineReader, Progress, ShouldStop, never, wide_encoding
from fttui.data.token_sample import TokenSample
from fttui.data.tokens import Counter, cached

_NO_VALUE = object()

KindChooser = Callable[[dict[str, Any]], str]
"""Returns the kind of all examples, given the first."""


class FileScan:
    """Scan of one file, in constant memory. After `run`, the attributes hold the results."""

    def __init__(
        self,
        path: str,
        findings: Findings,
        choose_kind: KindChooser,
        *,
        counter: Counter | None = None,
        limit: int | None = None,
        item_members: frozenset[str] = frozenset(),
        form: str = "",
        progress: Progress | None = None,
        should_stop: ShouldStop = never,
    ) -> None:
        """
        Args:
            counter: counts tokens; None: count no tokens.
            limit: tokens of the longest example that the model reads whole.
            item_members: members that the grader of a reinforcement job uses.
            form: the form in which the provider reads data; empty for OpenAI's.
        """
        self.reader = LineReader(path, progress, should_stop)
        self.examples = 0
        self.trained_tokens = 0
        self.lengths = LengthCounter(limit)
        self.checker: ExampleChecker | None = None
        """None before the first example."""
        self.foreign = ""
        """Format of the first example, if it is not training data."""
        self._findings = findings
        self._choose_kind = choose_kind
        self._counter = counter
        self.sample = TokenSample(limit) if counter is not None and not counter.exact else None
        """Examples whose tokens are counted; None: all, or none without a counter."""
        self._limit = limit
        self._item_members = item_members
        self._form = form

    def run(
        self,
        *,
        fewest: int,
        most_reinforcement: int,
        seen: LineIndex | None = None,
        overlap: LineIndex | None = None,
    ) -> None:
        """Scan the whole file, unless its first bytes show that it does not consist of lines.

        Args:
            fewest: fewest examples of a valid file.
            most_reinforcement: most examples of a valid reinforcement file.
            seen: collects the lines; None: look for no duplicates.
            overlap: lines that must not occur in this file.
        """
        reader, findings = self.reader, self._findings
        if reader.size == 0:
            findings.add("empty_file")
            return
        if reader.size > rules.LARGEST_FILE:
            findings.add("large_file", None, "", f"{reader.size:,} bytes")
        head = reader.head()
        if reader.is_compressed:
            findings.add("gzip")
        if code := _format_error(head):
            findings.add(code)
            return
        if columns := csv_columns(reader.path, head):
            findings.add("csv", None, "", ", ".join(columns))
            return
        if head.startswith(BOM):
            findings.add("bom")
        self._scan_lines(seen, overlap)
        if reader.is_damaged:
            findings.add("gzip", None, "", f"and damaged after line {reader.lines_read:,}")
        for number in reader.too_long:
            findings.add("giant_line", number)
        if self.checker is not None:
            self.checker.end_file()
        if reader.stopped:
            return
        if not self.examples and findings.is_empty:
            findings.add("empty_file")
        elif self.examples < fewest:
            findings.add("too_few", None, "", f"{self.examples}, at least {fewest}")
        is_reinforcement = self.checker is not None and self.checker.kind == REINFORCEMENT
        if is_reinforcement and self.examples > most_reinforcement:
            findings.add("too_many", None, "", f"{self.examples:,}, at most {most_reinforcement:,}")

    def _scan_lines(self, seen: LineIndex | None, overlap: LineIndex | None) -> None:
        # One loop with local names: it runs for every line of files of several gigabytes.
        parse = quick_parser(self.reader.size)
        findings, checker, add_length = self._findings, self.checker, self.lengths.add
        find_seen = seen.add if seen is not None else None
        find_overlap = overlap.find if overlap is not None else None
        sample, stands_for = self.sample, int(self._counter is not None)
        crlf_lines, checked, form = 0, 0, self._form
        for number, line in self.reader.lines():
            try:
                value = parse(line)
            except REFUSALS:
                value = self._parse_refused(line, number)
            if type(value) is not dict:
                if value is not _NO_VALUE:
                    findings.add("not_object", number, "", shorten(value))
                continue
            if line[-2:] == b"\r\n":
                crlf_lines += 1
            if form:
                value = self._in_our_form(value, number)
                if value is None:
                    self.examples += 1
                    continue
            if checker is None:
                checker = self.checker = self._make_checker(value)
                check = checker.check
            self.examples += 1
            if find_seen is not None:
                line = line.strip()
                if first := find_seen(line, number):
                    findings.add("duplicate", number, "", f"same as line {first}")
                if find_overlap is not None and (other := find_overlap(line)):
                    findings.add("overlap", number, "", f"line {other} there")
            if sample is not None:
                checked, size = checked + 1, len(line)
                is_counted = checked >= sample.due or size > sample.most_bytes
                stands_for = sample.take(checked, size) if is_counted else 0
            check(value, number, counts=stands_for > 0)
            if stands_for:
                tokens, trained = checker.tokens()
                self.trained_tokens += trained * stands_for
                if add_length(tokens, number, stands_for):
                    findings.add("too_long", number, "", f"{tokens:,} tokens, at most {self._limit:,}")
        if crlf_lines:
            findings.add("crlf", None, "", f"{crlf_lines:,} line{'' if crlf_lines == 1 else 's'}")

    def _in_our_form(self, example: dict[str, Any], number: int) -> dict[str, Any] | None:
        """Return an example of the provider's form in OpenAI's, whose rules then apply; None if it has no such form."""
        if provider_forms.is_in_form(example, self._form):
            return provider_forms.from_form(example, self._form)
        if provider_forms.needs_form(example, self._form):
            self._findings.add("other_form", number)
        return example

    def _make_checker(self, first: dict[str, Any]) -> ExampleChecker:
        self.foreign = foreign_format(first) if "messages" not in first else ""
        count = None if self._counter is None else cached(self._counter.count)
        return ExampleChecker(self._choose_kind(first), self._findings, count, self._item_members)

    def _parse_refused(self, line: bytes, number: int) -> Any:
        """Parse a line that the quick parser refused. Record its error and return `_NO_VALUE`, if it has one."""
        try:
            value = parse_exactly(line)
        except LineError as error:
            self._findings.add(error.code, number, "", error.detail)
            return _NO_VALUE
        if type(value) is dict and has_lone_surrogate(value):
            self._findings.add("not_text", number)
        return value


def _format_error(head: bytes) -> str:
    """Return the code of the error in the format of the whole file, by its first bytes; empty for lines of JSON."""
    if head.startswith(PARQUET_START):
        return "parquet"
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
