"""Files pane: the files of the selected job, then the provider's other files."""

from collections.abc import Callable, Collection, Iterable, Sequence

from fttui.clock import age
from fttui.lean_typing import TYPE_CHECKING, NamedTuple
from fttui.models.row import short_id
from fttui.text import middle_cut, pad, size_words, width
from fttui.ui.render.rows import Line
from fttui.ui.widgets.line_list import LineList

if TYPE_CHECKING:
    from fttui.models.file import File
    from fttui.models.job import Job

ROLE, SIZE, AGE = 10, 9, 4
"""Widths in cells of the columns around the name."""
LEAST_NAME = 12
ROOMY = 56
"""Least width of a line in cells that shows the age."""


LONGEST_NAME = 48
"""Characters of a name in a question. A longer one loses its middle."""


class FileRow(NamedTuple):
    """File in the pane. Texts are clean."""

    id: str
    role: str = ""
    """Role in the selected job: `training`, `validation` or `result`. Empty for other files."""
    name: str = ""
    size: int | None = None
    """Size in bytes."""
    created_at: float | None = None
    """Unix seconds."""
    note: str = ""
    """Unusual state: the provider's status, or `deleted`."""

    @property
    def title(self) -> str:
        """Name and shortened id for a question, with the role where there is no name."""
        if self.name:
            return f"{middle_cut(self.name, LONGEST_NAME)} ({short_id(self.id)})"
        return f"the {self.role} file {short_id(self.id)}" if self.role else short_id(self.id)

    @property
    def local_name(self) -> str:
        """File name for a download. Made from the id, because a server's file name is never used as a path."""
        from fttui.store.archive.export import file_name  # late: nothing is written before the first frame

        return file_name(self.id) + (".csv" if self.role == "result" else ".jsonl")


def file_rows(
    job: "Job | None",
    known: "Callable[[str], File | None]",
    others: "Iterable[File]",
    deleted: Collection[str] = (),
    *,
    prefix: str = "",
) -> list[FileRow]:
    """Build the rows: the job's files in the order training, validation, results, then `others`.

    Args:
        known: returns the archived file with an id.
        deleted: ids of files that were deleted at the provider.
        prefix: `profile/` before the ids of the job's files when several profiles are shown.
    """
    roles: dict[str, str] = {}
    if job is not None:
        for role, id in (
            ("training", job.training_file),
            ("validation", job.validation_file),
            *(("result", id) for id in job.result_files),
        ):
            if id:
                roles.setdefault(id, role)
    rows = [_row(prefix + id, role, known(id), deleted) for id, role in roles.items()]
    own = {row.id for row in rows}
    return rows + [_row(file.id, "", file, deleted) for file in others if file.id not in own]


def _row(id: str, role: str, file: "File | None", deleted: Collection[str]) -> FileRow:
    if file is None:
        return FileRow(id, role, note="deleted" if id in deleted else "")
    note = "deleted" if id in deleted else "" if file.status in ("", "processed", "uploaded") else file.status
    return FileRow(id, role, file.filename, file.bytes, file.created_at, note)


def file_line(row: FileRow, cells: int, now: float, *, cursor: bool = False, marked: bool = False) -> Line:
    """Build the line of a file in at most `cells` cells: role, name, size, age, id, cut at the right."""
    old = "" if row.created_at is None else age(max(0.0, now - row.created_at))
    numbers = f" {pad(size_words(row.size), SIZE, right=True)} "
    if cells >= ROOMY:
        numbers += pad(old, AGE, right=True) + " "
    room = cells - (1 + ROLE + 1) - width(numbers)
    # When the whole id does not fit, show its distinctive end.
    id = row.id if room >= LEAST_NAME + width(row.id) else short_id(row.id)
    names = max(LEAST_NAME, min(40, room - width(id)))
    quiet = "" if row.role else "dim"
    return [
        ("*" if marked else ">" if cursor else " ", "key" if marked else "bold"),
        (pad(row.role, ROLE) + " ", "head"),
        (pad(row.name or "-", names), quiet),
        (numbers, quiet),
        (f"{row.note} " if row.note else "", "warn"),
        (id, "dim"),
    ]


class FilesView(LineList):
    """List of files, those of the selected job first."""

    def __init__(self) -> None:
        super().__init__(id="files")
        self._rows: dict[str, FileRow] = {}
        self._now = 0.0
        self.marks: frozenset[str] = frozenset()
        self._active = False
        self._reset_cursor = False

    def start_over(self) -> None:
        """Put the cursor on the first file at the next `show_files`, because the selected job changed."""
        self._reset_cursor = True

    def show_files(self, rows: Sequence[FileRow], now: float) -> None:
        """Replace the files and drop the marks of removed files. `now` is in Unix seconds."""
        self._now = now
        found = {row.id: row for row in rows}
        if found != self._rows:
            self._rows = found
            self.marks &= found.keys()
            self.show_keys(list(found))
        if self._reset_cursor:
            self._reset_cursor = False
            self.move_to(0)

    def show_marks(self, marks: frozenset[str]) -> None:
        """Replace the marks and repaint only the lines whose mark changed."""
        changed, self.marks = self.marks ^ marks, marks
        self.redraw_keys(changed)

    def set_active(self, active: bool) -> None:
        """Set whether this is the active pane. Only the active pane shows a cursor."""
        if active != self._active:
            self._active = active
            self.redraw(self._cursor)

    @property
    def row(self) -> FileRow | None:
        """File under the cursor."""
        return self._rows.get(self.cursor or "")

    @property
    def own(self) -> int:
        """Number of files that belong to the selected job."""
        return sum(bool(row.role) for row in self._rows.values())

    def line_count(self) -> int:
        return len(self._keys) or 1

    def is_cursor(self, index: int) -> bool:
        return self._active and bool(self._keys) and super().is_cursor(index)

    def line_at(self, index: int) -> Line:
        if not self._keys:
            return [(" No files.", "dim")]
        key = self._keys[index]
        cells = max(20, self.outer_size.width - 1)
        return file_line(self._rows[key], cells, self._now, cursor=self.is_cursor(index), marked=key in self.marks)

    def on_resize(self) -> None:
        self.lines_changed()
