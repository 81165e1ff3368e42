"""The create form while it sends: progress, stop, refusal."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fttui.api.errors import BadRequest
from fttui.models.assessment import Assessment
from fttui.models.spec import JobSpec
from fttui.store.create_once import Created
from fttui.store.snapshot import Outcome
from fttui.store.upload_once import Uploaded
from fttui.ui.create_form.submission import field_of
from tests.support.fake_store import FakeStore
from tests.support.ui_fakes import Ui, cockpit


@dataclass
class Slow(FakeStore):
    """An upload that waits half way until `through` is set."""

    through: asyncio.Event = field(default_factory=asyncio.Event)
    half: asyncio.Event = field(default_factory=asyncio.Event)
    fault: str = ""

    async def upload(self, path: str, progress: Callable[[int, int], None]) -> Outcome:
        progress(20_000, 40_000)
        self.half.set()
        await self.through.wait()
        progress(40_000, 40_000)
        self.sent.append(("upload", path))
        return Outcome(False, self.fault) if self.fault else Outcome(True, "", f"file-{len(self.sent)}")


async def half_way(ui: Ui, store: Slow) -> None:
    await ui.press("a", "enter")
    async with asyncio.timeout(60):
        await store.half.wait()
    await ui.pilot.pause()


def says(ui: Ui, words: str) -> bool:
    return any(words in line for line in ui.screen)


async def test_progress_of_an_upload_is_shown() -> None:
    store = Slow()
    async with cockpit(store) as ui:
        await half_way(ui, store)
        assert says(ui, "Uploading sample-train.jsonl: 20.0 kB of 40.0 kB (50 %)")
        store.through.set()


async def test_stopped_upload_keeps_the_form() -> None:
    store = Slow()
    async with cockpit(store) as ui:
        await half_way(ui, store)
        before = ui.form
        await ui.press("escape")
        assert says(ui, "Stop? Nothing has been created so far. y/N")
        await ui.press("y")
        store.through.set()
        await ui.pilot.pause()
        assert says(ui, "Stopped: nothing was created")
        assert ui.form == before
        assert store.sent == []
        await ui.press("x")
        assert ui.form["model"] == before["model"] + "x", "the fields take keys again"
        await ui.press("backspace", "enter")
        assert [sent[0] for sent in store.sent] == ["upload", "upload", "create"]


@pytest.mark.parametrize("key", ["n", "enter", "escape", "x"])
async def test_keys_other_than_y_continue_the_upload(key: str) -> None:
    store = Slow()
    async with cockpit(store) as ui:
        await half_way(ui, store)
        await ui.press("escape", key)
        assert says(ui, "Uploading"), "the message before the question is shown again"
        store.through.set()
        await ui.pilot.pause()
        await ui.pilot.pause()
        assert [sent[0] for sent in store.sent] == ["upload", "upload", "create"]


@pytest.mark.parametrize(("key", "created"), [("y", False), ("n", True)])
async def test_no_job_is_created_while_the_question_is_open(key: str, created: bool) -> None:
    store = Slow()
    async with cockpit(store) as ui:
        await half_way(ui, store)
        await ui.press("escape")
        store.through.set()
        for _ in range(5):
            await ui.pilot.pause()
        assert [sent[0] for sent in store.sent] == ["upload", "upload"]
        await ui.press(key)
        await ui.pilot.pause()
        assert ("create" in [sent[0] for sent in store.sent]) == created
        if not created:
            await ui.press("escape")
            assert "No job uses the 2 uploaded files" in ui.prompt


async def test_question_closes_when_the_upload_fails() -> None:
    store = Slow(fault="the connection was lost")
    async with cockpit(store) as ui:
        await half_way(ui, store)
        await ui.press("escape")
        store.through.set()
        await ui.pilot.pause()
        await ui.pilot.pause()
        assert not says(ui, "y/N")
        assert says(ui, "the connection was lost")
        await ui.press("y")
        assert ui.form["training_file"] == "sample-train.jsonly", "y is typed into the field"


async def test_fields_are_locked_during_an_upload() -> None:
    store = Slow()
    async with cockpit(store) as ui:
        await half_way(ui, store)
        before = ui.form
        await ui.press("x", "backspace", "ctrl+u", "ctrl+n", "enter")
        assert ui.form == before
        store.through.set()


async def test_same_file_for_training_and_validation_is_uploaded_once(tmp_path: Path) -> None:
    path = tmp_path / "both"
    path.write_text((Path(__file__).parents[3] / "fttui/server/trainers/samples/sample-train.jsonl").read_text())
    async with cockpit(local=False) as ui:
        await ui.press("a", "m", "tab", *str(path), "tab", *str(path), "enter")
        await ui.until(lambda: ui.store.sent)
        await ui.pilot.pause()
        assert [sent[0] for sent in ui.store.sent] == ["upload", "create"]
        assert ui.store.sent[1][1].training_file == ui.store.sent[1][1].validation_file == "file-1"


class There(FakeStore):
    async def upload(self, path: str, progress: Callable[[int, int], None]) -> Outcome:
        return Uploaded(True, "", "file-0001", reused=True)


async def test_reused_file_is_not_offered_for_deletion() -> None:
    store = There()
    store.refusal = "Model x is not available"
    async with cockpit(store) as ui:
        await ui.press("a", "enter")
        assert says(ui, "is not available")
        assert ui.form["training_file"].endswith("sample-train.jsonl")
        await ui.press("escape")
        assert "No job uses" not in ui.prompt


class Refusing(FakeStore):
    error = BadRequest("must be at most 5", param="method.supervised.hyperparameters.n_epochs")
    ambiguous = False

    async def create(self, spec: JobSpec) -> Outcome:
        self.sent.append(("create", spec))
        request = self.error.request_id
        return Created(False, str(self.error), error=self.error, ambiguous=self.ambiguous, request_id=request)


async def test_refusal_that_names_a_field_is_shown_there() -> None:
    async with cockpit(Refusing()) as ui:
        await ui.press("a", "enter")
        row = next(line for line in ui.screen if line.startswith("▌epochs"))
        assert row.rstrip().endswith("! must be at most 5")
        assert ui.app.screen.focused is not None
        assert ui.app.screen.focused.id == "n_epochs"
        assert says(ui, "Not created")


async def test_model_that_the_service_refuses_before_the_upload_is_marked_until_it_is_corrected() -> None:
    store = FakeStore()
    store.assessments = {False: Assessment("The model 'never' does not exist", member="model")}
    async with cockpit(store) as ui:
        await ui.press("a", *["tab"] * 3, "enter")
        row = next(line for line in ui.screen if line.startswith("▌model"))
        assert row.rstrip().endswith("! The model 'never' does not exist.") or says(ui, "! The model 'never' does not")
        assert ui.app.screen.focused is not None
        assert ui.app.screen.focused.id == "model"
        assert says(ui, "Not created: the provider refuses a field.")
        await ui.press("x")
        assert not says(ui, "does not exist")
        assert not says(ui, "Not created"), "the message goes with its mark"


async def test_advice_stays_when_the_form_is_refused() -> None:
    async with cockpit(local=False) as ui:
        await ui.press("a", *"never", "tab", *"file-known", "tab")
        await ui.until(lambda: says(ui, "does not list it"))
        await ui.press(*["tab"] * 3, *"99", "enter")
        assert says(ui, "Not created: correct the marked fields.")
        assert says(ui, "does not list it")


async def test_file_that_nobody_has_is_marked_with_the_other_fields() -> None:
    store = FakeStore()
    store.has_file = lambda id: False  # type: ignore[method-assign]
    async with cockpit(store) as ui:
        await ui.press("a", "tab", *"abc", "tab", "tab", "tab", "tab", *"99", "enter")
        await ui.until(lambda: says(ui, "Not created: correct the marked fields."))
        assert says(ui, "! no file abc, neither here nor at the provider")
        assert ui.app.screen.focused is not None
        assert ui.app.screen.focused.id == "training_file", "the first marked field"


async def test_lost_answer_offers_to_send_again() -> None:
    store = Refusing()
    store.ambiguous = True
    async with cockpit(store) as ui:
        await ui.press("a", "enter")
        assert says(ui, "enter sends it again, esc leaves")
        assert not says(ui, "Not created")


@pytest.mark.parametrize(
    ("param", "code", "name"),
    [
        ("training_file", "", "training_file"),
        ("method.reinforcement.grader.type", "", "grader"),
        ("method.type", "", "method"),
        ("integrations[0].wandb.project", "", "wandb_project"),
        ("", "model_not_available", "model"),
        ("purpose", "", ""),
        ("", "", ""),
    ],
)
def test_field_named_by_a_refusal(param: str, code: str, name: str) -> None:
    assert field_of(BadRequest("no", param=param, code=code)) == name
    assert field_of(None) == ""


async def test_read_only_session_opens_no_form() -> None:
    async with cockpit(read_only=True) as ui:
        await ui.press("a")
        assert ui.app.screen is ui.main
        assert "read-only" in ui.prompt


async def test_refusal_without_a_field_is_shown_whole_with_its_request() -> None:
    store = Refusing()
    store.error = BadRequest("3 jobs are running, the limit is 3", request_id="req_8f2a")
    async with cockpit(store) as ui:
        await ui.press("a", "enter")
        assert says(ui, "3 jobs are running, the limit is 3")
        assert says(ui, "Request req_8f2a. Your entries are kept; enter tries again.")


@dataclass
class Refuses(FakeStore):
    """A store that refuses a job once, after two."""

    async def create(self, spec: JobSpec) -> Outcome:
        refusals = [spec for kind, spec in self.sent if kind == "create"]
        self.sent.append(("create", spec))
        number = len(refusals)
        return Outcome(False, "rate limit") if number == 2 else Outcome(True, "", f"ftjob-{number}")


async def fill_sweep(ui: Ui) -> None:
    """Open the form with a job of the provider's files, and type three epochs."""
    await ui.press("a")
    while "epochs" not in (ui.app.screen.focused.id or "" if ui.app.screen.focused else ""):
        await ui.press("tab")
    await ui.press(*"1,2,3")


