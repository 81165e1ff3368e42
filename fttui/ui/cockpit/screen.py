"""The one screen: list, detail, log and files, the rows around them, and every key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import events

from fttui.store.snapshot import Change, Snapshot
from fttui.ui.cockpit.file_keys import FileKeys
from fttui.ui.cockpit.job_facts import JobFactsLoader
from fttui.ui.cockpit.job_keys import JobKeys
from fttui.ui.cockpit.layout import PANES
from fttui.ui.cockpit.line_keys import LineKeys
from fttui.ui.cockpit.list_keys import ListKeys
from fttui.ui.cockpit.list_view import ListView
from fttui.ui.cockpit.log_keys import LogKeys
from fttui.ui.cockpit.pane_keys import PaneKeys
from fttui.ui.messages import JobsEnded
from fttui.ui.notifications import ended, note
from fttui.ui.render.status_line import ALL, ServiceInfo
from fttui.ui.saved_view import SavedView

if TYPE_CHECKING:
    from fttui.store.port import StorePort


MERGED = ("status", "id", "profile", "model", "step", "loss", "age", "suffix", "method", "tokens", "created", "cost")
"""The columns where several profiles are shown: whose a job is comes early."""


class MainScreen(PaneKeys, ListKeys, LogKeys, FileKeys, JobKeys, LineKeys):
    """Takes snapshots from above, and hands each key to the command it belongs to. Of those, here are the keys whose
    meaning depends on where one is."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._by_key = {key.strip(): command for command in self._commands for key in command.keys.split(",")}
        self._leaving = False

    # What comes from above

    def attach(self, store: StorePort) -> None:
        """The store is there: from now on there are details, logs and intents."""
        from fttui.ui.create_form.precheck import row_costs

        self._store = self._hands.store = store
        self.jobs.list.show_costs(row_costs(self._place))
        self._shown = None
        self.show_snapshot(store.snapshot, Change(health=True))
        self._show_job()
        self.footer.update_entries()

    def move_to(self, place: ServiceInfo, snapshot: Snapshot) -> None:
        """Look at another service; what is behind the screen comes with `attach`."""
        self._store = self._hands.store = None
        self._place = self._hands.place = place
        self._telling = JobFactsLoader(place)
        self.jobs.list.usual = MERGED if place.profile == ALL else ()
        view, self._list = self._list.view, ListView()
        self._list.change(remember=False, sort=view.sort, reverse=view.reverse, zoom=view.zoom, look=view.look)
        self._files = []
        self._deleted.clear()
        self._watched.clear()
        self._held = False
        self._shown = None
        self.prompt.say("")
        self._snapshot = snapshot
        self._derive()
        self._show_around()

    def show_snapshot(self, snapshot: Snapshot, change: Change) -> None:
        """Something was published."""
        self._catch_up()
        previous, self._snapshot = self._snapshot, snapshot
        shown = self._shown
        if snapshot.notices != previous.notices and snapshot.notices:
            self.prompt.say(snapshot.notices[-1], "warn")
        if snapshot.health.why and snapshot.health.why != previous.health.why:
            request = snapshot.health.request_id if snapshot.health.request_id not in snapshot.health.why else ""
            self._remember_trouble(" ".join(filter(None, (snapshot.health.why, request))))
        if over := ended(previous.rows, snapshot.rows, self._watched):
            self._watched -= {row.id for row in over}
            self.prompt.say(note(over))
            self.post_message(JobsEnded(over))
        if change.added and self._files:
            self._ask_for_files()  # a new job may have brought new files
        if change.added or change.removed or snapshot.rows.keys() != previous.rows.keys():
            self._derive()
        elif change.updated:
            self._update(change.updated)
        elif not snapshot.rows:
            self._derive()
        if shown is not None and shown == self._shown:
            if shown in change.updated | change.checkpoints | change.events:
                self._show_detail(top=False)
                self._show_files()
            if shown in change.events:
                self._show_new_events()
        self._show_around()

    @property
    def remembered(self) -> SavedView:
        """How things are looked at now; of what narrows the list only what was saved."""
        view, look = self._list.view, self.log_view.look
        return self._saved._replace(
            sort=view.sort,
            reverse=view.reverse,
            wrap=look.wrap,
            metrics=look.metrics,
            times=look.times,
            tab=self._tab,
            splits=self._splits,
            columns=self.jobs.list.wanted,
        )

    @property
    def is_read_only(self) -> bool:
        return self._place.read_only

    # What comes from the keyboard

    async def on_key(self, event: events.Key) -> None:
        """Every key, one after the other, as it was typed: over a slow line several arrive at once, and each must
        find what the one before it has opened."""
        if self.app.screen is not self:
            event.stop()
            self.app.screen._forward_event(events.Key(event.key, event.character))
            return
        command = self._by_key.get(event.key) or self._by_key.get(event.character or "")
        if self.prompt.takes_keys or command is None or not command.id.startswith("move."):
            self._catch_up()
        if self.prompt.takes_keys and self.prompt.key(event.key, event.character):
            event.stop()
        elif command is not None:
            event.stop()
            if self._leaving:
                return
            if not self.prompt.takes_keys:
                self.prompt.fade()
            await self.run_action(command.action)

    def on_paste(self, event: events.Paste) -> None:
        if not self.prompt.paste(event.text):
            self.prompt.say("paste works where text is typed: in / and :, and in the form", "dim")

    def action_open(self) -> None:
        """One level in."""
        match self._pane:
            case "log":
                self.action_log_wrap()  # the innermost: whole lines
            case "files":
                self.action_export()
            case _ if self._shown is not None:
                self._go(PANES[PANES.index(self._pane) + 1])

    def action_back(self) -> None:
        """One level out: zoom, search, pane, marks, filter."""
        if self._list.view.zoom:
            self.action_zoom()
        elif self._pane in ("detail", "log") and self._searched:
            self._search("")
        elif self._pane == "files" and self.side.files.marks:
            self.side.files.show_marks(frozenset())
        elif self._pane != "jobs":
            self._go("detail" if self._pane == "log" else "jobs")
        elif self._list.view.marks or self._list.is_ranging:
            self._clear_marks()
        elif self._list.is_narrow:
            self._change_view(filter="", status=0)
        else:
            self.prompt.say("")

    def action_slash(self) -> None:
        """Narrow the list; search where there is text."""
        match self._pane:
            case "jobs":
                self._type_filter()
            case "files":
                self.prompt.say("/ narrows the list, and searches in detail and log", "dim")
            case _:
                self._type_search()

    def action_copy_id(self) -> None:
        """The ids of what a key acts on: files in their pane, else jobs."""
        if self._pane == "files":
            self._copy_ids(self._file_targets())
        else:
            self._copy_ids([row.id.removeprefix(f"{row.profile}/") for row in self._targets()])

    def action_export(self) -> None:
        """Write what the pane shows to a file."""
        if self._pane == "files":
            self._ask_download()
        else:
            self._ask_export()

    def action_mark(self) -> None:
        if self._pane == "files":
            self._mark_file()
        else:
            self._mark_job()

    def action_mark_all(self) -> None:
        if self._pane == "files":
            self._mark_all_files()
        else:
            self._mark_all_jobs()

    def action_delete(self) -> None:
        """Files in their pane; else the tuned model, or the archive's copy, of jobs."""
        if self._refuse("job.delete"):
            return
        if self._pane == "files":
            ids = self._file_targets()
            row = self.side.files.row
            what = row.words if row is not None and ids == [row.id] else f"{len(ids)} files"
            self._hands.delete_files(ids, self._files_deleted, question=f"Delete {what} at {self._place.host}?")
        else:
            self._hands.delete(self._targets())

    def action_quit(self) -> None:
        """Close the top layer; where there is none, leave."""
        if self._list.view.zoom or (self._pane != "jobs" and not self._breadth):
            self.action_back()
        else:
            self._leaving = True
            self.app.exit()
