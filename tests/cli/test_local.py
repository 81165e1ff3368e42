"""Commands on the local profile: the real program and service, and a job that trains."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("numpy")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program() -> Iterator[Run]:
    """Run `fttui` in a new data directory. The service is stopped at the end."""
    # A short path, so that the socket fits in the data directory.
    directory = tempfile.mkdtemp(prefix="ftt-")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "AZURE_", "FTTUI_"))}
    environment = {
        **kept,
        "HOME": directory,
        "FTTUI_DATA_DIR": f"{directory}/data",
        "FTTUI_CONFIG": f"{directory}/c.toml",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fttui", *arguments],
            env=environment,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    try:
        yield run
    finally:
        run("serve", "--stop")
        shutil.rmtree(directory)


def lines(count: int) -> str:
    messages = [{"role": "user", "content": "ping"}, {"role": "assistant", "content": "pong"}]
    return "".join(json.dumps({"messages": messages}) + "\n" for _ in range(count))


def test_job_trains_from_a_file_to_a_downloaded_result(program: Run, tmp_path: Path) -> None:
    data = tmp_path / "train.jsonl"
    data.write_text(lines(12))
    empty = program("jobs", "list", "--json")
    assert (empty.returncode, json.loads(empty.stdout)) == (0, {"object": "list", "data": [], "has_more": False})

    create = ["jobs", "create", "--model", "fttui-tiny-1", "--training-file", str(data), "--n-epochs", "1", "--wait"]
    made = program(*create, "--seed", "7", "--suffix", "first")
    assert made.returncode == 0, made.stderr
    id = made.stdout.strip()
    assert id.startswith("ftjob-")
    assert f"{id} succeeded" in made.stderr

    job = json.loads(program("jobs", "get", id, "--json").stdout)
    assert (job["status"], job["seed"], job["fine_tuned_model"].split(":")[3]) == ("succeeded", 7, "first")
    events = json.loads(program("jobs", "events", id, "--json").stdout)["data"]
    assert "Created fine-tuning job" in events[0]["message"]
    assert events[-1]["message"] == "The job has successfully completed"
    times = [event["created_at"] for event in events]
    assert times == sorted(times)

    asked = program("models", "try", "first", "--limit", "1", "--against", "fttui-tiny-1", "--jsonl")
    assert asked.returncode == 0, asked.stderr
    tuned, base = json.loads(asked.stdout)["answers"]
    assert (tuned["model"], base["model"]) == (job["fine_tuned_model"], "fttui-tiny-1")
    assert tuned["content"] != base["content"]
    assert asked.stderr.splitlines()[-1].endswith("free.")

    exported = program("models", "export", "first", "-o", "out/model")
    assert exported.returncode == 0, exported.stderr
    (path,) = exported.stdout.splitlines()
    assert path.endswith("/out/model/step-12.bin")
    assert os.path.getsize(path) > 1_000_000
    assert "Other programs do not read it." in exported.stderr
    again = program("models", "export", "first", "-o", "out/model")
    assert (again.returncode, again.stdout) == (1, "")
    assert "is not an empty directory" in again.stderr

    [result] = job["result_files"]
    assert program("files", "download", result, "-o", "result").returncode == 0
    metrics = program("jobs", "metrics", id, "--csv").stdout.splitlines()
    assert metrics[0].startswith("step,train_loss")
    assert len(metrics) == 1 + 12

    again = json.loads(program("jobs", "clone", id, "--wait", "--json").stdout)
    assert (again["status"], again["seed"], again["training_file"]) == ("succeeded", 7, job["training_file"])
    assert program("jobs", "metrics", again["id"], "--csv").stdout.splitlines() == metrics, "the same run again"

    listed = program("jobs", "list", "--filter", "suffix:first", "--sort", "-created", "--limit", "1", "--json")
    assert [item["id"] for item in json.loads(listed.stdout)["data"]] == [again["id"]]

    refused = program("jobs", "cancel", id, "--yes")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "already has status" in refused.stderr

    assert program("jobs", "delete", again["id"], "--yes").stdout == again["id"] + "\n"
    assert [row.split("\t")[0] for row in program("archive", "list").stdout.splitlines()] == [id]

    assert program("files", "delete", result, "--yes").stdout == result + "\n"
    assert program("serve", "--status").returncode == 0
    assert program("serve", "--stop").returncode == 0
    assert program("serve", "--status", "--json").stdout == '{\n  "running": false\n}\n'


def test_create_tells_what_the_service_does_not_use(program: Run, tmp_path: Path) -> None:
    data = tmp_path / "train.jsonl"
    data.write_text(lines(12))
    made = program(
        *("jobs", "create", "--model", "fttui-tiny-1", "--training-file", str(data), "--suffix", "bad sfx"),
        *("--hyperparameter", "lora_rank=8"),
    )
    assert made.returncode == 0
    assert made.stdout.startswith("ftjob-")
    assert "fttui: note: Names of this job's models use the suffix 'bad-sfx'" in made.stderr
    assert "fttui: note: fttui-tiny-1 does not use: lora_rank" in made.stderr


def test_prune_frees_what_only_resuming_needs(program: Run, tmp_path: Path) -> None:
    data = tmp_path / "train.jsonl"
    data.write_text(lines(10))
    create = ["jobs", "create", "--model", "fttui-tiny-1", "--training-file", str(data), "--n-epochs", "2", "--wait"]
    id = program(*create).stdout.strip()
    assert program("jobs", "prune").stderr.endswith("Nothing to free.\n"), "the built-in trainer keeps models alone"
    (home,) = {Path(line) for line in [json.loads(program("serve", "--status", "--json").stdout)["home"]]}
    model = home / "jobs" / id / "step-10.bin"
    model.unlink()
    model.mkdir()
    (model / "optimizer.pt").write_bytes(b"x" * 1500)
    (model / "model.safetensors").write_bytes(b"x")
    found = json.loads(program("jobs", "prune", id, "--json").stdout)
    checkpoint = {"step_number": 10, "files": 1, "bytes": 1500}
    assert found == {
        "object": "list",
        "data": [{"id": id, "bytes": 1500, "checkpoints": [checkpoint]}],
        "has_more": False,
    }
    dry = program("jobs", "prune")
    assert (dry.returncode, dry.stdout) == (0, f"{id}\t1500\t1\n")
    assert dry.stderr == "1.5 kB of 1 job can be freed; nothing was removed. To free it: add --yes\n"
    assert len(os.listdir(model)) == 2
    done = program("jobs", "prune", "--yes")
    assert (
        done.stderr == "Freed 1.5 kB of 1 job. All models can be used; the best and the last checkpoints are whole.\n"
    )
    assert os.listdir(model) == ["model.safetensors"]