async def test_sweep_asks_once_and_tries_the_rest_again() -> None:
    store = Refuses()
    async with cockpit(store) as ui:
        await fill_sweep(ui)
        await ui.press("enter")
        await ui.until(lambda: says(ui, "Create 3 jobs (epochs 1, 2, 3)?"))
        assert says(ui, "tokens, free. y/N")
        assert [kind for kind, _ in store.sent] == []
        await ui.press("y")
        await ui.until(lambda: says(ui, "2 of 3 jobs created; the provider refused the rest: rate limit."))
        await ui.press("r")
        await ui.until(lambda: says(ui, "Created 3 jobs: epochs 1, 2, 3."))
        suffixes = [spec.suffix for kind, spec in store.sent if kind == "create"]
        assert suffixes == ["sample-e1", "sample-e2", "sample-e3", "sample-e3"]


async def test_sweep_that_is_not_wanted_sends_nothing() -> None:
    store = Refuses()
    async with cockpit(store) as ui:
        await fill_sweep(ui)
        await ui.press("enter")
        await ui.until(lambda: says(ui, "Create 3 jobs"))
        await ui.press("n")
        assert says(ui, "Nothing was created. Your entries are kept.")
        assert store.sent == []
        assert ui.form["n_epochs"] == "1,2,3"


