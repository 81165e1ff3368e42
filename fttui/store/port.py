"""Interfaces of a store and a poller, as the cockpit and `core` use them.

`Store` serves one profile, `MergedStore` several. The tests' `FakeStore` satisfies the same protocol, checked by mypy.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import Protocol

from fttui.learning.alarms import Report
from fttui.learning.run import Run
from fttui.models.assessment import Assessment
from fttui.models.chat import Chunk, Question
from fttui.models.checkpoint import Checkpoint
from fttui.models.file import File, Model, ModelAnswer
from fttui.models.job import Job
from fttui.models.metric import Point
from fttui.models.restrictions import Restrictions
from fttui.models.row import EventRow, JobRow
from fttui.models.samples import StepSamples
from fttui.models.spec import JobSpec
from fttui.store.snapshot import Change, Outcome, Snapshot


class ModelApi(Protocol):
    """Requests that ask models. Their answers are not kept by the store."""

    def chat(self, question: Question) -> AsyncGenerator[Chunk, None]:
        """Yield the answer of a model in parts."""

    async def get_file(self, id: str) -> File:
        """Return a file."""

    async def file_lines(self, id: str, most: int) -> list[bytes]:
        """Return the first lines of a file."""


class StorePort(Protocol):
    """Jobs, events and files as last fetched, and the intents that change them.

    Questions are answered from memory or from the archive. Intents return an `Outcome` and never raise.
    """

    @property
    def snapshot(self) -> Snapshot:
        """Rows, health and notices as last published."""

    @property
    def restrictions(self) -> Restrictions:
        """Limits of the provider; none where several profiles are shown."""

    @property
    def of_profiles(self) -> Mapping[str, Restrictions]:
        """Limits of the provider of each profile, where several are shown; else nothing."""

    @property
    def model_api(self) -> ModelApi | None:
        """Requests that ask models; None while the provider is not connected, and for several profiles."""

    def subscribe(self, fn: Callable[[Snapshot, Change], None], /) -> Callable[[], None]:
        """Call `fn` at each publication. Return a function that ends the subscription."""

    def look_at(self, id: str | None) -> None:
        """Select a job, which the poller then serves first."""

    # Questions

    def job(self, id: str) -> Job | None:
        """Return the whole job as last sent, or None for an unknown job."""

    def events(
        self, id: str, *, before: int | None = None, after: int | None = None, limit: int = 500
    ) -> list[EventRow]:
        """Return events of a job, oldest first: the newest `limit`, or those next to a sequence number."""

    def has_read_events(self, id: str) -> bool:
        """Tell whether the events of a job were fetched at least once."""

    def need_numbers(self, ids: tuple[str, ...] | None) -> None:
        """Have the logs of these jobs read, None for all jobs, if they were not: the list needs their numbers."""

    def lacks_numbers(self, id: str) -> bool:
        """Tell whether the log of a job is still to be read, so that its numbers are not known yet."""

    def checkpoints(self, id: str) -> tuple[Checkpoint, ...]:
        """Return every checkpoint of a job ever seen, by step."""

    def samples(self, id: str) -> tuple[StepSamples, ...]:
        """Return the samples of a job by step, as far as they were read. Decodes all of them."""

    def sample_steps(self, id: str) -> list[int]:
        """Return the steps of a job with samples, as far as they were read. Decodes none."""

    def points(self, id: str) -> list[Point]:
        """Return the metrics of a job, by step."""

    def run(self, id: str) -> Run:
        """Return the run of a job as series; without series for a job without metrics. The run may still grow."""

    def alarms(self, id: str) -> Report:
        """Return the alarms of a job at present, and the kinds that could not be checked."""

    async def clock_alarms(self) -> Mapping[str, str]:
        """Return the kinds of the alarms that the clock raises at present, with commas between, by job."""

    def file(self, id: str) -> File | None:
        """Return a file, or None for a file never seen."""

    def has_file(self, id: str) -> bool | None:
        """Tell whether the provider's last list of files had this file. None before the first list."""

    def has_copy(self, file: str) -> bool:
        """Tell whether a copy of a file is known on this disk."""

    def file_digest(self, file: str) -> str:
        """Return the SHA-256 of a file that was uploaded from this disk; empty for other files."""

    async def jobs_naming(self, id: str) -> list[JobRow]:
        """Return the jobs whose JSON has this id of a file or model, newest first."""

    async def files(self) -> list[File]:
        """Return the files for training, fetched when the provider can be reached."""

    async def models(self) -> list[Model]:
        """Return the provider's models, fetched when the provider can be reached."""

    async def model(self, id: str) -> ModelAnswer:
        """Ask the provider for a model with the settings of its trainer."""

    def list_fault(self, kind: str) -> str:
        """Return why the last list of `models` or `files` failed; empty when it did not."""

    # Intents

    async def assess(self, *specs: JobSpec, has_files: bool) -> Assessment:
        """Return what the provider says about a job before it is created."""

    async def create(self, spec: JobSpec) -> Outcome:
        """Create a job exactly once."""

    async def cancel(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Cancel jobs."""

    async def pause(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Pause jobs."""

    async def resume(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Resume paused jobs."""

    async def delete_jobs(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete ended jobs at the provider. On the embedded service their archived copies go too."""

    async def forget(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete the archived copies of jobs. The provider is not changed."""

    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome:
        """Upload a file for training. `progress` receives the bytes sent and the file's size."""

    async def download(
        self,
        id: str,
        path: str,
        *,
        overwrite: bool = False,
        as_csv: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Outcome:
        """Write the content of a file to `path`."""

    async def delete_files(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Delete files at the provider."""

    async def delete_model(self, name: str) -> Outcome:
        """Delete a fine-tuned model at the provider."""


class FormPort(Protocol):
    """Interface of a store for the create form. The store may be opened after the form."""

    @property
    def is_connecting(self) -> bool:
        """Requests have to wait for the connection."""

    @property
    def trouble(self) -> str:
        """State of the connection for a title: `connecting`, `OFFLINE since 12:03`; empty when requests may arrive."""

    async def changed(self) -> None:
        """Wait for the next change of the connection or the jobs."""

    async def connected(self) -> str:
        """Wait for the connection. Return the reason why no request can arrive; empty when one may."""

    def list_fault(self, kind: str) -> str:
        """Return why the last list of `models` or `files` failed; empty when it did not."""

    def file(self, id: str) -> File | None: ...
    def has_file(self, id: str) -> bool | None: ...
    async def files(self) -> list[File]: ...
    async def models(self) -> list[Model]: ...
    async def model(self, id: str) -> ModelAnswer: ...
    def newest_jobs(self) -> list[Job]: ...
    def best_losses(self) -> dict[str, float]:
        """Return the best validation loss of jobs, by their tuned model."""

    async def assess(self, *specs: JobSpec, has_files: bool) -> Assessment: ...
    async def create(self, spec: JobSpec) -> Outcome: ...
    async def upload(self, path: str, progress: Callable[[int, int], None] | None = None) -> Outcome: ...


class PollerPort(Protocol):
    """Control of automatic refresh."""

    blurred: bool
    """The terminal has lost the focus, so polling slows down."""

    async def run(self) -> None:
        """Poll until cancelled."""

    def hold(self) -> None:
        """Stop the automatic refresh until `release`."""

    def release(self) -> None:
        """Resume the automatic refresh."""

    def poke(self) -> None:
        """Poll now."""

    def pace(self, interval: float) -> None:
        """Set the seconds between two polls while a job is active."""
