"""Steps and results of creating a job."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fttui.api.error_mapping import CLOSED_HINT, CLOSED_MESSAGE, of_status
from fttui.api.errors import ApiError, Forbidden, Unreachable
from fttui.core.create_job import (
    Checked,
    ClientSender,
    CreateJob,
    Creating,
    FileReady,
    Priced,
    Result,
    Stage,
    Step,
    Uploading,
)
from fttui.core.job_data import Checking, DataChecker, LocalFiles, find_files
from fttui.core.pricing import Pricing
from fttui.models.assessment import Assessment
from fttui.models.job import Job
from fttui.models.spec import JobSpec
from tests.core.test_pricing import Service
from tests.support.clock import FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import FakeClient

LINE = '{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a%d"}]}\n'
GOOD = "".join(LINE % number for number in range(10))
OTHER = "".join(LINE % number for number in range(20, 30))


class Provider(FakeClient):
    """A provider that keeps the newest create request."""

    created: JobSpec

    async def create_job(self, spec: JobSpec) -> Job:
        self.created = spec
        return await super().create_job(spec)


class World:
    """A provider and an archive in memory, and a directory for data."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.client = Provider()
        self.archive = inline_archive("", "work")
        self.steps: list[Step] = []
        self.pricing = Pricing(Service())
        self.create = self.creator()

    def creator(self) -> CreateJob:
        sender = ClientSender(self.client, self.archive, FakeClock(instant=True))  # type: ignore[arg-type]
        return CreateJob(sender, self.pricing, on_step=self.steps.append)

    def file(self, name: str, content: str) -> str:
        (self.path / name).write_text(content)
        return str(self.path / name)

    async def run(self, training: str, validation: str | None = None, **options: Any) -> Result:
        spec = JobSpec(model="m", training_file=training, validation_file=validation)
        files = find_files({"training_file": training, "validation_file": validation})
        return await self.create.run(spec, files, **options)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("FTTUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FTTUI_DATA_DIR", str(tmp_path / "data"))
    return World(tmp_path)


async def test_local_files_are_checked_uploaded_and_named_by_their_ids(world: World) -> None:
    training, validation = world.file("t.jsonl", GOOD), world.file("v.jsonl", OTHER)
    result = await world.run(training, validation)
    assert (result.ok, result.stage) == (True, Stage.CREATE)
    assert (world.client.created.training_file, world.client.created.validation_file) == ("file-0", "file-1")
    kinds = [type(step) for step in world.steps if type(step) not in (Checking, Uploading)]
    assert kinds == [Checked, FileReady, FileReady, Creating]
    assert world.pricing.expected(result.outcome.id) is not None


async def test_one_file_for_two_members_is_uploaded_once(world: World) -> None:
    path = world.file("t.jsonl", GOOD)
    assert (await world.run(path, path)).ok
    assert world.client.created.training_file == world.client.created.validation_file == "file-0"
    [ready] = [step for step in world.steps if isinstance(step, FileReady)]
    assert ready.members == ("training_file", "validation_file")


async def test_job_without_local_files_is_created_at_once(world: World) -> None:
    assert (await world.run("file-abc")).ok
    assert world.steps == [Creating()]


async def test_job_that_the_provider_would_refuse_is_refused_before_the_upload(world: World) -> None:
    world.client.assessments = {False: Assessment("x has no seed")}
    result = await world.run(world.file("t.jsonl", GOOD))
    assert (result.stage, result.message) == (Stage.SETTINGS, "Not created: x has no seed.")
    assert (world.client.calls, world.steps) == ([], [])


async def test_price_that_the_provider_estimates_is_told_and_remembered(world: World) -> None:
    world.client.assessments = {True: Assessment(cost=2.5, currency="EUR", tokens=700)}
    result = await world.run("file-abc")
    assert world.steps == [Priced(2.5, "EUR"), Creating()]
    expected = world.pricing.expected(result.outcome.id)
    assert expected is not None
    assert (expected.text, expected.tokens) == ("about 2.50 EUR", 700)


async def test_provider_may_refuse_a_job_when_its_files_are_there(world: World) -> None:
    world.client.assessments = {True: Assessment("it costs more than the account allows")}
    result = await world.run(world.file("t.jsonl", GOOD))
    assert (result.ok, result.stage, result.unused) == (False, Stage.CREATE, ("file-0",))
    assert world.client.count("create_job") == 0


