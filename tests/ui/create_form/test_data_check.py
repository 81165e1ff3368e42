"""Check of the data in the create form, suggestions, and messages while the form works."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fttui.api.errors import BadRequest
from fttui.core.samples import sample_path
from fttui.models.file import File, Model
from fttui.models.spec import JobSpec
from fttui.store.create_once import Created
from fttui.store.health import State
from fttui.store.snapshot import Outcome
from fttui.ui.picker import PickScreen
from fttui.ui.render.status_line import ALL, ServiceInfo
from tests.support.fake_store import NOW, FakeStore, job
from tests.support.ui_fakes import Ui, cockpit
from tests.ui.create_form.test_fields import line_of


@dataclass
class Known(FakeStore):
    """A store that knows the provider's list of files."""

    at_provider: set[str] = field(default_factory=set)

    def has_file(self, id: str) -> bool | None:
        return id in self.at_provider


def text(ui: Ui) -> str:
    return " ".join(" ".join(line.split()) for line in ui.screen)


async def wait_for(ui: Ui, words: str) -> None:
    await ui.until(lambda: words in text(ui))


async def checked(ui: Ui) -> None:
    """Check the data now, as after a pause in typing."""
    await ui.pilot.pause()
    async with asyncio.timeout(60):
        await ui.app.screen.data_check.run()  # type: ignore[attr-defined]
    await ui.pilot.pause()


async def test_figures_of_a_validation_file_alone_are_named_so() -> None:
    async with cockpit(Known(), size=(120, 40)) as ui:
        await ui.press("a")
        await wait_for(ui, "90 chat examples")
        await ui.press("tab", "end", *"xyz")
        await wait_for(ui, "no file sample-train.jsonlxyz, neither here nor at the provider")
        await wait_for(ui, "no file sample-train.jsonlxyz")
        assert "90 chat examples" not in text(ui)
        at = line_of(ui, "training file")
        assert ui.screen[at + 1].lstrip().startswith("validation file"), "no error is shown while the user types"


def write_bad_data(path: Path) -> None:
    example = '{"messages": [{"role": "%s", "content": "Hm %d?"}, {"role": "assistant", "content": "Yes."}]}\n'
    roles = ["User", *(["human", "user"] * 20)]
    path.write_text("".join(example % (role, index) for index, role in enumerate(roles)) + "{\n")


async def test_f2_reaches_every_finding_and_shows_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_bad_data(tmp_path / "t.jsonl")
    async with cockpit(FakeStore(), size=(60, 24)) as ui:
        await ui.press("a", "f2")
        assert "No file is checked yet." in text(ui)
        await ui.press("tab", "ctrl+u", *"./t.jsonl")
        await checked(ui)
        assert "! 22 errors in t.jsonl: a job with this file would fail. f2 shows all." in text(ui)
        await ui.press("f2")
        assert line_of(ui, "suffix") < 0, "of the fields only the files stay"
        assert "22 errors" in text(ui)
        await ui.press("enter")
        seen = set()
        for _ in range(23):
            await ui.press("j")
            await wait_for(ui, "characters")
            seen |= {line.split()[2] for line in ui.screen if line.startswith("── line ")}
        assert {str(line) for line in range(2, 42, 2)} | {"1", "42"} == seen
        assert "The line is not JSON" in text(ui)
        assert "▴ column 2" in text(ui)
        await ui.press("slash", *"human", "enter", "j")
        assert '"human" · ' in text(ui)
        await ui.press("escape")
        assert line_of(ui, "suffix") > 0
        await ui.press("x")
        assert ui.form["training_file"].endswith("x"), "the field has the keys again"


async def test_file_written_after_its_check_is_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    good, file = sample_path("sample-train.jsonl"), tmp_path / "t.jsonl"
    assert good is not None
    write_bad_data(file)
    async with cockpit(FakeStore()) as ui:
        await ui.press("a", "tab", "ctrl+u", *"./t.jsonl")
        await checked(ui)
        assert "22 errors in t.jsonl" in text(ui)
        file.write_text(Path(good).read_text())
        ui.app.screen.data_check.look()  # type: ignore[attr-defined]
        await wait_for(ui, "90 chat examples")
        await ui.press("f2", "]", "escape")
        write_bad_data(file)
        await ui.press("f2")
        await wait_for(ui, "22 errors")
        await ui.press("escape", "f2")
        assert any(">Check" in line for line in ui.screen), "findings come before the tab that had the keys last"


