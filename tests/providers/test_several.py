"""Jobs of OpenAI and of every living provider together: archived, in one list, and compared with each other."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from fttui.core.options import Options
from fttui.core.session import open_merged_session
from fttui.store.snapshot import Snapshot
from fttui.ui.app import FttuiApp
from fttui.ui.messages import ProfileChosen
from fttui.ui.render.glyphs import UNICODE
from fttui.ui.render.status_line import ALL, ServiceInfo
from tests.cli.conftest import Result
from tests.support.clock import FakeClock
from tests.support.fault_server import in_thread
from tests.support.pilot import QuietPilot
from tests.support.providers.accounts import KEY, VARIABLE, Accounts
from tests.support.ui_fakes import FakeCore, Ui

HELD = {
    "work": (2, True),
    "nebius": (2, True),
    "bedrock": (1, False),
    "together": (2, True),
    "studio": (1, True),
    "box": (1, True),
    "gemini": (2, False),
    "fw": (2, False),
}
"""Number of jobs, and whether they have events, by profile."""


@pytest.fixture
def synced(bare: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return the commands, after everything was archived and all servers have stopped."""
    monkeypatch.setenv(VARIABLE, KEY)
    accounts = Accounts(time.time())
    with ExitStack() as stack:
        for _, server, _ in accounts.places.values():
            stack.enter_context(in_thread(server))
        config = Path(os.environ["FTTUI_CONFIG"])
        config.parent.mkdir(parents=True)
        config.write_text(accounts.config)
        for name, (jobs, _) in HELD.items():
            found = bare("archive", "sync", "--profile", name, "--json")
            assert (found.code, found.json["read"], found.json["failed"]) == (0, jobs, {}), f"{name}: {found.err}"
            assert "The weights of models are not included" in found.err
    return bare


def test_everything_is_read_offline_and_compared_across_providers(synced: Callable[..., Result]) -> None:
    for name, (jobs, has_events) in HELD.items():
        listed = synced("jobs", "list", "--profile", name, "--offline")
        assert len(listed.lines) == jobs
        events = [synced("jobs", "events", row[0], "--profile", name, "--offline").lines for row in listed.cells]
        assert any(events) is has_events, name
    compared = synced("jobs", "compare", "work/support-v4", "together/support-llama", "studio/faq-qwen", "--offline")
    assert compared.code == 0, compared.err
    shown = {cells[0] for cells in compared.cells}
    assert shown == {"work/ftjob-q4mKx7Qa91Lk", "together/ft-00000001-0000", "studio/ft-202610291653-0007"}
    assert "support-llama and support-v4 are equal within noise" in compared.err
    assert "Left out without a validation loss: faq-qwen." in compared.err
    assert "Models differ: a loss depends on the tokenizer too." in compared.err
    assert "2 runs are too few to tell which of 18 settings mattered." in compared.err


async def test_one_list_shows_them_all_and_compares_two(synced: Callable[..., Result]) -> None:
    async def open_offline(_: str | None) -> object:
        return await open_merged_session(Options(offline=True), HELD)

    place = ServiceInfo("work", "127.0.0.1", False, False, "")
    app = FttuiApp(open_offline, place, Snapshot(), UNICODE)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        app.main.post_message(ProfileChosen(ALL))
        ui = Ui(app, QuietPilot(pilot.app), None, FakeCore, FakeClock())  # type: ignore[arg-type]
        await ui.until(lambda: len(app.main.model.snapshot.rows) == sum(jobs for jobs, _ in HELD.values()))
        screen = ui.screen
        assert {name for name in HELD if any(f" {name} " in line for line in screen)} == HELD.keys()
        for suffix in ("support-v4", "support-llama"):
            row = next(row for row in app.main.model.rows().values() if row.suffix == suffix)
            app.main.presenter.move_to_job(row.id)
            await ui.press("space")
        await ui.press("C")
        screen = ui.screen
        assert any("support-v4" in line for line in screen)
        assert any("support-llama" in line for line in screen)
    await app.close()
