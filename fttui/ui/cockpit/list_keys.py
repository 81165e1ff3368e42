"""What keys do to the list: narrow, sort, mark, take back."""

from __future__ import annotations

from fttui.ui.cockpit.desk import Desk


class ListKeys(Desk):
    """The part of the main screen that handles the list."""

    def _type_filter(self) -> None:
        """Narrow as one types; leaving gives back the filter before, and `undo` takes it back in one step."""
        before = self._list.view.filter

        def typed(text: str) -> None:
            self._list.change(remember=False, filter=text)
            self._view_changed()

        def done(text: str, accepted: bool) -> None:
            typed(before)
            if accepted:
                self._change_view(filter=text)

        self.prompt.type("/", before, typed, done)

    def action_status(self, key: int) -> None:
        self._list.toggle_status(key)
        self._view_changed()

    def action_sort(self) -> None:
        self._list.next_sort({column.name for column, _ in self.jobs.list.columns})
        self._view_changed()

    def action_reverse(self) -> None:
        self._change_view(reverse=not self._list.view.reverse)

    def action_range(self) -> None:
        if self._shown is not None:
            self._list.toggle_range(self._shown)
            self._show_marks()

    def _mark_job(self) -> None:
        if self._shown is not None:
            self._list.toggle_mark(self._shown)
            self._show_marks()
            self._move(1)

    def _mark_all_jobs(self) -> None:
        self._list.toggle_all(self.jobs.list.keys)
        self._show_marks()

    def action_undo(self) -> None:
        if self._list.undo():
            self._view_changed()
            self._arrange()
            look = self.log_view.look
            if (before := self._list.view.look._replace(search=look.search, only=look.only)) != look:
                self.log_view.restyle(before)
        else:
            self.prompt.say("nothing to take back", "dim")

    def _clear_marks(self) -> None:
        if self._list.is_ranging:
            self._list.toggle_range("")
        self._change_view(marks=frozenset())
