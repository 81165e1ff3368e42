"""Check the order of the roles in each example, and whether all examples of a file have a system message, or none."""

from fttui.data.findings import MOST_FINDINGS, Findings

_KNOWN_SEQUENCES = 10_000
_LONGEST_KNOWN = 200
"""Limits of the table of sequences, which keep it small in a file of unusual examples."""


class _Examples:
    """Examples with, or without, a system message: their number, and the first lines."""

    def __init__(self) -> None:
        self.count = 0
        self.lines: list[int] = []


_Known = tuple[tuple[tuple[str, int], ...], _Examples | None]
"""Findings of a sequence, as code and message index, and the group of its examples."""


class RoleOrder:
    """Checks the sequences of roles of a file. A sequence is as in `MessageChecker`."""

    def __init__(self, last_role: str, findings: Findings) -> None:
        """
        Args:
            last_role: `a` for examples that end with an answer, `u` for those that end with a question.
        """
        self._last_role = last_role
        self._findings = findings
        self._with_system, self._without_system = _Examples(), _Examples()
        self._known: dict[str, _Known] = {}
        """Most examples of a file have one of a few sequences."""

    def check(self, sequence: str, where: str, line: int) -> None:
        """Check one example.

        Args:
            where: member that holds its messages.
        """
        known = self._known.get(sequence)
        found, examples = known if known is not None else self._look_at(sequence)
        for code, index in found:
            self._findings.add(code, line, where if index < 0 else f"{where}[{index}]")
        if examples is not None:
            examples.count += 1
            if examples.count <= MOST_FINDINGS:
                examples.lines.append(line)

    def _look_at(self, sequence: str) -> _Known:
        examples = None
        if "?" not in sequence:
            examples = self._with_system if "s" in sequence or "d" in sequence else self._without_system
        known = (_order_findings(sequence, self._last_role), examples)
        if len(self._known) < _KNOWN_SEQUENCES and len(sequence) < _LONGEST_KNOWN:
            self._known[sequence] = known
        return known

    def end_file(self) -> None:
        """Record whether only some examples have a system message."""
        some, none = self._with_system, self._without_system
        if some.count and none.count:
            is_minority = some.count < none.count
            fewer = some if is_minority else none
            detail = "has a system message" if is_minority else "has no system message"
            self._findings.add_counted("uneven_system", fewer.lines, fewer.count, detail)


def _order_findings(sequence: str, last_role: str) -> tuple[tuple[str, int], ...]:
    """Return code and message index of each finding; the index is -1 for the whole array."""
    found: list[tuple[str, int]] = []
    roles = sequence.replace("A", "a")
    if "?" in roles:
        return ()  # an unknown role is reported already, and the order depends on it
    if last_role == "a":
        if "a" not in roles:
            found.append(("no_assistant", -1))
        elif "a" not in sequence:
            found.append(("nothing_trained", -1))
        elif roles[-1] != "a":
            found.append(("answer_not_last", len(roles) - 1))
    elif roles[-1] not in "utf":
        found.append(("user_not_last", len(roles) - 1))
    if "u" not in roles:
        found.append(("no_user", -1))
    late = [index for index, letter in enumerate(roles) if letter in "sd" and roles[:index].strip("sd")]
    found += [("system_late", index) for index in late[:1]]
    twice = [index for index in range(1, len(roles)) if roles[index] == roles[index - 1] and roles[index] in "ua"]
    return (*found, *[("same_role_twice", index) for index in twice[:1]])
