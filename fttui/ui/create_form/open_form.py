"""Opening of the form that creates a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.status_line import ServiceInfo

if TYPE_CHECKING:
    from textual.app import App

    from fttui.models.job import Job
    from fttui.store.port import FormPort
    from fttui.store.snapshot import Outcome


async def open_form(
    app: App[Any],
    glyphs: Glyphs,
    now: Callable[[], float],
    store: FormPort,
    service: ServiceInfo,
    job: Job | None,
    closed: Callable[[Outcome | None, Sequence[str]], None],
) -> None:
    """Open the form, filled with the settings of `job`; without a job, with sample data or defaults.

    Args:
        closed: called at the end with the outcome, None when the user left the form, and with the ids of the files
            that the form has uploaded.
    """
    # Imported late: the first frame does not need the form, and pydantic is slow to import.
    from fttui.core.samples import SAMPLE_JOB
    from fttui.ui.create_form.reading import values_of
    from fttui.ui.create_form.screen import CreateScreen

    values = values_of(job) if job is not None else SAMPLE_JOB if service.is_local else {}
    form = CreateScreen(store, values, service, glyphs, now=now)
    await app.push_screen(form, lambda outcome: closed(outcome, form.uploaded))
