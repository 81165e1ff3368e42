"""Commands of the job list: filter, sort, marks, undo and export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fttui.commands import Command
from fttui.core.job_names import UnclearName, completions, only_match
from fttui.models.row import JobRow, short_id
from fttui.ui.cockpit import filter_line
from fttui.ui.cockpit.command_line import CommandError
from fttui.ui.cockpit.exporter import Exportable, Exporter
from fttui.ui.cockpit.filter_prompt import FilterPrompt
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.list_view import STATUS_KEYS
from fttui.ui.cockpit.model import Part
from fttui.ui.cockpit.pane_controller import ControllerContext, PaneController
from fttui.ui.cockpit.pane_export import jobs_csv, jobs_json
from fttui.ui.cockpit.view_messages import sort_sentence, status_keys, undo_sentence
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.render.columns import MARK


class JobsController(PaneController):
    """Controller of the job list. Most of its commands work in every pane."""

    def __init__(
        self,
        pane: JobsPane,
        context: ControllerContext,
        find_in_log: Callable[[int], None],
        open_filter_help: Callable[[], object],
        commands: Iterable[Command],
    ) -> None:
        """
        Args:
            find_in_log: goes to the next (1) or previous (-1) match in the log.
        """
        super().__init__(pane.list, context)
        self._pane = pane
        self._list = pane.list
        self._find_in_log = find_in_log
        self._named: tuple[Mapping[str, JobRow], list[str]] = ({}, [])
        self._commands = {command.id: command for command in commands}
        if (compare := self._commands.get("jobs.compare")) is not None:
            self._list.drawing.compare_key = compare.shown.split()[0] if compare.shown else ""
        self.filter_prompt = FilterPrompt(context.model, context.presenter, context.prompt, open_filter_help)
        self._exporter = Exporter(
            context.prompt, Exportable("jobs", ("csv", "json"), lambda: "jobs", self._export_content)
        )

    @property
    def handlers(self) -> Handlers:
        return {
            **super().handlers,
            "filter.text": self.filter_prompt.open,
            "search.next": lambda: self._find_in_log(1),
            "search.previous": lambda: self._find_in_log(-1),
            "mark.toggle": self._mark_and_move,
            "export": self.export,
        }

    @property
    def handlers_everywhere(self) -> Handlers:
        """Handlers of commands that act on the list while another pane is active."""
        names = {key: name for key, (name, _) in STATUS_KEYS.items()} | {0: "all"}
        return {
            **{f"filter.{name}": self._filter_status(key) for key, name in names.items()},
            "sort.next": self._sort_next,
            "sort.reverse": self._reverse,
            "mark.toggle": self._toggle_mark,
            "mark.range": self._toggle_range,
            "mark.all": self._mark_all,
            "undo": self._undo,
        }

    def move(self, lines: int) -> None:
        self._list.move_by(lines)
        self.cursor_moved()

    def cursor_moved(self) -> None:
        """Follow the cursor: extend the range of marks and show the job."""
        view = self._model.view
        if view.is_ranging and self._list.job is not None:
            view.extend_range(self._model.listed, self._list.job)
            self._presenter.draw(Part.MARKS)
        self._presenter.follow_cursor()

    def scroll_sideways(self, step: int) -> bool:
        return self._pane.move_columns(step)

    def open(self) -> None:
        if (sweep := self._list.sweep) is not None:
            self._fold(sweep.mark)
        elif self._model.selected is not None:
            self._layout.go("detail")

    def leave(self) -> None:
        """Remove the marks, else the filter."""
        view = self._model.view
        if view.current.marks or view.is_ranging:
            view.end_range()
            self.change_view(marks=frozenset())
        elif view.is_narrow:
            self.change_view(filter="", status=0)
        else:
            self._prompt.show_message("")

    def export(self, argument: str = "") -> None:
        self._exporter.run(argument)

    # View

    def change_view(self, **members: Any) -> None:
        """Change the view of the list and draw it. The change can be undone."""
        self._model.view.change(**members)
        self._presenter.draw(Part.LIST | Part.TITLES)

    def filter_by(self, text: str) -> None:
        """Show only the jobs that a filter matches; all jobs for an empty one.

        Raises:
            CommandError: the filter is invalid.
        """
        if fault := filter_line.fault(text):
            raise CommandError(fault)
        self.change_view(filter=text)

    def sort_by(self, column: str) -> None:
        """Sort by a column; reverse the order when the list is sorted by it already."""
        view = self._model.view.current
        column = "alarm" if column == MARK else column
        self.change_view(sort=column, reverse=view.sort == column and not view.reverse)

    def show_columns(self, names: tuple[str, ...]) -> None:
        """Show only these columns, in this order; the default ones for an empty tuple."""
        self._pane.show_columns(names)

    def show_job(self, id: str) -> None:
        """Show all jobs, with the cursor on one of them."""
        self.change_view(status=0, filter="")
        self._go_to_job(id)

    @property
    def names(self) -> list[str]:
        """Names of all jobs, for completion."""
        rows = self._model.rows()
        if self._named[0] is not rows:  # once for each snapshot: there may be thousands of rows
            self._named = rows, completions(rows.values())
        return self._named[1]

    def go_to(self, name: str) -> None:
        """Put the cursor on the job with this id, end of an id, or suffix. A job that a filter hides is shown.

        Raises:
            CommandError: no job has this name, or several have.
        """
        try:
            row = only_match(self._model.rows().values(), name, self._model.now(), show_id=short_id)
        except UnclearName as error:
            raise CommandError(str(error).partition("\n")[0]) from None
        if row is None:
            elsewhere = " @ shows another profile." if "/" in name else " tab completes names."
            raise CommandError(f"No job has the suffix or id {name!r}.{elsewhere}")
        if row.id in self._model.listed:
            self._go_to_job(row.id)
        else:
            self.show_job(row.id)
            self._prompt.show_message(f"The filter hid {row.title}. u restores the filter.", "dim")

    def _fold(self, mark: str) -> None:
        """Hide the jobs of a sweep, or show them again."""
        self._model.view.fold(mark)
        self._presenter.draw(Part.LIST | Part.TITLES)

    def _go_to_job(self, id: str) -> None:
        if (row := self._model.rows().get(id)) is not None and row.sweep in self._model.view.folded:
            self._fold(row.sweep)
        self._layout.go("jobs")
        self._presenter.move_to_job(id)

    def _filter_status(self, key: int) -> Callable[[], None]:
        def handler() -> None:
            self._model.view.toggle_status(key)
            self._presenter.draw(Part.LIST | Part.TITLES)
            active, cells = self._model.view.current.status, self._prompt.size.width
            self._prompt.show_line(status_keys(self._commands, active, cells))

        return handler

    def _sort_next(self) -> None:
        self._model.view.next_sort({column.name for column, _ in self._list.columns.fitted})
        self._presenter.draw(Part.LIST | Part.TITLES)
        self._tell_order()

    def _reverse(self) -> None:
        self.change_view(reverse=not self._model.view.current.reverse)
        self._tell_order()

    def _tell_order(self) -> None:
        rows, key = self._model.rows(), self._commands["sort.reverse"].shown.split()[0]
        shown = (rows[id] for id in self._model.listed)
        view, title = self._model.view, self._list.columns.facts.losses.title
        self._prompt.show_message(sort_sentence(view.current, shown, key, view.known, title), "dim")

    def _undo(self) -> None:
        before = self._model.view.current
        if self._model.view.undo():
            self._presenter.draw(Part.LIST | Part.TITLES | Part.LAYOUT | Part.LOG_STYLE)
            self._prompt.show_message(undo_sentence(before, self._model.view.current), "dim")
        else:
            self._prompt.show_message("Nothing to undo.", "dim")

    # Marks

    def _toggle_mark(self) -> None:
        if (sweep := self._list.sweep) is not None:
            self._model.view.toggle_all(sweep.ids)
            self._presenter.draw(Part.MARKS)
        elif self._model.selected is not None:
            self._model.view.toggle_mark(self._model.selected)
            self._presenter.draw(Part.MARKS)

    def _mark_and_move(self) -> None:
        if self._model.selected is not None:
            self._toggle_mark()
            self.move(1)

    def _toggle_range(self) -> None:
        if self._model.selected is not None:
            self._model.view.toggle_range(self._model.selected)
            self._presenter.draw(Part.MARKS)

    def _mark_all(self) -> None:
        self._model.view.toggle_all(self._model.listed)
        self._presenter.draw(Part.MARKS)

    def _export_content(self, format: str) -> str:
        store, listed = self._model.store, self._model.listed
        if format == "json" and store is not None:
            return jobs_json(job.sent for id in listed if (job := store.job(id)) is not None)
        rows = self._model.rows()
        return jobs_csv(rows[id] for id in listed)