async def test_repaired_copy_is_written_and_named_in_the_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_bad_data(tmp_path / "t.jsonl")
    async with cockpit(FakeStore()) as ui:
        await ui.press("a", "tab", *"./t.jsonl")
        await checked(ui)
        await ui.press("f2", "e")
        assert "Write the repaired copy to: ./t.repaired.jsonl" in text(ui)
        await ui.press("enter")
        await wait_for(ui, "Wrote ./t.repaired.jsonl. role changed to lower case: 1.")
        assert ui.form["training_file"] == "./t.repaired.jsonl"
        await checked(ui)
        assert "21 errors in t.repaired.jsonl" in text(ui)
        await ui.press("e")
        assert "correct these findings by hand" in text(ui)
        assert (tmp_path / "t.jsonl").exists()


async def test_examples_are_shown_as_they_are_learned() -> None:
    async with cockpit(FakeStore()) as ui:
        await ui.press("a")
        await checked(ui)
        await ui.press("f2", "]")
        await wait_for(ui, "line 1 of 90")
        await wait_for(ui, "assistant* Chill the onion")
        assert "* learned: 54 % of all tokens. The rest is context." in text(ui)
        await ui.press("n")
        await wait_for(ui, "line 2 of 90")
        await ui.press("G")
        await wait_for(ui, "line 90 of 90")
        await ui.press("G", *["pagedown"] * 3)
        assert "nine in ten below 386" in text(ui)
        await ui.press("[")
        assert "No errors." in text(ui)
        await ui.press("[", *"x")
        assert ui.form["model"].endswith("x")


async def test_missing_path_is_shown_after_a_pause() -> None:
    async with cockpit(FakeStore(), local=False) as ui:
        await ui.press("a", "tab", *"./none.jsonl")
        await checked(ui)
        assert "training file: no such file: ./none.jsonl" in text(ui)


async def test_name_and_size_of_a_file_at_the_provider_are_shown() -> None:
    async with cockpit(Known(at_provider={"file-train"}).put(job(1)), size=(120, 40)) as ui:
        await ui.press("A")
        await checked(ui)
        assert "training file: train.jsonl, 29.9 kB, at the provider" in text(ui)


async def test_clone_shows_at_once_that_its_file_is_gone() -> None:
    async with cockpit(Known().put(job(1))) as ui:
        await ui.press("A")
        await wait_for(ui, "no longer has this file")
        under = ui.screen[line_of(ui, "training file") + 1]
        assert under.strip() == "~ the provider no longer has this file; choose a new one"
        await ui.press("tab", "ctrl+u", *"sample-train.jsonl")
        await checked(ui)
        assert "no longer has" not in text(ui)


class Expired(Known):
    def file(self, id: str) -> File | None:
        return File.read({"id": id, "filename": "train.jsonl", "expires_at": NOW - 86400})


async def test_expired_file_is_named_with_its_day() -> None:
    async with cockpit(Expired(at_provider={"file-train"}).put(job(1))) as ui:
        await ui.press("A")
        await checked(ui)
        assert "~ expired on " in text(ui)
        assert "; choose another" in text(ui)


class Results(Known):
    def file(self, id: str) -> File | None:
        return File.read({"id": id, "filename": "step_metrics.csv", "purpose": "fine-tune-results"})


async def test_result_file_is_not_called_gone() -> None:
    async with cockpit(Results(), local=False) as ui:
        await ui.press("a", "tab", *"file-r")
        await checked(ui)
        assert "the provider has this file for fine-tune-results, not for training" in text(ui)
        assert "no longer has" not in text(ui)


async def test_no_file_is_called_gone_before_the_first_list() -> None:
    async with cockpit(FakeStore().put(job(1))) as ui:
        await ui.press("A")
        await checked(ui)
        assert "no longer has" not in text(ui)
        assert "last seen at the provider" in text(ui)


class Refusing(FakeStore):
    async def create(self, spec: JobSpec) -> Outcome:
        error = BadRequest(f"invalid training_file: {spec.training_file}", param="training_file")
        return Created(False, str(error), error=error)


async def test_refusal_of_an_unknown_file_is_explained() -> None:
    async with cockpit(Refusing().put(job(1))) as ui:
        await ui.press("A", "enter")
        assert "the provider has no file file-train. Its answer: invalid training_file: file-train" in text(ui)


async def test_advice_goes_when_its_cause_is_gone() -> None:
    pairs = ", ".join(f"k{number}=v" for number in range(16))
    async with cockpit(FakeStore(), local=False, size=(120, 40)) as ui:
        await ui.press("a", "m", "tab", *"file-1", "shift+tab", "shift+tab", "shift+tab")
        ui.app.screen.query_one("#metadata").put(pairs)  # type: ignore[attr-defined]
        await checked(ui)
        assert "no room for the token" in text(ui)
        ui.app.screen.query_one("#metadata").put("k=v")  # type: ignore[attr-defined]
        await checked(ui)
        assert "no room for the token" not in text(ui)