async def test_data_with_errors_is_sent_only_by_force(world: World) -> None:
    path = world.file("bad.jsonl", GOOD + "not JSON\n")
    result = await world.run(path)
    assert (result.ok, result.stage, result.error) == (False, Stage.CHECK, None)
    assert result.message == f"Not created: the data has 1 error. `fttui files check {path}` lists them."
    assert world.client.calls == []
    assert (await world.run(path, force=True)).ok


async def test_unreadable_data_gives_its_reason(world: World) -> None:
    path = world.file("t.jsonl", GOOD)
    files = find_files({"training_file": path})
    Path(path).unlink()
    result = await world.create.run(JobSpec(model="m", training_file=path), files)
    assert (result.stage, result.message) == (Stage.CHECK, "Not created: No such file or directory")
    assert isinstance(result.error, OSError)


async def test_failed_upload_names_its_member_and_the_files_before_it(world: World) -> None:
    class SecondFails(Provider):
        async def upload_file(self, path: str, **options: Any) -> Any:
            if self.files:
                raise Forbidden("too large", status=413)
            return await super().upload_file(path, **options)

    world.client = SecondFails()
    world.create = world.creator()
    result = await world.run(world.file("t.jsonl", GOOD), world.file("v.jsonl", OTHER))
    assert (result.stage, result.member, result.unused) == (Stage.UPLOAD, "validation_file", ("file-0",))
    assert isinstance(result.error, ApiError)
    assert world.client.count("create_job") == 0


async def test_reused_file_is_not_offered_for_deletion(world: World) -> None:
    path = world.file("t.jsonl", GOOD)
    assert (await world.run(path)).ok
    world.client.fail("create_job", Forbidden("no", status=403))
    world.create = world.creator()
    result = await world.run(path)
    assert (result.ok, result.unused, world.create.uploaded) == (False, (), ())
    assert [step.reused for step in world.steps if isinstance(step, FileReady)] == [False, True]


async def test_closed_provider_is_named_with_the_files_to_delete(world: World) -> None:
    body = b'{"error": {"message": "Training is not available", "code": "training_not_available"}}'
    error = of_status(403, {}, body, now=0.0, secret="", is_write=True)
    world.client.fail("create_job", error)
    result = await world.run(world.file("t.jsonl", GOOD), world.file("v.jsonl", OTHER))
    for words in (CLOSED_MESSAGE, "2026-05-07", "2026-07-02", "2027-01-06", CLOSED_HINT, "--profile local"):
        assert words in result.message
    assert result.message.endswith("Uploaded but unused: file-0 file-1. To delete: fttui files delete file-0 file-1")
    assert world.archive.creates.pending() == {}
    world.create = world.creator()
    assert "delete" not in (await world.run("file-old")).message


async def test_files_of_a_job_that_may_exist_are_not_called_unused(world: World) -> None:
    world.client.fail("create_job", Unreachable("cut", ambiguous=True))
    result = await world.run(world.file("t.jsonl", GOOD))
    assert (result.ok, result.outcome.ambiguous, result.unused) == (False, True, ())


async def test_try_can_be_cancelled_until_the_create_request(world: World) -> None:
    reached = asyncio.Event()

    async def wait() -> None:
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(world.run(world.file("t.jsonl", GOOD), before_create=wait))
    async with asyncio.timeout(60):
        await reached.wait()
    assert not world.create.is_sent
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.create.uploaded == ("file-0",)
    assert world.client.count("create_job") == 0


