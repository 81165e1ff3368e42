"""Draw the pictures in this directory from a real run of the embedded service: `python screenshots/make.py`.

The service runs in a temporary directory, apart from the jobs of the user, and is stopped afterwards.
"""

import asyncio
import os
import re
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fttui.ui.app import FttuiApp

HERE = Path(__file__).resolve().parent
SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}


async def until(seen: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until `seen` returns true."""
    async with asyncio.timeout(seconds):
        while not seen():
            await asyncio.sleep(0.1)


async def make() -> None:
    from fttui.config import choose
    from fttui.core.connect import Options
    from fttui.core.session import open_session
    from fttui.models.spec import JobSpec
    from fttui.store.snapshot import Snapshot
    from fttui.ui.app import FttuiApp
    from fttui.ui.render.glyphs import UNICODE
    from fttui.ui.render.status_line import ServiceInfo
    from fttui.ui.widgets.line_view import TextRow

    chosen = choose.choose()
    assert chosen.is_local
    place = ServiceInfo(chosen.name, "this machine", True, False, "")

    def app() -> FttuiApp:
        return FttuiApp(lambda _: open_session(Options()), place, Snapshot(), UNICODE)

    def save(cockpit: FttuiApp, name: str) -> None:
        picture = cockpit.export_screenshot(title="fttui")
        # Without web fonts the viewer uses its own monospace font and fetches nothing.
        picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.S)
        (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")
        print(HERE.joinpath(f"{name}.svg").relative_to(HERE.parent))

    def rows(cockpit: FttuiApp) -> list[str]:
        return [row.status_text for row in cockpit.main.model.snapshot.rows.values()]

    # The list gets a succeeded, a cancelled and a failed job.
    first = app()
    async with first.run_test(size=SIZES["80x24"]) as pilot:
        await until(lambda: first.main.model.store is not None)
        await pilot.press("a")
        await until(lambda: "steps" in first.screen.query_one("#form-found", TextRow).text)
        save(first, "create-80x24")
        await pilot.press("enter")
        await until(lambda: rows(first) == ["succeeded"])
        await pilot.press("right_square_bracket", "tab")
        await until(lambda: "step_metrics.csv" in "".join(first.main.side.files.text_lines))
        await pilot.pause()
        save(first, "files-80x24")
        await pilot.press("left_square_bracket", "escape", "escape")
        await pilot.press("a", "enter")
        await until(lambda: rows(first)[0] == "running")
        await until(lambda: first.main.log_view.event_count > 12)
        await pilot.press("c")
        await pilot.pause()
        save(first, "cancel-80x24")
        await pilot.press("y")
        await until(lambda: rows(first)[0] == "cancelled")
        bad = Path(os.environ["FTTUI_DATA_DIR"]) / "bad.jsonl"
        bad.write_text('{"messages": [{"role": "user", "content": "no answer"}]}\n' * 12, encoding="utf-8")
        # The form refuses this file, so create the job through the store.
        store = first.main.model.store
        assert store is not None
        file = await store.upload(str(bad))
        await store.create(JobSpec(model="fttui-tiny-1", training_file=file.id, suffix="no-answers"))
        await until(lambda: rows(first)[0] == "failed")
        await pilot.press("g", "enter")
        await pilot.pause()
        save(first, "failed-80x24")
        await pilot.press("escape")
        await pilot.press("question_mark")
        await pilot.pause()
        save(first, "help-80x24")
        await pilot.press("escape")
        await pilot.press("a", "enter")
        await until(lambda: rows(first)[0] == "running")
    await first.close()
    for name, size in SIZES.items():
        cockpit = app()
        async with cockpit.run_test(size=size) as pilot:
            await until(lambda: cockpit.main.model.store is not None)  # noqa: B023
            await until(lambda: cockpit.main.log_view.event_count > 30)  # noqa: B023
            await pilot.pause()
            save(cockpit, f"overview-{name}")
            if name == "120x40":
                await pilot.press("tab", "tab", "slash", *"training loss=2.1", "enter")
                await pilot.pause()
                save(cockpit, "log-search-120x40")
        await cockpit.close()
    await make_offline(save)


async def make_offline(save: Callable[["FttuiApp", str], None]) -> None:
    """Show the same jobs over TCP, from a service that is then stopped."""
    from fttui.core.connect import Options
    from fttui.core.session import open_session
    from fttui.store.snapshot import Snapshot
    from fttui.ui.app import FttuiApp
    from fttui.ui.render.glyphs import UNICODE
    from fttui.ui.render.status_line import ServiceInfo

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = await asyncio.create_subprocess_exec(sys.executable, "-m", "fttui", "serve", "--port", str(port))
    options = Options(base_url=f"http://127.0.0.1:{port}/v1")
    place = ServiceInfo(f"127.0.0.1:{port}", f"127.0.0.1:{port}", False, False, "")
    cockpit = FttuiApp(lambda _: open_session(options), place, Snapshot(), UNICODE)
    async with cockpit.run_test(size=SIZES["80x24"]) as pilot:
        await until(lambda: cockpit.main.log_view.event_count > 10)
        server.terminate()
        await server.wait()
        await until(lambda: "OFFLINE" in cockpit.main.status_row.text)
        await pilot.pause()
        save(cockpit, "offline-80x24")
    await cockpit.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        for name in [name for name in os.environ if name.startswith(("OPENAI_", "AZURE_", "FTTUI_"))]:
            del os.environ[name]
        os.environ |= {"FTTUI_DATA_DIR": directory, "FTTUI_CONFIG": os.path.join(directory, "config.toml")}
        from fttui.config.paths import service_dir
        from fttui.server import control

        try:
            asyncio.run(make())
        finally:
            control.stop(service_dir())


if __name__ == "__main__":
    sys.exit(main())
