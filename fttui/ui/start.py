"""Start of the cockpit: joins the application, the event loop and the core."""

from __future__ import annotations

import asyncio
import importlib
import signal
import sys
from typing import TYPE_CHECKING

from fttui.config.paths import view_file
from fttui.config.theme import few_colors
from fttui.models.row import JobRow
from fttui.store.snapshot import Snapshot
from fttui.ui.app import FttuiApp
from fttui.ui.cockpit import saved_view
from fttui.ui.preferences import Preferences
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.status_line import ALL, ServiceInfo
from fttui.ui.terminal.driver import driver_for
from fttui.ui.terminal.escape_codes import Title, takes_title

if TYPE_CHECKING:
    from fttui.core.options import Options
    from fttui.core.session import MergedSession, Session
    from fttui.ui.first_frame import FirstFrame


def run_app(
    options: Options | None,
    service: ServiceInfo,
    rows: list[JobRow],
    as_of: float | None,
    glyphs: Glyphs,
    preferences: Preferences | None,
    first_frame: FirstFrame,
) -> int:
    """Run the cockpit until the user quits and return the exit code.

    Args:
        rows: archived rows shown first.
        as_of: time of the last confirmed list, in Unix seconds. None when it is unknown.
        preferences: the defaults if None.
        first_frame: holds the terminal until Textual takes it over.
    """

    preferences = preferences or Preferences()

    async def open_session(profile: str | None) -> Session | MergedSession:
        # In a thread: importing the client takes longer than a frame.
        await asyncio.to_thread(importlib.import_module, "fttui.core.session")
        from fttui.core import session
        from fttui.core.options import Options

        asked = options or Options()
        if profile == ALL:
            return await session.open_merged_session(asked, session.usable_profiles())
        return await session.open_session(asked if profile is None else asked._replace(profile=profile, base_url=None))

    def has_nearby_runs() -> bool:
        from fttui.runs.nearby import has_runs

        return has_runs()

    snapshot = Snapshot(rows={row.id: row for row in rows}, as_of=as_of)
    file = view_file()
    remembered, word = (saved_view.SavedView(), "") if options and options.fresh else saved_view.load(file)
    title = Title(preferences.settings.title and takes_title())
    app = FttuiApp(
        open_session,
        service._replace(hint=word or service.hint),
        snapshot,
        glyphs,
        ansi=bool(few_colors()),
        read_only=bool(options and options.read_only),
        preferences=preferences,
        remembered=remembered,
        title=title,
        has_nearby_runs=has_nearby_runs,
    )
    bound = {key.strip() for command in preferences.commands for key in command.keys.split(",")}
    app.driver_class = driver_for(first_frame, title, lambda: app.leave(128 + signal.SIGHUP), app.crash, bound)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Killed by a signal, Textual leaves the alternate screen and the mouse mode on.
            loop.add_signal_handler(number, app.leave, 128 + number)
        try:
            await app.run_async(mouse=preferences.settings.mouse)
        finally:
            await app.close()

    asyncio.run(run())
    first_frame.restore()
    saved_view.save(file, app.remembered)
    if app.crash_message:
        print(app.crash_message, file=sys.stderr)
        return 1
    if app.still_running and not app.return_code:
        jobs, them = ("1 job is", "it") if app.still_running == 1 else (f"{app.still_running} jobs are", "them")
        print(f"{jobs} still running. Start fttui again to see {them}.", file=sys.stderr)
    return app.return_code or 0
