"""What keys do to the panes: move in them, go from one to another, make them larger."""

from __future__ import annotations

from fttui.ui.cockpit.desk import Desk
from fttui.ui.cockpit.layout import PANES
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.panes.side import SidePane
from fttui.ui.saved_view import TABS
from fttui.ui.widgets.line_list import LineList


class PaneKeys(Desk):
    """The part of the main screen that handles panes, by key and by mouse."""

    def action_move(self, lines: int) -> None:
        self._move(lines)

    def action_page(self, pages: float) -> None:
        self._move(round(pages * max(1, self._view.page_height - 1)))

    def action_move_to(self, end: str) -> None:
        self._move(-(10**9) if end == "first" else 10**9)

    def action_sideways(self, cells: int) -> None:
        """Columns that had no room, and the ends of long lines."""
        if self._pane == "jobs":
            moved = self.jobs.move_columns(1 if cells > 0 else -1)
        else:
            moved = self._view.move_sideways(cells)
        if not moved:
            self.prompt.say("nothing more to the " + ("right" if cells > 0 else "left"), "dim")

    def action_pane(self, step: int) -> None:
        """To the next pane on the screen; where there is one at a time, through all."""
        seen = [pane for pane in PANES if self._is_seen(pane)]
        panes = seen if len(seen) > 1 else PANES
        self._go(panes[(panes.index(self._pane) + step) % len(panes)])

    def action_tab(self, step: int) -> None:
        """Another tab to the front. The list keeps the keys where it stays in sight."""
        tab = TABS[(TABS.index(self._tab) + step) % len(TABS)]
        if self._pane == "jobs" and self._breadth and not self._list.view.zoom:
            self._tab = tab
            self._arrange()
            self._show_titles()
            self._ask_for_files()
        else:
            self._go(tab)

    def action_raw(self) -> None:
        self._raw = not self._raw
        self._go("detail")
        self._show_detail(top=True)

    def action_split(self, steps: int) -> None:
        """The list larger or smaller in this layout; 0 gives back the usual size."""
        if not self._breadth:
            self.prompt.say("one pane has the whole screen here", "dim")
            return
        wished = self._splits.get(self._breadth, 0) + steps if steps else 0
        self._splits[self._breadth] = max(-6, min(6, wished))
        self._arrange()

    def action_zoom(self) -> None:
        """One pane, or all; may be taken back."""
        self._list.change(zoom=not self._list.view.zoom)
        self._arrange()

    def action_suspend(self) -> None:
        self.app.action_suspend_process()

    def action_redraw(self) -> None:
        self.app.refresh(layout=True)

    # By mouse

    def on_line_list_moved(self, message: LineList.Moved) -> None:
        """A click on a line; twice goes in."""
        in_jobs = message.list is self.jobs.list
        self._go("jobs" if in_jobs else "files")
        if in_jobs:
            self._move(0)
        if message.twice:
            self.call_later(self.run_action, "open")

    def on_side_pane_chosen(self, message: SidePane.Chosen) -> None:
        self._go(message.pane)

    def on_jobs_pane_sort_asked(self, message: JobsPane.SortAsked) -> None:
        view = self._list.view
        self._change_view(sort=message.column, reverse=view.sort == message.column and not view.reverse)
