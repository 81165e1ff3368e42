"""Effect of every key in every pane. No key sends a request without a question."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from fttui.commands import BY_ID, COMMANDS, footer_entries
from fttui.learning.run import run_of
from fttui.ui.cockpit.arrangement import TABS
from fttui.ui.cockpit.command_line import completions, parse
from fttui.ui.cockpit.layout import PANES
from fttui.ui.cockpit.list_view import View
from fttui.ui.cockpit.model import Part
from fttui.ui.render.log_lines import LogStyle
from fttui.ui.render.theme import FTTUI_DARK
from tests.support.fake_store import NOW, FakeStore, event, job
from tests.support.ui_fakes import Ui, cockpit

MIDDLE = "ftjob-00000030"


class Seen(NamedTuple):
    """Visible state that a key may change."""

    screen: str
    prompt: str
    pane: str
    cursor: int
    """Line of the cursor in the list."""
    file: int
    checkpoint: int
    detail_top: int
    log_top: int
    following: bool
    left: str
    """First letters of the first line of the pane."""
    list_width: int
    theme: str
    polled: int


def look(ui: Ui) -> Seen:
    main, saved = ui.main, ui.main.side.checkpoints
    screen = "\n".join(ui.screen)
    return Seen(
        screen=screen,
        prompt=ui.prompt,
        pane=ui.pane,
        cursor=main.jobs.list.keys.index(ui.cursor) if ui.cursor is not None else -1,
        file=main.side.files.keys.index(main.side.files.cursor) if main.side.files.cursor else -1,
        checkpoint=saved.keys.index(saved.cursor) if saved.cursor else -1,
        detail_top=int(main.side.detail.scroll_offset.y),
        log_top=int(main.log_view.scroll_offset.y),
        following=main.log_view.follow,
        left=main.controllers.by_pane[ui.pane].view.render_line(0).text[:12],
        list_width=main.jobs.size.width,
        theme=ui.app.theme,
        polled=ui.core.poller.pokes,
    )


LOWER = ("log", "checkpoints", "files")
"""Panes that share a place at 120×40."""
Check = Callable[[Seen, Seen], bool]


def line(seen: Seen, pane: str) -> int:
    """Return the current line of a pane."""
    return {
        "jobs": seen.cursor,
        "curve": seen.cursor,
        "detail": seen.detail_top,
        "log": seen.log_top,
        "checkpoints": seen.checkpoint,
        "files": seen.file,
    }[pane]


def moves(sign: int) -> Callable[[str], Check]:
    return lambda pane: lambda before, after: (line(after, pane) - line(before, pane)) * sign > 0


def shows(text: str, **others: str) -> Callable[[str], Check]:
    """Check that `text` is on the changed screen; `others` are texts for single panes."""
    return lambda pane: lambda before, after: others.get(pane, text) in after.screen and before.screen != after.screen


def goes(step: int) -> Callable[[str], Check]:
    def check(pane: str) -> Check:
        lower = pane if pane in LOWER else "log"
        seen = ("jobs", "curve", "detail", lower)
        wanted = seen[(seen.index(pane) + step) % 4]
        return lambda before, after: (
            after.pane == wanted and f">{wanted.capitalize()}"[: 99 * (wanted != "jobs")] in (after.screen)
        )

    return check


def turns(step: int) -> Callable[[str], Check]:
    def check(pane: str) -> Check:
        wanted = TABS[(TABS.index(pane) + step) % len(TABS)] if pane in TABS else ""
        # The list stays active.
        return lambda before, after: after.pane == (pane if pane == "jobs" else wanted)

    return check


def opens(pane: str) -> Check:
    match pane:
        case "jobs" | "curve" | "detail":
            return lambda before, after: after.pane == ("log" if pane == "detail" else "detail")
        case "checkpoints":
            return lambda before, after: after.prompt == "ft:m:ckpt-step-4"
        case "files":
            return lambda before, after: after.prompt.startswith("download to:")
    return lambda before, after: "end-of-the-long-line" in after.screen  # wrapped


def backs(pane: str) -> Check:
    wanted = {"log": "detail"}.get(pane, "jobs")
    return lambda before, after: after.pane == wanted


def marks(pane: str) -> Check:
    return lambda before, after: (
        "1 marked" in after.screen
        and line(after, "files" if pane == "files" else "jobs")
        > (
            line(before, "files" if pane == "files" else "jobs")
            if pane in ("jobs", "files")
            else line(before, "jobs") - 1
        )
    )


EXPECTED: dict[str, Callable[[str], Check]] = {
    "move.down": moves(1),
    "move.up": moves(-1),
    "move.first": moves(-1),
    "move.last": moves(1),
    "move.half_down": moves(1),
    "move.half_up": moves(-1),
    "move.page_down": moves(1),
    "move.page_up": moves(-1),
    "move.right": lambda pane: (
        lambda before, after: (
            after.prompt == "Nothing more to the right."
            if pane in ("curve", "detail", "checkpoints", "files")
            else before.screen != after.screen
        )
    ),
    "move.left": lambda pane: lambda before, after: after.prompt == "Nothing more to the left.",
    "pane.next": goes(1),
    "pane.previous": goes(-1),
    "tab.next": turns(1),
    "tab.previous": turns(-1),
    "open": opens,
    "back": backs,
    "filter.text": lambda pane: (
        lambda before, after: after.prompt.startswith("/ works in" if pane in ("checkpoints", "files") else "/")
    ),
    "search.next": shows("No search yet"),
    "search.previous": shows("No search yet"),
    "filter.all": lambda pane: lambda before, after: "60 jobs" in after.screen,
    "filter.running": shows("status: running"),
    "filter.waiting": shows("status: waiting"),
    "filter.succeeded": shows("status: succeeded"),
    "filter.failed": shows("status: failed"),
    "filter.cancelled": shows("status: cancelled"),
    "filter.paused": shows("status: paused"),
    "sort.next": shows("status ↑", checkpoints="VALID↑"),
    "sort.reverse": shows("oldest first"),
    "mark.toggle": marks,
    "mark.range": shows("range: v ends it"),
    "mark.all": shows("60 marked", files="4 marked"),
    "undo": shows("Nothing to undo"),
    "job.create": shows("Create a job"),
    "job.clone": shows("Create a job"),
    "job.cancel": shows("Cancel run-30 (..00000030), running?"),
    "job.pause": shows("Paused run-30 (..00000030)"),
    "job.delete": shows(
        "this job is running: cancel it first",
        checkpoints="Delete the model of step 4 of ",
        files="Delete the validation file file-valid",
    ),
    "copy.id": shows(
        "..00000030 to the terminal",
        checkpoints="the name of the model to the terminal",
        files="file-valid to the terminal",
    ),
    "model.try": shows("── Try run-30"),
    "jobs.compare": shows("Mark two to nine jobs with space, then C compares them."),
    "curve.open": shows("linear · step"),
    "copy.more": shows("copy  i id  m model"),
    "job.link": shows("no known web address"),
    "export": shows("write to:", files="download to:"),
    "detail.raw": shows('"object": "fine_tuning.job"'),
    "curve.scale": shows("log axis"),
    "curve.range": shows("whole range"),
    "curve.smooth": shows("smoothing 0.6"),
    "curve.next_metric": shows("Metric: accuracy"),
    "curve.previous_metric": shows("Metric: accuracy"),
    "curve.axis": shows("by time"),
    "log.follow": lambda pane: lambda before, after: after.following and "follow" in after.screen,
    "log.level": shows("warn+"),
    "log.only": shows("Search the log first"),
    "log.wrap": shows("end-of-the-long-line", detail="long long long"),  # the log is low there
    "log.metrics": shows("no metrics"),
    "time.mode": shows("Times: utc"),
    "zoom": lambda pane: (
        lambda before, after: ((" NAME " in after.screen) is (pane == "jobs")) and "z" not in after.prompt
    ),
    "layout.smaller": lambda pane: lambda before, after: after.list_width < before.list_width,
    "layout.larger": lambda pane: lambda before, after: after.list_width > before.list_width,
    "layout.reset": lambda pane: lambda before, after: after.list_width == before.list_width,
    "theme.next": lambda pane: lambda before, after: after.theme != before.theme and after.theme in after.prompt,
    "refresh": lambda pane: lambda before, after: after.polled == before.polled + 1,
    "refresh.hold": shows("HELD"),
    "errors": shows("Alarms and errors"),
    "profile": shows("Profiles"),
    "redraw": lambda pane: lambda before, after: after.screen == before.screen,
    "command": lambda pane: lambda before, after: after.prompt == ":",
    "help": shows("type to search"),
}
EXITS = {"quit", "suspend"}
"""Commands tested with the real program in a terminal (tests/terminal)."""
SENDS = {"job.pause"}
"""Commands that act on a single job without a question."""


def store() -> FakeStore:
    metadata = {f"key{number}": "x" * 200 for number in range(12)}
    jobs = (
        job(number, "running", suffix="s" * 200, metadata=metadata, validation_file="file-valid", result_files=["f-r"])
        for number in range(60)
    )
    found = FakeStore().put(*jobs)
    points = ((step, {"train_loss": 1.5, "train_accuracy": 0.5}, NOW + step) for step in range(1, 10))
    found.saved = {
        MIDDLE: [
            {
                "id": f"c{step}",
                "step_number": step,
                "fine_tuned_model_checkpoint": f"ft:m:ckpt-step-{step}",
                "metrics": {"full_valid_loss": 1.0 + abs(step - 3)},
            }
            for step in range(6)
        ]
    }
    found.runs = {MIDDLE: run_of(points)}
    found.log = {MIDDLE: [event(n, f"event {n} " + "long " * 60 + "end-of-the-long-line", "warn") for n in range(200)]}
    metrics = event(300, "Step 3/9: training loss=1.50", "warn")
    found.log[MIDDLE].insert(101, metrics._replace(seq=101, type="metrics", data='{"step": 3, "train_loss": 1.5}'))
    for seq, item in enumerate(found.log[MIDDLE]):
        found.log[MIDDLE][seq] = item._replace(seq=seq, created_at=NOW - 1000 + seq)
    return found


async def enter_pane(ui: Ui, pane: str) -> None:
    """Make a pane active, with lines above and below in every pane."""
    ui.main.presenter.move_to_job(MIDDLE)
    ui.main.controllers.layout.go(pane)
    await ui.pilot.pause()
    ui.main.side.files.move_to(1)
    ui.main.side.checkpoints.move_to(1)
    ui.main.side.detail.scroll_to_line(20)
    ui.main.log_view.scroll_lines(-1)
    ui.main.log_view.scroll_to_line(100)
    await ui.pilot.pause()


async def reset(ui: Ui, pane: str) -> None:
    """Bring the cockpit back to its first state, which costs less than a new one for each command."""
    main, model = ui.main, ui.main.model
    while ui.app.screen is not main or main.prompt.takes_keys:
        await ui.press("escape")
    model.view.change(remember=False, **View()._asdict())
    model.view.restart()
    model.shows_json = model.is_held = False
    main.panes.splits.clear()
    main.panes.show_tab("log")
    main.jobs.show_columns(())
    for view in (main.side.detail, main.log_view, main.side.files):
        view.move_sideways(-(10**6))
    main.side.files.show_marks(frozenset())
    while main.side.checkpoints.next_sort() != "step":
        pass
    main.log_view.restyle(LogStyle())
    main.prompt.show_message("")
    main.presenter.draw(~Part.NONE)
    ui.app.theme = FTTUI_DARK.name
    if ui.store.sent:
        ui.store.raw |= store().raw
        ui.store.sent.clear()
        await ui.publish()
    await enter_pane(ui, pane)


@pytest.mark.parametrize("pane", PANES)
async def test_every_command_has_its_effect_in_every_pane(pane: str) -> None:
    assert EXPECTED.keys() | EXITS == BY_ID.keys()
    async with cockpit(store(), size=(120, 40)) as ui:
        for id, key in ((command, key) for command in EXPECTED for key in BY_ID[command].keys.split(",")):
            await reset(ui, pane)
            before = look(ui)
            await ui.press(key)
            after = look(ui)
            assert EXPECTED[id](pane)(before, after), f"{id} ({key}) in {pane}: {after.prompt}"
            assert [sent for sent in ui.store.sent if id not in SENDS] == [], f"{id} sends a request unasked"


def test_every_command_is_in_the_keys_page_and_the_command_line() -> None:
    page = Path("docs/keys.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"`{command.id}`" in page
        assert parse(command.id).id == command.id
        assert command.id in [found.strip() for found in completions(command.id, {})]
    assert {command.id for command, _, _ in footer_entries()} >= {"job.create", "job.cancel", "help", "quit"}
