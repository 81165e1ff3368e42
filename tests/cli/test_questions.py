"""Questions of commands: what the archive tells about the effects."""

from fttui.cli import questions
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
