"""Questions of commands: what the archive tells about the effects."""

import io

import pytest

from fttui.cli import questions
from fttui.cli.confirm import confirm
from fttui.cli.invocation import Invocation
from fttui.models.row import JobRow
from tests.cli.conftest import Fttui
from tests.support.service import Service, job


def test_delete_of_a_file_names_the_jobs_that_used_it(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(index, user_provided_suffix=f"run-{index}") for index in (2, 1)]
    fttui("jobs", "list")
    host = service.server.url.split("/")[2]
    assert questions.delete_files(Invocation(), ["file-train"]) == (
        f"Delete file-train from {host}? 2 jobs used it: run-2 and run-1. They keep their models and curves, but "
        "clones of them will need the file again. No copy of it is known on this disk."
    )


def test_delete_of_a_job_says_that_its_archived_copy_stays(fttui: Fttui) -> None:
    question = questions.delete_jobs(Invocation(), [JobRow("ftjob-001", suffix="a")])
    assert question.startswith("Delete a (ftjob-001) from 127.0.0.1")
    assert question.endswith("? Its archived copy stays on this disk.")


def test_delete_of_a_local_job_counts_what_goes_with_it(fttui: Fttui, service: Service) -> None:
    assert questions.delete_jobs(Invocation(profile="local"), [JobRow("ftjob-001")]) == "Delete ftjob-001?"
    jobs = [JobRow("a", "running"), JobRow("b", "queued")]
    assert questions.cancel_jobs(jobs) == "Cancel 2 jobs? They cannot be resumed."


def test_delete_of_a_model_names_its_job_and_the_jobs_tuned_from_it(fttui: Fttui, service: Service) -> None:
    heir = job(2, model="ft:m")
    service.jobs = [heir, job(1, fine_tuned_model="ft:m", user_provided_suffix="first")]
    fttui("jobs", "list")
    assert questions.delete_models(Invocation(), ["ft:m"]) == (
        "Delete the model of first (ft:m)? Requests to it will fail. 1 job was tuned from it."
    )


def test_delete_of_an_archived_copy_says_what_remains(fttui: Fttui, service: Service) -> None:
    host = service.server.url.split("/")[2]
    row = JobRow("ftjob-001", suffix="a")
    assert questions.delete_copies(Invocation(), [row]).startswith("Delete the local copy of a (ftjob-001)? If ")
    assert questions.delete_copies(Invocation(), [row._replace(gone=True)]) == (
        f"Delete the local copy of a (ftjob-001)? {host} no longer lists this job, so nothing of it remains."
    )


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("archive", "delete", "ftjob-001"), "Delete the local copy of "),
        (("models", "delete", "ft:m"), "Delete the model of first (ft:m)? Requests to it will fail."),
    ],
)
def test_command_asks_with_the_effects(
    fttui: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], asked: str
) -> None:
    service.jobs = [job(1, fine_tuned_model="ft:m", user_provided_suffix="first")]
    fttui("jobs", "list")
    monkeypatch.setattr("fttui.cli.confirm._is_terminal", lambda stream: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    result = fttui(*arguments)
    assert result.code == 1
    assert asked in result.err
    assert "Nothing was deleted." in result.err


@pytest.mark.parametrize(
    ("number", "typed", "answer"),
    [(10, "y", True), (10, "10", False), (10, "", False), (11, "y", False), (11, "11", True), (11, "12", False)],
)
def test_number_is_typed_above_ten(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, typed: str, answer: bool
) -> None:
    monkeypatch.setattr("fttui.cli.confirm._is_terminal", lambda stream: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))
    assert confirm("Delete them?", yes=False, number=number) == answer
    asked = "Type 11 to delete 11 jobs: " if number == 11 else "[y/N] "
    assert capsys.readouterr().err == f"Delete them? {asked}"
