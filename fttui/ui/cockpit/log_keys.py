"""What keys do to the log: follow, levels, wrap, times; and search, which the detail has too."""

from __future__ import annotations

from typing import Any

from fttui.ui.cockpit.desk import Desk
from fttui.ui.panes.log import LogView
from fttui.ui.render.log_lines import LEVELS, TIMES


class LogKeys(Desk):
    """The part of the main screen that handles the log."""

    @property
    def _searched(self) -> str:
        """What is searched for in the pane that has the keys; the log's where none of the two has them."""
        return self.side.detail.search if self._pane == "detail" else self.log_view.look.search

    def _type_search(self) -> None:
        """Search as one types; leaving gives back the search before."""
        before, followed = self._searched, self.log_view.follow

        def typed(text: str) -> None:
            if self._pane != "detail":
                # Every letter looks from where the search began, not from where the last one led.
                self.log_view.follow = followed
            self._search(text)
            self._find(0)

        def done(text: str, accepted: bool) -> None:
            if not accepted:
                self._search(before)
            elif text and not (self.side.detail if self._pane == "detail" else self.log_view).matches:
                self.prompt.say(f"no match for {text}", "warn")

        self.prompt.type("search: ", before, typed, done)

    def _search(self, text: str) -> None:
        if text == self._searched:
            return
        if self._pane == "detail":
            self.side.detail.look_for(text)
            self._show_titles()
        else:
            self._restyle_log(search=text, only=self.log_view.look.only and bool(text))

    def _find(self, step: int) -> bool:
        found = (self.side.detail if self._pane == "detail" else self.log_view).go_to_match(step)
        self._show_titles()
        return found

    def action_match(self, step: int) -> None:
        if not self._searched:
            self.prompt.say("nothing was searched for: / in detail and log searches", "dim")
        else:
            if self._pane == "jobs":
                self._go("log")
            view = self.side.detail if self._pane == "detail" else self.log_view
            before = view.match_number
            if not self._find(step):
                self.prompt.say(f"no match for {self._searched}", "warn")
            elif before and (view.match_number - before) * step <= 0:
                self.prompt.say(f"search goes on at the {'top' if step > 0 else 'end'}", "dim")

    def action_follow(self) -> None:
        self._bring_log()
        self.log_view.set_follow(not self.log_view.follow)
        self._show_titles()

    def action_log_level(self) -> None:
        level = self.log_view.look.level
        self._restyle_log(level=LEVELS[(LEVELS.index(level) + 1) % len(LEVELS)])

    def action_log_only(self) -> None:
        if not self.log_view.look.search:
            self.prompt.say("& shows only matching lines: search first, with / in the log", "dim")
            return
        self._restyle_log(only=not self.log_view.look.only)

    def action_log_wrap(self) -> None:
        self._restyle_log(wrap=not self.log_view.look.wrap)

    def action_log_metrics(self) -> None:
        self._restyle_log(metrics=not self.log_view.look.metrics)

    def action_time_mode(self) -> None:
        times = self.log_view.look.times
        times = TIMES[(TIMES.index(times) + 1) % len(TIMES)]
        self._restyle_log(times=times)
        self.prompt.say(f"times: {times}", "dim")

    def _bring_log(self) -> None:
        """The log in front, where it is behind a tab: what a key did to it should be seen."""
        if not self._is_seen("log") and not self._list.view.zoom:
            self._tab = "log"
            if self._pane != "jobs":
                self._pane = "log"
            self._arrange()

    def _restyle_log(self, **changes: Any) -> None:
        """See the log otherwise; but for a search that can be taken back."""
        self._bring_log()
        look = self.log_view.look._replace(**changes)
        if "search" not in changes:
            self._list.change(look=look._replace(search="", only=False))
        self.log_view.restyle(look)
        self._show_titles()

    def on_log_view_reached_top(self, message: LogView.ReachedTop) -> None:
        self._catch_up()
        first = self.log_view.first_seq
        if self._store is not None and self._shown is not None and first is not None:
            self.log_view.add_older(self._store.events(self._shown, before=first))
            self._show_titles()