async def test_expected_cost_that_cannot_be_saved_is_a_warning(world: World, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a directory")
    result = await world.run(world.file("t.jsonl", GOOD))
    assert result.ok
    assert result.warning.startswith("The expected cost was not saved")


# Local files


def test_names_are_resolved_to_paths_ids_and_errors(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.touch()
    files = find_files({"training_file": str(path), "validation_file": "file-1"})
    assert (files.paths, files.errors) == ({"training_file": str(path)}, {})
    missing = find_files({"training_file": "none.jsonl", "validation_file": None})
    assert (missing.paths, missing.errors) == ({}, {"training_file": "no such file: none.jsonl"})
    sample = find_files({"training_file": "sample-train.jsonl"})
    assert Path(sample.paths["training_file"]).is_file()


def test_rewritten_file_is_a_different_one(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("one")
    before = find_files({"training_file": str(path)})
    path.write_text("longer")
    assert find_files({"training_file": str(path)}) != before


# Checks while the user types


class Checks:
    """Checks that last until `through` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from fttui.data import check as job_check

        self.begun: list[str | None] = []
        self.through = threading.Event()
        real = job_check.check_job

        def slow(spec: Any, training: str | None, *args: Any, **options: Any) -> Any:
            self.begun.append(training)
            self.through.wait(10)
            options["progress"](50, 100)
            return real(spec, training, *args, **options)

        monkeypatch.setattr(job_check, "check_job", slow)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    return Checks(monkeypatch)


def question(world: World, name: str) -> tuple[JobSpec, LocalFiles]:
    path = world.file(name, GOOD)
    return JobSpec(model="m", training_file=path), find_files({"training_file": path})


async def test_same_question_is_checked_once_and_a_newer_one_ends_the_older(world: World, checks: Checks) -> None:
    checker = DataChecker(world.pricing)
    first, second = question(world, "a"), question(world, "b")
    progress: list[Checking] = []
    checker.progress = progress.append
    old = asyncio.create_task(checker.report(*first))
    await asyncio.sleep(0)
    twice = [asyncio.create_task(checker.report(*second)) for _ in range(2)]
    await asyncio.sleep(0)
    checks.through.set()
    reports = [await task for task in twice]
    assert reports[0] is not None
    assert reports[0] is reports[1] is await checker.report(*second)
    assert await old is None
    assert len(checks.begun) == 2
    assert Checking(50, 100) in progress


async def test_cancelled_caller_does_not_end_the_check(world: World, checks: Checks) -> None:
    checker = DataChecker(world.pricing)
    spec, files = question(world, "a")
    task = asyncio.create_task(checker.report(spec, files))
    await asyncio.sleep(0)
    task.cancel()
    checks.through.set()
    assert await checker.report(spec, files) is not None
    assert len(checks.begun) == 1


async def test_upload_progress_names_path_and_sizes(world: World) -> None:
    path = world.file("t.jsonl", GOOD)

    class Halfway(Provider):
        async def upload_file(
            self, path: str, *, purpose: str = "fine-tune", progress: Callable[[int, int], None] | None = None
        ) -> Any:
            if progress is not None:
                progress(1, 2)
            return await super().upload_file(path, purpose=purpose)

    world.client = Halfway()
    world.create = world.creator()
    assert (await world.run(path)).ok
    assert [step for step in world.steps if isinstance(step, Uploading)] == [Uploading(path), Uploading(path, 1, 2)]


def test_end_of_the_event_loop_ends_a_running_check(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from fttui.data import check

    begun, idle = threading.Event(), threading.Event()
    stopped: list[bool] = []

    def endless(*_: Any, should_stop: Callable[[], bool], **__: Any) -> None:
        begun.set()
        for _turn in range(1000):
            if should_stop():
                stopped.append(True)
                return
            idle.wait(0.01)

    monkeypatch.setattr(check, "check_job", endless)
    spec, files = question(world, "a")

    async def interrupted() -> None:
        task = asyncio.create_task(DataChecker(world.pricing).report(spec, files))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()

    asyncio.run(interrupted())
    assert stopped == [True]


async def test_every_job_of_a_sweep_over_settings_is_judged_before_the_upload(world: World) -> None:
    class Judging(Provider):
        async def assess(self, *specs: JobSpec, has_files: bool) -> Assessment:
            is_wrong = any(spec.hyperparameters.get("lora_r") == 900 for spec in specs)
            return Assessment("lora_r: 1 to 512" if is_wrong else "")

    world.client = Judging()
    world.pricing = Pricing(Service(base_url=None, is_local=True))
    world.create = world.creator()
    path = world.file("t.jsonl", GOOD)
    files = find_files({"training_file": path})
    good, wrong = (
        JobSpec(model="m", training_file=path, hyperparameters={"lora_r": rank, "n_epochs": 1}) for rank in (8, 900)
    )
    assert not isinstance(await world.create.check(good, files, others=[good]), Result)
    for first, others in ((wrong, []), (good, [wrong])):
        result = await world.create.check(first, files, others=others)
        assert isinstance(result, Result)
        assert (result.message, result.stage) == ("Not created: lora_r: 1 to 512.", Stage.SETTINGS)
    assert not world.client.calls
