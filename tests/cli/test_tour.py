"""The tour in the README, run as written except for the address of the provider."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data import example_files
from tests.support.service import Service, job
from tests.support.shell import Shell, new_shell

README = Path(__file__).parents[2] / "README.md"


def steps(name: str) -> str:
    """Return the commands below a mark of the tour."""
    found = re.search(rf"<!-- tour: {name} -->\n```sh\n(.*?)```", README.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def shell() -> Iterator[Shell]:
    with new_shell(WORK_KEY="sk-tour-0123456789") as found:
        yield found


def test_tour_on_the_local_service(shell: Shell) -> None:
    pytest.importorskip("uvicorn")
    pytest.importorskip("numpy")
    done = shell(steps("local"))
    assert done.returncode == 0, done.stderr
    id = done.stdout.splitlines()[0]
    [curve] = (shell.home / "curves").iterdir()  # type: ignore[attr-defined]
    assert curve.name.startswith(id)
    assert curve.read_text().startswith("step,train_loss,")
    assert "free: trained on this machine" in done.stderr
    assert f"{id}\tsucceeded" in done.stdout


def test_tour_at_a_provider_in_scripts_and_with_the_archive(shell: Shell, service: Service) -> None:
    home = shell.home
    (home / "train.jsonl").write_bytes(b"".join(example_files.lines("chat")))
    service.jobs = [job(7, "succeeded")]
    service.events["ftjob-007"] = [
        {"object": "fine_tuning.job.event", "id": "e", "created_at": 1, "level": "info", "message": "done"}
    ]
    there = "https://api.openai.com/v1"
    assert there in steps("provider")
    first = shell(steps("provider").replace(there, service.server.url))
    assert first.returncode == 0, first.stderr
    assert "ftjob-007\tsucceeded" in first.stdout
    assert "12 chat examples" in first.stderr

    made: list[dict[str, object]] = []
    step = service.step

    def finishing(request: object) -> object:
        """Answer as the service does, and let every new job succeed at once."""
        answer = step(request)  # type: ignore[arg-type]
        for item in service.jobs:
            if item["status"] == "validating_files":
                made.append(dict(item))
                item.update(status="succeeded", result_files=[])
                service.events[str(item["id"])] = [
                    {"id": "m", "created_at": 2, "type": "metrics", "data": {"step": 1, "train_loss": 0.5}}
                ]
        return answer

    service.server.script = finishing  # type: ignore[assignment]
    second = shell(steps("script"))
    assert second.returncode == 0, second.stderr
    assert "has succeeded" in second.stdout
    assert (home / "curve.csv").read_text() == "step,train_loss\n1,0.5\n"
    assert made

    third = shell(steps("archive"))
    assert third.returncode == 0, third.stderr
    assert {path.name for path in (home / "kept").iterdir()} >= {"ftjob-007"}