async def test_ctrl_c_shows_its_note_in_the_message_row() -> None:
    async with cockpit() as ui:
        await ui.press("a", "ctrl+c")
        assert "Press ctrl+c again to quit. Jobs keep running." in text(ui)
        assert not ui.app.screen.query("Toast")
        await ui.press("x")
        assert "enter create " in text(ui)
        assert "again to quit" not in text(ui)
        ui.clock.advance(5)
        await ui.press("ctrl+r", "ctrl+c", "y")
        assert ui.form["model"] == "fttui-tiny-1xy", "ctrl+c answers the question with no"


async def test_ctrl_c_shows_its_note_in_the_title_of_a_picker() -> None:
    async with cockpit() as ui:
        await ui.press("at", "ctrl+c")
        assert isinstance(ui.app.screen, PickScreen)
        assert "Press ctrl+c again to quit" in ui.screen[0]
        await ui.press("down")
        assert "Press ctrl+c again to quit" not in text(ui)


# Suggestions


async def test_right_completes_to_the_common_prefix_of_paths(tmp_path: Path) -> None:
    for name in ("part-one.jsonl", "part-two.jsonl", "part-three.jsonl"):
        (tmp_path / name).touch()
    async with cockpit(local=False, size=(120, 24)) as ui:
        await ui.press("a", "tab", *f"{tmp_path}/p", "right")
        assert ui.form["training_file"] == f"{tmp_path}/part-"
        await ui.press("t", "right")
        assert ui.form["training_file"] == f"{tmp_path}/part-three.jsonl", (
            "without a longer common prefix, the first path"
        )


