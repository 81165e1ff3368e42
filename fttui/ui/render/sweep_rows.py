"""Rows of sweeps in the job list: one row for the sweep, with its jobs under it. Pure, standard library only.

The row of a sweep is a `JobRow` without a job. Its id begins with a character that no cleaned id has.
"""

from collections.abc import Collection, Mapping
from operator import attrgetter

from fttui.lean_typing import NamedTuple
from fttui.learning.figures import figure
from fttui.learning.sweep_progress import Progress
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.text import pad, width
from fttui.ui.render.glyphs import FACES, Glyphs

Span = tuple[str, str]
_PREFIX = "\0"
_COUNTED = (Status.SUCCEEDED, Status.RUNNING, Status.QUEUED, Status.PAUSED, Status.FAILED, Status.CANCELLED)
_COUNTS = 5
"""Fewest cells of the numbers of jobs by state."""
MOST_RUNS = 9
"""Most jobs that are compared: see `learning.comparison`, which the first frame does not load."""
BRANCH = "├ "
"""Before the name of a job of a sweep."""


class SweepRow(NamedTuple):
    """A sweep in the list."""

    key: str
    mark: str
    rows: tuple[JobRow, ...]
    """Jobs, in the order of the list."""
    is_folded: bool

    @property
    def name(self) -> str:
        """Suffix before the values were added, else the mark."""
        return self.mark.partition(" ")[2] or self.mark

    @property
    def ids(self) -> list[str]:
        return [row.id for row in self.rows]

    @property
    def best_id(self) -> str:
        """Id of the job that is best, else of the first one."""
        progress = self._progress
        return next((row.id for row in self.rows if row.name == progress.best_name), self.rows[0].id)

    @property
    def _progress(self) -> Progress:
        return Progress.of((row.status, row.name, row.summary) for row in self.rows)

    @property
    def words(self) -> str:
        """State of the sweep: `sweep lr  4 jobs, all done · best 1.659: e1-lr0.5`."""
        return self._wordings()[0]

    def words_within(self, cells: int, more: str = "") -> str:
        """Return the longest wording of the state that fits with `more` behind it, else the shortest one."""
        wordings = [words + more for words in self._wordings()]
        return next((words for words in wordings if width(words) <= cells), wordings[-1])

    def _wordings(self) -> list[str]:
        """Return the wordings of the state, longest first. What the numbers of jobs by state say too goes first."""
        progress = self._progress
        total, done = progress.total, progress.done
        heads = [f"sweep {self.name}  {total} jobs, {'all' if done == total else done} done", f"sweep {self.name}"]
        if progress.best is None:
            return [*heads, self.name]
        best = f"best {figure(progress.best)}"
        values = progress.best_name.removeprefix(f"{self.name}-")
        named = f"{best}: {values if values[:1].isalpha() else progress.best_name}"
        return [f"{head} · {named}" for head in heads] + [f"{self.name} · {named}", f"{self.name} · {best}", best]


def is_sweep(id: str | None) -> bool:
    """Tell whether a key of the list is that of a sweep."""
    return id is not None and id.startswith(_PREFIX)


def grouped(
    rows: list[JobRow], folded: Collection[str], *, by_best: bool = False
) -> tuple[list[JobRow], dict[str, SweepRow]]:
    """Return the rows with the jobs of each sweep together under a row of its own, and the sweeps by key.

    A sweep with a single job in the list is none.

    Args:
        folded: marks of the sweeps whose jobs are hidden.
        by_best: the rows are sorted by loss, so a sweep has the place of its best job. Else of its first one.
    """
    marks = set(map(attrgetter("sweep"), rows)) - {""}
    if not marks:
        return rows, {}
    members: dict[str, list[JobRow]] = {mark: [] for mark in marks}
    for row in rows:
        if row.sweep:
            members[row.sweep].append(row)
    sweeps = {
        _PREFIX + mark: SweepRow(_PREFIX + mark, mark, tuple(found), mark in folded)
        for mark, found in members.items()
        if len(found) > 1
    }
    places = {key: sweep.best_id if by_best else sweep.rows[0].id for key, sweep in sweeps.items()}
    shown: list[JobRow] = []
    for row in rows:
        sweep = sweeps.get(_PREFIX + row.sweep) if row.sweep else None
        if sweep is None:
            shown.append(row)
        elif row.id == places[sweep.key]:
            shown.append(JobRow(sweep.key, sweep=sweep.mark))
            shown += () if sweep.is_folded else sweep.rows
    return shown, sweeps


def sweep_line(sweep: SweepRow, cells: int, glyphs: Glyphs, *, is_cursor: bool, compare_key: str = "") -> list[Span]:
    """Build the line of a sweep: `▾ ✓4    sweep lr  4 jobs, all done · best 1.659: lr-1 · C compares`.

    Args:
        compare_key: key that compares the jobs; empty without one.
    """
    states = [Status.QUEUED if row.status is Status.VALIDATING else row.status for row in sweep.rows]
    counts = " ".join(f"{glyphs.status(state)}{states.count(state)}" for state in _COUNTED if state in states)
    can_compare = compare_key and len(sweep.rows) <= MOST_RUNS
    fold = glyphs.folded if sweep.is_folded else glyphs.unfolded
    roles = {FACES[state].role for state in states}
    left = f"{fold} {counts:<{_COUNTS}}"
    room = max(0, cells - len(left) - 2)
    words = sweep.words_within(room, f" · {compare_key} compares" if can_compare else "")
    rest = f" {pad(words, room, ellipsis=glyphs.cut)}" if room else ""
    return [(">" if is_cursor else " ", "bold"), (left, roles.pop() if len(roles) == 1 else ""), (rest, "")]


def jobs_of(shown: list[JobRow], sweeps: Mapping[str, SweepRow]) -> list[JobRow]:
    """Return the rows of jobs in a list, as they are drawn."""
    return [with_branch(row, sweeps) for row in shown if row.id not in sweeps] if sweeps else shown


def ids_of(shown: list[JobRow], sweeps: Mapping[str, SweepRow]) -> list[str]:
    """Return the ids of the jobs in a list, with those of folded sweeps, in its order."""
    if not sweeps:
        return list(map(attrgetter("id"), shown))
    ids: list[str] = []
    for row in shown:
        sweep = sweeps.get(row.id)
        if sweep is None:
            ids.append(row.id)
        elif sweep.is_folded:
            ids += sweep.ids
    return ids


def with_branch(row: JobRow, sweeps: Mapping[str, SweepRow]) -> JobRow:
    """Return the row of a job of a sweep as it is drawn, with a sign before its name."""
    return row._replace(suffix=BRANCH + row.suffix) if row.suffix and _PREFIX + row.sweep in sweeps else row
