"""`fttui jobs create` and `fttui jobs clone`: requests, output, exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from fttui.cli.jobs.stop_on import stop_on_warning
from fttui.config.paths import archive_file
from fttui.models.job import TOKEN_KEY
from fttui.models.spec import JobSpec
from tests.cli.conftest import Fttui
from tests.support.clock import FakeClock
from tests.support.fault_server import after, hang_up, refuse, send_json
from tests.support.service import Service, job

TRAIN, VALID = (
    b"".join(
        b'{"messages": [{"role": "user", "content": "%d?"}, {"role": "assistant", "content": "%d"}]}\n' % (index, index)
        for index in range(first, first + 10)
    )
    for first in (0, 100)
)
MADE = ["jobs", "create", "--model", "m", "--training-file", "file-abc"]
POST = "POST /fine_tuning/jobs"


def sent(service: Service) -> Any:
    """Return the body of the last create request, without the create token."""
    body = next(request for request in reversed(service.server.requests) if request.method == "POST").json()
    token = body["metadata"].pop(TOKEN_KEY)
    assert len(token) == 24
    if not body["metadata"]:
        del body["metadata"]
    return body


def test_create_prints_the_id(fttui: Fttui, service: Service) -> None:
    result = fttui(*MADE)
    assert (result.code, result.out, result.err) == (0, "ftjob-000\n", "")
    assert sent(service) == {"model": "m", "training_file": "file-abc"}


def test_stop_on_is_refused_for_a_service_that_cannot_stop_jobs(fttui: Fttui, service: Service) -> None:
    result = fttui(*MADE, "--stop-on", "overfitting,diverging")
    assert (result.code, result.out, POST in service.lines) == (2, "", False)
    assert "only the embedded service stops jobs" in result.err
    assert "fttui jobs watch ID --stop-on diverging,overfitting" in result.err


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [("stalled", "stalled cannot stop a job; the kinds are non_finite, diverging"), ("", "no kind is given")],
)
def test_kinds_that_cannot_stop_a_job_are_refused(fttui: Fttui, service: Service, kinds: str, reason: str) -> None:
    result = fttui(*MADE, "--stop-on", kinds)
    assert (result.code, result.out, POST in service.lines) == (2, "", False)
    assert reason in result.err


def test_overfitting_without_a_validation_file_gives_a_warning() -> None:
    spec = JobSpec(model="m", training_file="f").with_stop_on("diverging,overfitting")
    assert "needs a validation file" in stop_on_warning(spec)
    assert stop_on_warning(spec.model_copy(update={"validation_file": "v"})) == ""
    assert stop_on_warning(spec.with_stop_on("plateau")) == ""


def test_json_prints_the_job_as_the_service_sent_it(fttui: Fttui, service: Service) -> None:
    assert fttui(*MADE, "--json").json == service.jobs[0]
    assert json.loads(fttui(*MADE, "--jsonl").out) == service.jobs[0]


def test_every_option_is_in_the_request(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    grader = {"type": "string_check", "name": "g"}
    (tmp_path / "grader.json").write_text(json.dumps(grader))
    flags = "--validation-file file-v --suffix s --seed 7 --method reinforcement --n-epochs 3 --batch-size auto "
    flags += "--learning-rate-multiplier 1.5 --beta 0.1 --grader grader.json --metadata a=1 --metadata b=x=y "
    flags += "--wandb-project p"
    assert fttui(*MADE, *flags.split()).code == 0
    assert sent(service) == {
        "model": "m",
        "training_file": "file-abc",
        "validation_file": "file-v",
        "suffix": "s",
        "seed": 7,
        "method": {
            "type": "reinforcement",
            "reinforcement": {
                "hyperparameters": {
                    "n_epochs": 3,
                    "batch_size": "auto",
                    "learning_rate_multiplier": 1.5,
                    "beta": 0.1,
                },
                "grader": grader,
            },
        },
        "metadata": {"a": "1", "b": "x=y"},
        "integrations": [{"type": "wandb", "wandb": {"project": "p"}}],
    }


def test_grader_without_method_makes_a_reinforcement_job(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "grader.json").write_text('{"type": "python"}')
    assert fttui(*MADE, "--grader", "grader.json").code == 0
    assert sent(service)["method"] == {"type": "reinforcement", "reinforcement": {"grader": {"type": "python"}}}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--n-epochs", "0"], "'0': must be auto, or 1 to 50"),
        (["--n-epochs", "1.5"], "auto, or 1 to 50"),
        (["--n-epochs", "99999"], "'--n-epochs': '99999': must be auto, or 1 to 50"),
        (["--batch-size", "many"], "auto, or 1 to 256"),
        (["--batch-size", "257"], "auto, or 1 to 256"),
        (["--learning-rate-multiplier", "nan"], "auto, or above 0"),
        (["--beta", "-1"], "auto, or above 0, at most 2"),
        (["--beta", "2.1"], "auto, or above 0, at most 2"),
        (["--seed", "-1"], "0 to 2147483647"),
        (["--suffix", "s" * 65], "--suffix: 65 characters; at most 64"),
        (["--method", "magic"], "magic"),
        (["--metadata", "novalue"], "KEY=VALUE"),
        (["--grader", "none.json"], "cannot read none.json"),
        (["--grader", "bad.json"], "not JSON"),
        (["--grader", "list.json"], "JSON object"),
        (["--validation-file", "none.jsonl"], "--validation-file: no such file: none.jsonl"),
        (["--training-file", "dir/none"], "--training-file: no such file: dir/none"),
        (["--training-file", "folder"], "folder is a directory, not a file"),
        (["--seed", "x"], "--seed"),
    ],
)
def test_wrong_options_exit_2_before_a_request(
    fttui: Fttui, service: Service, tmp_path: Path, flags: list[str], words: str
) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "folder").mkdir()
    for verb in (MADE, ["jobs", "clone", "ftjob-1"]):
        result = fttui(*verb, *flags)
        assert (result.code, result.out, service.lines) == (2, "", [])
        assert words in result.err


def test_paths_are_uploaded_before_the_job_is_created(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_bytes(TRAIN)
    (tmp_path / "valid").write_bytes(VALID)
    result = fttui("jobs", "create", "--model", "m", "--training-file", "train.jsonl", "--validation-file", "valid")
    assert (result.code, result.out) == (0, "ftjob-000\n")
    assert service.contents == {"file-000": TRAIN, "file-001": VALID}
    body = sent(service)
    assert (body["training_file"], body["validation_file"]) == ("file-000", "file-001")
    assert service.lines == ["POST /files", "POST /files", POST]


def test_check_and_cost_are_printed_before_the_upload(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(TRAIN)
    (tmp_path / "v.jsonl").write_bytes(TRAIN[: len(TRAIN) // 10])
    arguments = ["jobs", "create", "--model", "m", "--training-file", "t.jsonl", "--validation-file", "v.jsonl"]
    result = fttui(*arguments, "--n-epochs", "4", "--batch-size", "2")
    assert (result.code, result.out) == (0, "ftjob-000\n")
    said = result.err.splitlines()
    assert said[0].startswith("t.jsonl: 10 chat examples, about ")
    assert said[0].endswith("4 epochs, 20 steps, cost unknown (no known price for this model). 1 warning.")
    assert said[1].startswith("warning: t.jsonl:1: the example also occurs in the validation file (line 1 there); keep")
    assert said[2] == "Uploaded t.jsonl as file-000"


def test_data_with_errors_is_sent_only_with_force(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(TRAIN.replace(b"user", b"human"))
    for more in (["--training-file", "t.jsonl"], ["--training-file", "file-a", "--validation-file", "t.jsonl"]):
        result = fttui("jobs", "create", "--model", "m", *more)
        assert (result.code, result.out, service.lines) == (1, "", [])
        assert 'error: t.jsonl:1: messages[0].role: the role is unknown ("human"' in result.err
        assert ", and 9 more; use system" in result.err
        assert "fttui: Not created: the data has 10 errors. `fttui files check t.jsonl` lists them.\n" in result.err
        assert "--force" in result.err
    forced = fttui("jobs", "create", "--model", "m", "--training-file", "t.jsonl", "--force")
    assert (forced.code, forced.out) == (0, "ftjob-000\n")
    assert "human" in service.contents["file-000"].decode()


def test_validation_file_alone_may_have_fewer_than_ten_examples(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "v.jsonl").write_bytes(VALID.splitlines(keepends=True)[0])
    result = fttui(*MADE, "--validation-file", "v.jsonl")
    assert (result.code, result.out) == (0, "ftjob-000\n")
    assert "cost" not in result.err, "validation is free"


def test_data_for_a_different_method_is_refused(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    line = b'{"input": {"messages": []}, "preferred_completion": [], "non_preferred_completion": []}\n'
    (tmp_path / "t.jsonl").write_bytes(line * 10)
    result = fttui("jobs", "create", "--model", "m", "--training-file", "t.jsonl")
    assert (result.code, service.lines) == (1, [])
    assert "the example is for a different method (found dpo, expected chat)" in result.err


def test_same_path_for_both_files_is_uploaded_once(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_bytes(TRAIN)
    fttui("jobs", "create", "--model", "m", "--training-file", "d.jsonl", "--validation-file", "d.jsonl")
    assert service.lines == ["POST /files", POST]


def test_hold_out_uploads_both_parts(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(TRAIN + VALID)
    made = ["jobs", "create", "--model", "m", "--training-file", "t.jsonl", "--hold-out", "10%"]
    result = fttui(*made)
    assert (result.code, result.err.splitlines()[0]) == (0, "2 of 20 lines are held out: t.held-out.jsonl")
    parts = [service.contents[sent(service)[name]] for name in ("training_file", "validation_file")]
    assert [part.count(b"\n") for part in parts] == [18, 2]
    assert fttui(*made).code == 0
    assert service.lines.count("POST /files") == 2


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--training-file", "file-a", "--hold-out", "5%"], "needs --training-file with the path"),
        (["--training-file", "t.jsonl", "--hold-out", "5%", "--validation-file", "file-v"], "cannot be used together"),
        (["--training-file", "t.jsonl", "--hold-out", "100"], "must be above 0% and below 100%"),
    ],
)
def test_impossible_hold_out_exits_2(
    fttui: Fttui, service: Service, tmp_path: Path, flags: list[str], words: str
) -> None:
    (tmp_path / "t.jsonl").write_bytes(TRAIN)
    result = fttui("jobs", "create", "--model", "m", *flags)
    assert (result.code, service.lines) == (2, [])
    assert words in result.err


def test_uploaded_file_is_reused_until_it_is_deleted(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_bytes(TRAIN)
    again = ["jobs", "create", "--model", "m", "--training-file", "d.jsonl"]
    fttui(*again)
    service.faults[POST] = [refuse(403, "Not available.", "training_not_available")]
    refused = fttui(*again)
    assert "d.jsonl is already uploaded as file-000; reusing it" in refused.err
    assert "fttui files delete" not in refused.err, "a different job uses it"
    service.faults.clear()
    fttui("files", "delete", "file-000", "--yes")
    assert "Uploaded d.jsonl as file-000" in fttui(*again).err
    assert service.lines.count("POST /files") == 2


def test_file_id_is_not_taken_for_a_path(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "file-abc").write_bytes(TRAIN)
    fttui(*MADE)
    assert service.lines == [POST]
    fttui("jobs", "create", "--model", "m", "--training-file", "./file-abc")
    assert service.lines == [POST, "POST /files", POST]


def test_refused_create_names_the_unused_file(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(TRAIN)
    service.faults[POST] = [refuse(403, "Not available.", "training_not_available")]
    result = fttui("jobs", "create", "--model", "m", "--training-file", "t.jsonl")
    assert (result.code, result.out) == (1, "")
    assert "2027-01-06" in result.err
    assert "Uploaded but unused: file-000. To delete: fttui files delete file-000\n" in result.err
    assert service.lines.count(POST) == 1


def test_failed_second_upload_names_the_first_file(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(TRAIN)
    (tmp_path / "v.jsonl").write_bytes(VALID)
    first = send_json({"id": "file-000"})
    service.faults["POST /files"] = [first, refuse(413, "too large")]
    result = fttui("jobs", "create", "--model", "m", "--training-file", "t.jsonl", "--validation-file", "v.jsonl")
    assert result.code == 1
    assert "Uploaded but unused: file-000" in result.err
    assert "too large (413)" in result.err
    assert POST not in service.lines


@pytest.mark.parametrize(("status", "code"), [(400, 1), (401, 4), (403, 1), (429, 1)])
def test_refusal_sets_the_exit_code(fttui: Fttui, service: Service, status: int, code: int) -> None:
    service.faults[POST] = [refuse(status, "because")]
    result = fttui(*MADE)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(f"fttui: because ({status})\n")
    assert service.lines == [POST]


def creates() -> dict[str, tuple[str, float]]:
    import asyncio

    from fttui.store.archive.archive import Archive

    async def read(key: str) -> dict[str, tuple[str, float]]:
        archive = Archive(archive_file(), key)
        try:
            return archive.creates.pending()
        finally:
            await archive.close()

    from fttui.config.choose import choose

    return asyncio.run(read(choose().key))


def test_job_with_a_lost_answer_is_found(fttui: Fttui, service: Service, clock: FakeClock) -> None:
    def make(request: Any) -> None:
        service.jobs.insert(0, job(7, "queued", **request.json()))

    service.faults[POST] = [after(make, hang_up())]
    result = fttui(*MADE)
    assert (result.code, result.out) == (0, "ftjob-007\n")
    assert "found by its token" in result.err
    assert service.lines.count(POST) == 1
    assert creates() == {}


def test_job_that_is_not_found_exits_1_and_is_remembered(
    fttui: Fttui, service: Service, clock: FakeClock, tmp_path: Path
) -> None:
    (tmp_path / "t.jsonl").write_bytes(TRAIN)
    service.faults[POST] = [hang_up()]
    result = fttui("jobs", "create", "--model", "m", "--training-file", "t.jsonl")
    assert (result.code, result.out) == (1, "")
    assert "may exist" in result.err
    assert "fttui jobs list" in result.err
    assert "To delete" not in result.err, "the job may need its file"
    assert clock.slept == [0.5, 1.5, 6.0]
    [(body, _)] = creates().values()
    assert json.loads(body)["training_file"] == "file-000"


def test_wait_exits_by_the_outcome_of_the_job(fttui: Fttui, service: Service, clock: FakeClock) -> None:
    path = "GET /fine_tuning/jobs/ftjob-000"
    for last, code in [("succeeded", 0), ("failed", 1), ("cancelled", 1)]:
        service.jobs.clear()
        error = {"code": "bad_data", "message": "line 3 is broken"} if last == "failed" else None
        states = [job(0, word) for word in ("validating_files", "running", "running")] + [job(0, last, error=error)]
        service.faults[path] = [*map(send_json, states[:2]), hang_up(), *map(send_json, states[2:])]
        result = fttui(*MADE, "--wait")
        assert (result.code, result.out) == (code, "ftjob-000\n")
        said = result.err.splitlines()
        assert said[:3] == ["ftjob-000 validating_files", "ftjob-000 running", f"ftjob-000 {last}"]
        if last == "failed":
            assert said[3] == "fttui: ftjob-000 failed: line 3 is broken"
        service.jobs.clear()
        service.faults[path] = [*map(send_json, states)]
        assert fttui(*MADE, "--wait", "--json").json["status"] == last


def test_results_are_downloaded_after_the_end(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    import base64

    (tmp_path / "t.jsonl").write_bytes(TRAIN)
    table = b"step,train_loss\n1,0.5\n"
    service.contents = {"file-r": base64.b64encode(table), "../x": b"other"}
    done = job(0, "succeeded", result_files=["file-r"], trained_tokens=990)
    service.faults["GET /fine_tuning/jobs/ftjob-000"] = [send_json(job(0, "running")), send_json(done)]
    arguments = ["jobs", "create", "--model", "gpt-4o-mini", "--training-file", "t.jsonl"]
    result = fttui(*arguments, "--wait", "--results", "out/here")
    assert (result.code, result.out) == (0, "ftjob-000\n")
    path = Path("out/here/ftjob-000-file-r.csv")
    assert path.read_bytes() == table
    assert result.err.endswith(f"Wrote {path}\n")
    assert "trained tokens 990, expected " in result.err
    assert fttui(*arguments, "--results", "out").code == 2


def test_clone_copies_settings_and_applies_options(fttui: Fttui, service: Service) -> None:
    service.jobs = [
        job(
            1,
            "succeeded",
            model="base-2024",
            validation_file="file-v",
            user_provided_suffix="sfx",
            seed=42,
            method={"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 2, "beta": 0.25, "batch_size": "auto"}}},
            metadata={"team": "a", TOKEN_KEY: "0" * 24},
            integrations=[{"type": "wandb", "wandb": {"project": "p", "run_id": "r"}}],
        )
    ]
    assert fttui("jobs", "clone", "ftjob-001").out == "ftjob-001\n"
    same = {
        "model": "base-2024",
        "training_file": "file-train",
        "validation_file": "file-v",
        "suffix": "sfx",
        "seed": 42,
        "method": {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 2, "beta": 0.25, "batch_size": "auto"}}},
        "metadata": {"team": "a"},
        "integrations": [{"type": "wandb", "wandb": {"project": "p"}}],
    }
    assert sent(service) == same
    service.jobs = service.jobs[1:]
    fttui("jobs", "clone", "ftjob-001", "--n-epochs", "5", "--seed", "1", "--metadata", "x=y", "--model", "other")
    changed = sent(service)
    assert changed["method"]["dpo"]["hyperparameters"] == {"n_epochs": 5, "beta": 0.25, "batch_size": "auto"}
    assert (changed["seed"], changed["model"]) == (1, "other")
    assert changed["metadata"] == {"team": "a", "x": "y"}


def test_clone_copies_settings_unknown_to_fttui(fttui: Fttui, service: Service) -> None:
    method = {
        "type": "supervised",
        "supervised": {
            "hyperparameters": {"lora": True, "warmup": 0.1, "beta": None},
            "response_format": {"type": "text"},
        },
    }
    wandb = {"project": "p", "entity": "e", "tags": ["a"], "name": None, "run_id": "r"}
    told = {"metadata": {"note": "two\nlines"}, "integrations": [{"type": "wandb", "wandb": wandb}]}
    service.jobs = [job(1, "succeeded", method=method, **told)]
    assert fttui("jobs", "clone", "ftjob-001").code == 0
    body = sent(service)
    assert body["method"]["supervised"] == {
        "hyperparameters": {"lora": True, "warmup": 0.1},
        "response_format": {"type": "text"},
    }
    assert body["metadata"] == {"note": "two\nlines"}
    assert body["integrations"] == [{"type": "wandb", "wandb": {"project": "p", "entity": "e", "tags": ["a"]}}]
    service.jobs = service.jobs[1:]
    fttui("jobs", "clone", "ftjob-001", "--method", "dpo")
    assert sent(service)["method"] == {"type": "dpo", "dpo": {"hyperparameters": {"lora": True, "warmup": 0.1}}}


def test_clone_of_an_unknown_job_creates_no_job(fttui: Fttui, service: Service) -> None:
    assert fttui("jobs", "clone", "ftjob-9").code == 1
    assert service.lines == ["GET /fine_tuning/jobs/ftjob-9"]


def test_expected_cost_is_saved_and_compared_with_the_billed_one(
    fttui: Fttui, service: Service, tmp_path: Path, home: Path
) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "prices.toml").write_text("[models.m]\ntraining = 100\n")
    (tmp_path / "t.jsonl").write_bytes(TRAIN)
    make = ["jobs", "create", "--model", "m", "--training-file", "t.jsonl", "--n-epochs", "1"]
    service.faults["GET /fine_tuning/jobs/ftjob-000"] = [
        send_json(job(0, "succeeded", model="m", trained_tokens=20_000))
    ]
    result = fttui(*make, "--wait")
    assert result.code == 0
    expected = result.err.split("cost about ")[1].split(".\n")[0]
    assert expected.endswith(" USD")
    assert f"; cost 2.00 USD, expected about {expected}\n" in result.err
    service.jobs[0].update(model="m", trained_tokens=20_000, status="succeeded")
    fields = dict(fttui("jobs", "get", "ftjob-000").cells)
    assert (fields["cost"], fields["expected cost"]) == ("2.00 USD", f"about {expected}")
    assert "cost" not in fttui("jobs", "get", "ftjob-000", "--json").json
    assert (home / "data" / "plans.jsonl").stat().st_mode & 0o777 == 0o600


def test_clone_over_the_same_data_is_priced_by_its_source(fttui: Fttui, service: Service, home: Path) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "prices.toml").write_text('[models."gpt-4.1-nano-2025-04-14"]\ntraining = 100\n')
    service.jobs = [job(5, "succeeded", trained_tokens=30_000)]
    result = fttui("jobs", "clone", "ftjob-005", "--n-epochs", "2")
    assert (result.code, result.err) == (0, "By the tokens of ftjob-005: 2 epochs, cost 2.00 USD\n")
    assert dict(fttui("jobs", "get", "ftjob-001").cells)["expected cost"] == "2.00 USD"
    for more in (["--n-epochs", "auto"], ["--training-file", "file-other"], ["--model", "other"]):
        assert "By the tokens" not in fttui("jobs", "clone", "ftjob-005", *more).err
