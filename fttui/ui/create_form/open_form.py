"""Opening of the form that creates a job, and the drafts of forms that were left."""

from collections.abc import Callable, Mapping, Sequence

from fttui.lean_typing import TYPE_CHECKING, Any, NamedTuple
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.status_line import ServiceInfo

if TYPE_CHECKING:
    from textual.app import App

    from fttui.models.job import Job
    from fttui.store.port import FormPort
    from fttui.store.snapshot import Outcome


class Draft(NamedTuple):
    """Texts of a form that was left, until fttui ends."""

    texts: Mapping[str, str]
    left_at: float


class FormOpener:
    """Opens the form, and keeps one draft for each profile."""

    def __init__(self, app: "App[Any]", glyphs: Glyphs, now: Callable[[], float]) -> None:
        self._app = app
        self._glyphs = glyphs
        self._now = now
        self._drafts: dict[str, Draft] = {}

    async def __call__(
        self,
        store: "FormPort",
        service: ServiceInfo,
        job: "Job | None",
        closed: "Callable[[Outcome | None, Sequence[str]], None]",
    ) -> None:
        """Open the form, filled with the settings of `job`; without a job, with the draft, sample data or defaults.

        Args:
            closed: called at the end with the outcome, None when the user left the form, and with the ids of the files
                that the form has uploaded.
        """
        # Imported late: the first frame does not need the form, and pydantic is slow to import.
        from fttui.core.offers import offer_of
        from fttui.core.samples import SAMPLE_JOB
        from fttui.ui.create_form.form import CreateForm
        from fttui.ui.create_form.reading import values_of
        from fttui.ui.create_form.screen import CreateScreen, Opening

        sample = SAMPLE_JOB if service.is_local and job is None else {}
        offer = offer_of(service.provider, is_local=service.is_local)
        values = values_of(job, offer) if job is not None else sample
        draft = self._drafts.get(service.key) if job is None else None
        form = CreateForm(values, draft=draft.texts if draft is not None else None, sample=sample, offer=offer)

        def end(outcome: "Outcome | None") -> None:
            if outcome is None and screen.form.is_changed:
                self._drafts[service.key] = Draft(screen.form.values, self._now())
            elif outcome is not None or job is None:
                self._drafts.pop(service.key, None)
            closed(outcome, screen.uploaded)

        opening = Opening(_title(job), service, self._glyphs, self._now)
        screen = CreateScreen(store, form, opening, left_at=draft.left_at if draft is not None else None)
        await self._app.push_screen(screen, end)


def _title(job: "Job | None") -> str:
    return "Create a job" if job is None else f"Create a job like {job.row().title}"