@dataclass
class SlowCreates(FakeStore):
    """A store whose creates wait until `through` is set."""

    through: asyncio.Event = field(default_factory=asyncio.Event)

    async def create(self, spec: JobSpec) -> Outcome:
        self.sent.append(("create", spec))
        await self.through.wait()
        return Outcome(True, "", f"ftjob-{len(self.sent)}")


async def test_esc_stops_a_sweep_after_the_job_that_is_being_created() -> None:
    store = SlowCreates()
    async with cockpit(store) as ui:
        await fill_sweep(ui)
        await ui.press("enter")
        await ui.until(lambda: says(ui, "Create 3 jobs"))
        await ui.press("y")
        await ui.until(lambda: any(kind == "create" for kind, _ in store.sent))
        await ui.press("escape")
        assert says(ui, "Stopping after this job.")
        store.through.set()
        await ui.until(lambda: says(ui, "1 of 3 jobs created; stopped."))
        assert len([kind for kind, _ in store.sent if kind == "create"]) == 1


async def test_rest_of_a_sweep_that_is_not_tried_again_is_reported() -> None:
    store = Refuses()
    async with cockpit(store) as ui:
        await fill_sweep(ui)
        await ui.press("enter")
        await ui.until(lambda: says(ui, "Create 3 jobs"))
        await ui.press("y")
        await ui.until(lambda: says(ui, "2 of 3 jobs created"))
        await ui.press("n")
        await ui.until(lambda: not ui.app.screen.query("#form"))
        assert says(ui, "2 of 3 jobs created; the provider refused the rest: rate limit.")