async def test_keys_that_arrive_at_once_complete_a_path(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").touch()
    async with cockpit(local=False) as ui:
        ui.type("a", "tab", *f"{tmp_path}/d", "right", "tab", "v")
        await ui.until(lambda: ui.app.screen is not ui.main and ui.form["validation_file"] == "v")
        assert ui.form["training_file"] == f"{tmp_path}/data.jsonl"


class Models(FakeStore):
    async def models(self) -> list[Model]:
        names = ("ft:tiny:me:abc:ckpt-step-9", "ft:tiny:me:abc", "tiny", "tiny-2")
        return [Model.read({"id": name}) for name in names]

    async def files(self) -> list[File]:
        made = {"file-old": NOW - 7200, "file-new": NOW - 180}
        return [File.read({"id": id, "filename": "train.jsonl", "created_at": at}) for id, at in made.items()]


async def test_files_with_the_same_name_are_listed_with_their_age() -> None:
    async with cockpit(Models(), local=False) as ui:
        await ui.press("a", "tab", *"train")
        listed = [line.split() for line in ui.screen if line.startswith(" train.jsonl ")]
        assert [words[1:4] for words in listed] == [["uploaded", "3m", "ago"], ["uploaded", "2h", "ago"]]
        await ui.press("ctrl+n", "enter")
        assert ui.form["training_file"] == "file-new"


async def test_keys_that_arrive_at_once_choose_from_the_list() -> None:
    async with cockpit(Models(), local=False, size=(120, 24)) as ui:
        ui.type("a", *"tiny", "ctrl+n", "ctrl+n", "ctrl+n", "enter", "v")
        await ui.until(lambda: ui.app.screen is not ui.main and ui.form["training_file"] == "v")
        assert ui.form["model"] == "ft:tiny:me:abc"


@dataclass
class Late(Models):
    """A store whose lists wait until `through` is set."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    through: asyncio.Event = field(default_factory=asyncio.Event)

    async def models(self) -> list[Model]:
        self.asked.set()
        await self.through.wait()
        return await super().models()


async def test_key_waits_for_the_list_of_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttui.ui.create_form.suggestions.PATIENCE", 10.0)
    store = Late()
    async with cockpit(store, local=False) as ui, asyncio.timeout(60):
        ui.type("a", *"tin", "ctrl+n", "ctrl+n", "tab", "v")
        await store.asked.wait()
        store.through.set()
        await ui.until(lambda: ui.app.screen is not ui.main and ui.form["training_file"] == "v")
        assert ui.form["model"] == "tiny-2"


async def test_suggestion_looks_different_from_typed_text() -> None:
    async with cockpit(Models(), local=False) as ui:
        await ui.press("a", *"ti")
        row = next(
            strip for strip in ui.app.screen._compositor.render_strips() if strip.text.lstrip(" ▌").startswith("model ")
        )
        looks = {segment.text.strip(): segment.style for segment in row if segment.text.strip()}
        entered, ghost = looks["ti"], looks["y"]
        assert entered is not None
        assert ghost is not None
        assert (entered.italic, ghost.italic) == (None, True)
        assert entered.color != ghost.color


# Opening and submission


async def test_form_does_not_open_when_no_job_can_be_created() -> None:
    async with cockpit(place=ServiceInfo(ALL, ALL, False, False, "", ALL)) as ui:
        await ui.press("a")
        assert ui.app.screen is ui.main
        assert "several profiles" in ui.prompt


async def test_form_without_a_connection_checks_data_and_keeps_the_entries() -> None:
    async with cockpit() as ui:
        await ui.publish(state=State.OFFLINE, why="cannot reach host: no route", reason="no route", unsent=True)
        await ui.press("a")
        assert "OFFLINE since " in ui.screen[0]
        await wait_for(ui, "90 chat examples")
        await ui.press("enter")
        await wait_for(ui, "Not sent: no route. Your entries are kept; enter tries again.")
        assert ui.store.sent == []
        await ui.publish(state=State.LIVE)
        await ui.press("enter")
        await ui.until(lambda: any(sent[0] == "create" for sent in ui.store.sent))


async def test_enter_waits_for_the_running_check(monkeypatch: pytest.MonkeyPatch) -> None:
    from fttui.data import check

    begun: list[str | None] = []
    read, through = threading.Event(), threading.Event()
    real = check.check_job

    def slow(spec: Any, training: str | None, *args: Any, **how: Any) -> Any:
        begun.append(training)
        read.set()
        through.wait(10)
        how["progress"](50, 100)
        return real(spec, training, *args, **how)

    monkeypatch.setattr(check, "check_job", slow)
    async with cockpit() as ui:
        await ui.press("a")
        await asyncio.to_thread(read.wait, 10)
        ui.type("enter")
        await wait_for(ui, "The job is created when the check is done")
        through.set()
        await ui.until(lambda: any(sent[0] == "create" for sent in ui.store.sent))
        assert len(begun) == 1


async def test_rewritten_file_is_checked_again(tmp_path: Path) -> None:
    line = '{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}\n'
    path = tmp_path / "d"
    path.write_text(line * 12)
    async with cockpit(local=False) as ui:
        await ui.press("a", "m", "tab", *str(path))
        await checked(ui)
        assert "12 chat examples" in text(ui)
        path.write_text(line * 13)
        await checked(ui)
        assert "13 chat examples" in text(ui)


@dataclass
class Silent(FakeStore):
    """A store whose create request waits until `through` is set."""

    through: asyncio.Event = field(default_factory=asyncio.Event)

    async def upload(self, path: str, progress: Callable[[int, int], None]) -> Outcome:
        return Outcome(True, "", "file-1")

    async def create(self, spec: JobSpec) -> Outcome:
        await self.through.wait()
        return await super().create(spec)


async def test_escape_after_the_create_request_shows_the_longest_wait() -> None:
    store = Silent()
    async with cockpit(store) as ui:
        await ui.press("a", "enter")
        await wait_for(ui, "Creating the job")
        await ui.press("escape")
        assert "The job may exist already" in text(ui)
        assert "about two minutes" in text(ui)
        store.through.set()
        await ui.pilot.pause()
        assert [sent[0] for sent in store.sent] == ["create"]


async def test_keys_typed_after_enter_do_not_change_the_request() -> None:
    store = Silent()
    async with cockpit(store) as ui:
        await ui.press("a")
        ui.type("enter", "x")
        store.through.set()
        await ui.until(lambda: store.sent)
        assert store.sent[0][1].model == "fttui-tiny-1"


async def test_empty_validation_file_offers_to_hold_out_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    example = '{"messages": [{"role": "user", "content": "%d?"}, {"role": "assistant", "content": "Yes."}]}\n'
    (tmp_path / "t.jsonl").write_text("".join(example % number for number in range(40)))
    async with cockpit(FakeStore(), size=(80, 24)) as ui:
        await ui.press("a", "tab", "ctrl+u", *"t.jsonl", "tab")
        await checked(ui)
        assert "hold out 5 % of t.jsonl" in text(ui)
        await ui.press("down", "enter")
        await wait_for(ui, "2 of 40 lines are held out: t.held-out.jsonl")
        assert (ui.form["training_file"], ui.form["validation_file"]) == ("t.kept.jsonl", "t.held-out.jsonl")
