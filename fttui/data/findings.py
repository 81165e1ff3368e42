"""Findings: the places in a file where a rule is broken."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from fttui.data.rules import BY_CODE, ERROR, LEVELS, level_at
from fttui.text import clean_line, fit

KEPT_FINDINGS = 10
"""Findings of each rule that a report keeps; further findings are only counted."""
MOST_FINDINGS = 1000
"""Findings of each rule that the report about a new job keeps, to be read one by one."""


class Finding(NamedTuple):
    """One place where a rule is broken."""

    line: int | None
    """Line in the file, from 1; None for the whole file."""
    member: str
    """Path in the line's object, such as `messages[2].role`; empty for the whole object."""
    detail: str
    """The value found or a number; may be empty. Safe to print."""


class Group(NamedTuple):
    """All findings of one rule in one file."""

    code: str
    level: str
    problem: str
    remedy: str
    total: int
    path: str
    first: tuple[Finding, ...]
    """The first findings, `KEPT_FINDINGS` or `MOST_FINDINGS`."""


OnFinding = Callable[[str, str, Finding], None]
"""Receives file, code and finding, for every finding."""
AddFinding = Callable[..., None]
"""`add(code, member, detail)`: record a finding in the current line."""


def make_finding(line: int | None, member: str, detail: str) -> Finding:
    """Make a finding that is safe to print. `member` and `detail` may hold text from the file."""
    return Finding(line, fit(clean_line(member), 80), fit(clean_line(detail), 100))


def finding_json(path: str, code: str, finding: Finding, provider: str) -> dict[str, Any]:
    """Return one finding as an object of the JSON output."""
    rule = BY_CODE[code]
    return {
        "object": "fttui.finding",
        "level": level_at(code, provider),
        "code": code,
        "file": path,
        **finding._asdict(),
        "what": rule.problem,
        "mend": rule.remedy,
    }


class Findings(Protocol):
    """Receiver of the findings of one file."""

    @property
    def total(self) -> int:
        """Findings added one by one."""
        ...

    @property
    def is_empty(self) -> bool: ...

    def add(self, code: str, line: int | None = None, member: str = "", detail: str = "") -> None:
        """Record a finding. `member` and `detail` may hold text from the file."""
        ...

    def add_counted(self, code: str, lines: list[int], count: int, detail: str) -> None:
        """Record findings that were counted elsewhere. `lines` holds the first of them."""
        ...


class FindingLog:
    """Counts all findings of a file and keeps the first of each rule."""

    def __init__(
        self, path: str, on_finding: OnFinding | None = None, kept: int = KEPT_FINDINGS, provider: str = "openai"
    ) -> None:
        self._path = path
        self._provider = provider
        self._most = kept
        self._on_finding = on_finding
        self._kept: dict[str, list[Finding]] = {}
        self._counts: dict[str, int] = {}
        self._total = 0

    @property
    def total(self) -> int:
        return self._total

    @property
    def is_empty(self) -> bool:
        return not self._counts

    def add(self, code: str, line: int | None = None, member: str = "", detail: str = "") -> None:
        if not level_at(code, self._provider):
            return
        self._total += 1
        self._counts[code] = count = self._counts.get(code, 0) + 1
        if count > self._most and self._on_finding is None:
            return
        finding = make_finding(line, member, detail)
        if count <= self._most:
            self._kept.setdefault(code, []).append(finding)
        if self._on_finding is not None:
            self._on_finding(self._path, code, finding)

    def add_counted(self, code: str, lines: list[int], count: int, detail: str) -> None:
        for line in lines:
            self.add(code, line, "", detail)
        self._counts[code] = count

    def groups(self) -> tuple[Group, ...]:
        """Return the findings by rule: errors first, then the most frequent first."""
        groups = []
        for code, count in self._counts.items():
            rule, kept = BY_CODE[code], tuple(self._kept[code])
            level = level_at(code, self._provider)
            groups.append(Group(code, level, rule.problem, rule.remedy, count, self._path, kept))
        return tuple(sorted(groups, key=lambda group: (LEVELS.index(group.level), -group.total)))


Accepts = Callable[[str, str, str], bool]
"""`accepts(code, member, detail)`: True for an error that the caller tolerates."""


class ErrorFound(Exception):
    """Raised by `FirstErrorOnly` to end the check."""

    def __init__(self, code: str, finding: Finding) -> None:
        super().__init__(code)
        self.code = code
        self.finding = finding


class FirstErrorOnly:
    """Ends the check at the first error on this machine. Keeps no warnings, no advice and no accepted errors."""

    def __init__(self, accepts: Accepts) -> None:
        self._accepts = accepts
        self._total = 0

    @property
    def total(self) -> int:
        return self._total

    @property
    def is_empty(self) -> bool:
        return not self._total

    def add(self, code: str, line: int | None = None, member: str = "", detail: str = "") -> None:
        self._total += 1
        if level_at(code, "local") == ERROR and not self._accepts(code, member, detail):
            raise ErrorFound(code, make_finding(line, member, detail))

    def add_counted(self, code: str, lines: list[int], count: int, detail: str) -> None:
        self.add(code, lines[0] if lines else None, "", detail)
