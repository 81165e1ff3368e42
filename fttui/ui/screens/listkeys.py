"""What keys do to the list: narrow, sort, mark, take back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fttui.ui.panes.jobs import JobsPane
from fttui.ui.view import ListState
from fttui.ui.widgets.prompt import PromptRow


class ListKeys:
    """The part of the main screen that handles the list."""

    jobs: JobsPane
    prompt: PromptRow
    _list: ListState
    _shown: str | None

    if TYPE_CHECKING:

        def _view_changed(self) -> None: ...
        def _show_foot(self) -> None: ...
        def action_move(self, lines: int) -> None: ...

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
        self._list.next_sort()
        self._view_changed()

    def action_reverse(self) -> None:
        self._change_view(reverse=not self._list.view.reverse)

    def action_mark(self) -> None:
        if self._shown is not None:
            self._list.toggle_mark(self._shown)
            self._marks_changed()
            self.action_move(1)

    def action_range(self) -> None:
        if self._shown is not None:
            self._list.toggle_range(self._shown)
            self._marks_changed()

    def action_mark_all(self) -> None:
        self._list.toggle_all(self.jobs.list.keys)
        self._marks_changed()

    def action_undo(self) -> None:
        if self._list.undo():
            self._view_changed()
        else:
            self.prompt.say("nothing to take back", "dim")

    def _extend_range(self) -> None:
        """The cursor has moved: a range that runs goes with it."""
        if self._list.is_ranging and (id := self.jobs.list.cursor) is not None:
            self._list.extend_range(self.jobs.list.keys, id)
            self._marks_changed()

    def _marks_changed(self) -> None:
        self.jobs.list.show_marks(self._list.view.marks)
        self._show_foot()

    def _change_view(self, **members: Any) -> None:
        self._list.change(**members)
        self._view_changed()

    def _clear_marks(self) -> None:
        if self._list.is_ranging:
            self._list.toggle_range("")
        self._change_view(marks=frozenset())
