"""The create form before there is a connection."""

import asyncio

from fttui.models.row import JobRow
from fttui.store.health import Health, State
from fttui.store.snapshot import Change, Snapshot
from fttui.ui.cockpit.late_store import LateStore
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.render.status_line import ServiceInfo
from tests.support.fake_store import NOW, FakeStore
from tests.support.ui_fakes import Ui, cockpit


def says(ui: Ui, words: str) -> bool:
    return any(words in line for line in ui.screen)


def model() -> CockpitModel:
    return CockpitModel(ServiceInfo("local", "this machine", True, False, ""), Snapshot(), lambda: NOW)


async def test_form_opens_before_the_connection_and_sends_after_it() -> None:
    store, connects = FakeStore(), asyncio.Event()
    async with cockpit(store, connects=connects) as ui:
        await ui.press("a")
        assert says(ui, "Create a job")
        await ui.press("enter")
        assert says(ui, "Waiting for the connection; the job is sent when it is there. esc stops.")
        assert store.sent == []
        connects.set()
        await ui.pilot.pause()
        await ui.app.workers.wait_for_complete([worker for worker in ui.app.workers if worker.group == "action"])
        assert [sent[0] for sent in store.sent] == ["upload", "upload", "create"]


async def test_submission_that_waits_for_the_connection_can_be_stopped() -> None:
    store, connects = FakeStore(), asyncio.Event()
    async with cockpit(store, connects=connects) as ui:
        await ui.press("a", "enter", "escape")
        assert says(ui, "Stop? Nothing has been created so far. y/N")
        await ui.press("y")
        assert says(ui, "Stopped: nothing was created")
        connects.set()
        await ui.pilot.pause()
        assert store.sent == []


async def test_models_and_files_are_suggested_once_they_are_known() -> None:
    connects = asyncio.Event()
    async with cockpit(FakeStore(), connects=connects) as ui:
        late = LateStore(ui.main.model)
        waiting = asyncio.ensure_future(late.models())
        assert late.file("file-train") is None
        connects.set()
        async with asyncio.timeout(60):
            assert await waiting == await ui.store.models()
        assert late.file("file-train") is not None


async def test_service_that_cannot_be_opened_gives_the_reason() -> None:
    found = model()
    waiting = asyncio.ensure_future(LateStore(found).connected())
    await asyncio.sleep(0)
    assert not waiting.done()
    health = Health(state=State.OFFLINE, since=NOW, why="the configuration cannot be read")
    found.apply(Snapshot(health=health), Change(health=True))
    async with asyncio.timeout(60):
        assert await waiting == "not connected: the configuration cannot be read"


def test_rows_of_the_first_frame_stay_until_the_store_has_read_its_list() -> None:
    row, store = JobRow("a", "running"), FakeStore()
    found = CockpitModel(ServiceInfo("scratch", "/scratch", False, False, ""), Snapshot(rows={"a": row}), lambda: NOW)
    store.snapshot = Snapshot()
    found.attach(store)
    found.apply(Snapshot(notices=("cannot look into x",)), Change(health=True))
    assert list(found.snapshot.rows) == ["a"]
    found.apply(Snapshot(as_of=NOW), Change())
    assert not found.snapshot.rows


async def test_store_that_has_not_finished_a_poll_is_waited_for() -> None:
    found, store = model(), FakeStore()
    found.attach(store)
    late = LateStore(found)
    assert late.is_connecting
    store.publish()
    found.apply(store.snapshot, Change(health=True))
    assert not late.is_connecting
    assert await late.connected() == ""
