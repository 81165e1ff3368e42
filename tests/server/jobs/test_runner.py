"""Jobs from creation to their end, with real processes and the fake trainer."""

import base64
import os
import signal
import threading
from pathlib import Path

from fttui.server.api import json_objects
from fttui.server.jobs import restarts, training_data
from fttui.server.jobs.stop_trainer import stop_after
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.service import Service, open_service
from fttui.server.storage.job_dir import JobDirectory
from fttui.server.storage.progress_file import LONGEST_READ
from tests.server.conftest import FAKE, GOOD, add_file, add_job, example, jsonl, messages, run_until, status, until


def directory(service: Service, id: str) -> JobDirectory:
    return JobDirectory(service.paths.job(id))


def trainer(service: Service, id: str) -> TrainerProcess:
    return TrainerProcess(service.paths.job(id))


def steps_of(service: Service, id: str) -> list[int]:
    job = service.database.jobs.get(id)
    assert job is not None
    return [data["step"] for data in service.database.events.metrics(job)]


def test_a_job_succeeds_with_its_events_checkpoints_and_models(service: Service) -> None:
    id = add_job(service)
    run_until(service, id, "succeeded", "failed")
    job = service.database.jobs.get(id)
    assert job is not None
    assert job.status == "succeeded"
    assert job.error is None
    assert job.finished_at is not None
    assert job.trained_tokens == len(GOOD)
    assert job.hyperparameters == {"n_epochs": 2, "batch_size": 1, "learning_rate_multiplier": 1.0}
    assert job.fine_tuned_model is not None
    assert job.fine_tuned_model.startswith("ft:base-1:local:plain:")
    assert "ckpt" not in job.fine_tuned_model
    assert messages(service, id) == [
        f"Created fine-tuning job: {id}",
        f"Validating training file: {job.training_file}",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        "Step 1/4: training loss=8.00",
        "Step 2/4: training loss=4.00",
        "Step 3/4: training loss=2.67",
        "Step 4/4: training loss=2.00",
        f"New fine-tuned model created: {job.fine_tuned_model}",
        "The job has successfully completed",
    ]
    checkpoints, _ = service.database.checkpoints.page(job, after=None, limit=10)
    assert [checkpoint.step for checkpoint in checkpoints] == [4, 2]
    assert checkpoints[0].model == job.fine_tuned_model
    assert checkpoints[1].model.endswith(":ckpt-step-2")
    assert [model.id for model in service.database.models.all()] == [checkpoints[0].model, checkpoints[1].model]


def test_the_result_file_has_the_metrics_as_base64_csv(service: Service) -> None:
    id = add_job(service)
    run_until(service, id, "succeeded")
    job = service.database.jobs.get(id)
    assert job is not None
    file = service.database.files.get(job.result_files[0], service.now())
    assert file is not None
    csv = base64.b64decode(Path(service.paths.file(file.id)).read_bytes(), validate=True)
    assert file.bytes == len(csv)
    assert file.purpose == "fine-tune-results"
    rows = csv.decode().splitlines()
    assert rows[0] == "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"
    assert rows[1:3] == ["1,8.0,0.5,,", "2,4.0,0.5,,"]


def test_ended_job_keeps_only_models_their_checksums_log_events_samples_and_job_json(service: Service) -> None:
    id = add_job(service)
    run_until(service, id, "succeeded")
    until(lambda: not service.runner.tick())
    kept = ["contents.json", "events.jsonl.gz", "job.json", "log", "model-2", "model-4", "samples.jsonl.gz"]
    assert sorted(os.listdir(service.paths.job(id))) == kept


def test_only_the_last_three_checkpoints_are_kept(service: Service) -> None:
    id = add_job(service, hyperparameters={"n_epochs": 5})
    run_until(service, id, "succeeded")
    job = service.database.jobs.get(id)
    assert job is not None
    checkpoints, _ = service.database.checkpoints.page(job, after=None, limit=10)
    assert [checkpoint.step for checkpoint in checkpoints] == [10, 8, 6]
    assert len(service.database.models.all()) == 3
    assert not os.path.exists(os.path.join(service.paths.job(id), "model-2"))


def test_a_tuned_model_can_be_tuned_again(service: Service) -> None:
    first = add_job(service)
    run_until(service, first, "succeeded")
    job = service.database.jobs.get(first)
    assert job is not None
    assert job.fine_tuned_model is not None
    second = add_job(service, model=job.fine_tuned_model)
    run_until(service, second, "succeeded")
    again = service.database.jobs.get(second)
    assert again is not None
    assert again.model == job.fine_tuned_model
    model = service.database.models.get(again.fine_tuned_model or "")
    assert model is not None
    assert model.base == "base-1"
    assert Path(service.paths.model(model)).read_text() == "None then 4 then 4"


def test_one_job_runs_at_a_time_in_the_order_of_the_queue(service: Service) -> None:
    first, second, third = add_job(service, "slow"), add_job(service), add_job(service)
    run_until(service, first, "running")
    until(lambda: service.runner.tick() and status(service, third) == "queued")
    assert status(service, second) == "queued"
    assert service.runner.cancel(first)
    run_until(service, second, "running")
    assert status(service, third) == "queued"
    run_until(service, third, "succeeded")


def test_cancel_ends_the_job_at_once_and_keeps_its_events(service: Service) -> None:
    id = add_job(service, "slow")
    run_until(service, id, "running")
    until(lambda: service.runner.tick() and len(steps_of(service, id)) > 3)
    assert service.runner.cancel(id)
    assert status(service, id) == "cancelled"
    until(lambda: not trainer(service, id).is_alive(), 2)
    until(lambda: not service.runner.tick())
    said = messages(service, id)
    assert said[-1] == "Fine-tuning job cancelled"
    assert sum(message.startswith("Step") for message in said) == len(steps_of(service, id)) > 3
    assert not service.runner.cancel(id)
    assert Path(service.paths.job(id), "log").read_text() == "stopped without saving\n"


def test_a_trainer_that_ignores_sigterm_is_killed(service: Service) -> None:
    id = add_job(service, "stubborn")
    run_until(service, id, "running")
    until(lambda: service.runner.tick() and steps_of(service, id))
    service.runner.cancel(id)
    until(lambda: not service.runner.tick() and not trainer(service, id).is_alive(), 2)


def test_waiting_jobs_can_be_cancelled(service: Service) -> None:
    running, waiting = add_job(service, "slow"), add_job(service)
    run_until(service, running, "running")
    run_until(service, waiting, "queued")
    assert service.runner.cancel(waiting)
    assert status(service, waiting) == "cancelled"
    new = add_job(service)
    assert service.runner.cancel(new)
    service.runner.cancel(running)
    until(lambda: not service.runner.tick())
    assert status(service, new) == "cancelled"


def test_a_resumed_job_continues_from_its_saved_state(service: Service) -> None:
    id = add_job(service, "slow")
    run_until(service, id, "running")
    until(lambda: service.runner.tick() and len(steps_of(service, id)) > 3)
    assert service.runner.pause(id)
    assert status(service, id) == "paused"
    until(lambda: not service.runner.tick() and not trainer(service, id).is_alive())
    reached = steps_of(service, id)
    assert not service.runner.pause(id)
    assert service.runner.resume(id)
    assert status(service, id) == "queued"
    assert not service.runner.resume(id)
    until(lambda: service.runner.tick() and len(steps_of(service, id)) > len(reached) + 3)
    assert steps_of(service, id) == list(range(1, len(steps_of(service, id)) + 1))


def test_pause_leaves_the_trainer_its_time_to_save(service: Service) -> None:
    id = add_job(service, "slow")
    run_until(service, id, "running")
    until(lambda: service.runner.tick() and len(steps_of(service, id)) > 3)
    assert stop_after(service.paths.job(id)) == FAKE.stop_after == 30
    service.runner.pause(id)
    until(lambda: service.runner.tick() or not trainer(service, id).is_alive())
    assert Path(service.paths.job(id), "state").exists()
    assert "without saving" not in Path(service.paths.job(id), "log").read_text()


def test_the_next_job_runs_while_a_job_is_paused(service: Service) -> None:
    first, second = add_job(service, "slow"), add_job(service)
    run_until(service, first, "running")
    service.runner.pause(first)
    run_until(service, second, "succeeded")


def test_invalid_data_fails_the_job_with_the_line_number(service: Service) -> None:
    bad = [example() for _ in range(11)]
    bad[4]["messages"][1]["role"] = "robot"
    id = add_job(service, training_file=add_file(service, jsonl(bad)))
    run_until(service, id, "failed")
    job = service.database.jobs.get(id)
    assert job is not None
    assert job.error is not None
    assert job.error["code"] == "invalid_file_format"
    assert job.error["param"] == "training_file"
    assert "Line 5" in job.error["message"]
    assert "robot" in job.error["message"]
    event = service.database.events.page(job, after=None, limit=1)[0][0]
    assert (event.level, event.message) == ("error", job.error["message"])
    assert event.data == {"error_code": "invalid_file_format", "error_param": "training_file"}


def test_a_deleted_file_fails_the_job(service: Service) -> None:
    file = add_file(service)
    id = add_job(service, training_file=file)
    service.database.files.delete(file)
    os.unlink(service.paths.file(file))
    run_until(service, id, "failed")
    job = service.database.jobs.get(id)
    assert job is not None
    assert job.error is not None
    assert job.error["code"] == "deleted_training_file"


def test_faulty_trainers_fail_their_jobs_with_a_reason(service: Service, monkeypatch) -> None:
    monkeypatch.setattr(restarts, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(restarts, "LEAST_TIME", 0.0)
    expected = {
        "crash": ("trainer_failed", ["exited with code 3", "made of cheese"]),
        "mute": ("trainer_failed", ["without a result"]),
        "error": ("too_hot", ["The machine is too hot.[31m"]),
        "killed": (
            "trainer_failed",
            [
                "killed 4 times without completing another step. Perhaps it ran out of memory: lower batch_size, "
                "or choose a smaller model."
            ],
        ),
        "flood": ("trainer_failed", ["wrote too much output"]),
    }
    for behaviour, (code, words) in expected.items():
        id = add_job(service, behaviour)
        run_until(service, id, "failed", "succeeded")
        job = service.database.jobs.get(id)
        assert job is not None
        assert job.error is not None, behaviour
        assert job.error["code"] == code
        for word in words:
            assert word in job.error["message"]
        assert job.fine_tuned_model is None
    until(lambda: not service.runner.tick())


def test_phase_of_a_running_job_is_on_the_wire_until_its_first_step(service: Service) -> None:
    id = add_job(service, "loads")
    run_until(service, id, "running")

    def sent() -> dict[str, object]:
        service.runner.tick()
        job = service.database.jobs.get(id)
        assert job is not None
        return json_objects.job(job).get("fttui", {})

    until(lambda: "phase" in sent())
    environment = {"host": "gpu1", "device": "2 x NVIDIA H100", "versions": {"torch": "2.13.0"}}
    phase = {"name": "downloading", "done": 34, "total": 100, "unit": "bytes"}
    assert sent() == {"phase": phase, "environment": environment}
    assert not any("downloading" in message for message in messages(service, id)), "state, not an event"
    service.runner.pause(id)
    assert sent() == {"environment": environment}
    (Path(service.paths.job(id)) / "loaded").touch()
    service.runner.resume(id)
    run_until(service, id, "succeeded")
    assert sent() == {"environment": environment}
    plain = service.database.jobs.get(add_job(service))
    assert plain is not None
    assert "fttui" not in json_objects.job(plain)


def test_trainer_that_is_killed_while_it_loads_makes_no_progress(service: Service, monkeypatch) -> None:
    monkeypatch.setattr(restarts, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(restarts, "LEAST_TIME", 0.0)
    id = add_job(service, "starved")
    run_until(service, id, "failed")
    job = service.database.jobs.get(id)
    assert job is not None
    assert job.error is not None
    assert "killed 4 times without completing another step" in job.error["message"]


def test_unreadable_progress_lines_are_skipped(service: Service) -> None:
    id = add_job(service, "garbage")
    run_until(service, id, "succeeded")
    job = service.database.jobs.get(id)
    assert job is not None
    assert [data.get("train_loss") for data in service.database.events.metrics(job)] == ["NaN", 4.0, 2.666667, 2.0]
    assert os.path.exists(service.paths.database)


def test_a_new_runner_adopts_a_living_trainer(service: Service, home: str) -> None:
    id = add_job(service, "slow")
    run_until(service, id, "running")
    until(lambda: service.runner.tick() and len(steps_of(service, id)) > 3)
    pid = (Path(service.paths.job(id)) / "pid").read_text()
    service.runner.close(save=False)
    assert trainer(service, id).is_alive()
    successor = open_service(home, catalog=service.catalog)
    seen = len(steps_of(successor, id))
    until(lambda: successor.runner.tick() and len(steps_of(successor, id)) > seen + 3)
    assert (Path(service.paths.job(id)) / "pid").read_text() == pid
    assert successor.runner.cancel(id)
    until(lambda: not successor.runner.tick())
    assert not trainer(service, id).is_alive()
    assert steps_of(successor, id) == list(range(1, len(steps_of(successor, id)) + 1))
    assert not any("interrupted" in message for message in messages(successor, id))
    successor.runner.close(save=True)
    successor.database.close()


def test_a_killed_trainer_is_restarted_and_each_step_stored_once(service: Service) -> None:
    id = add_job(service, "slow")
    run_until(service, id, "running")
    for _ in range(3):
        seen = len(steps_of(service, id))
        until(lambda seen=seen: service.runner.tick() and len(steps_of(service, id)) > seen + 3)
        trainer(service, id).signal(signal.SIGKILL)
        until(lambda: not trainer(service, id).is_alive())
    seen = len(steps_of(service, id))
    until(lambda: service.runner.tick() and len(steps_of(service, id)) > seen + 3)
    assert steps_of(service, id) == list(range(1, len(steps_of(service, id)) + 1))
    assert sum("interrupted" in message for message in messages(service, id)) == 3
    service.runner.cancel(id)


def test_a_torn_progress_line_is_dropped_before_a_restart(service: Service) -> None:
    id = add_job(service, "slow")
    run_until(service, id, "running")
    until(lambda: service.runner.tick() and len(steps_of(service, id)) > 3)
    trainer(service, id).signal(signal.SIGKILL)
    until(lambda: not trainer(service, id).is_alive())
    with open(os.path.join(service.paths.job(id), "progress.jsonl"), "a") as file:
        file.write('{"type": "metrics", "step": 9')
    seen = len(steps_of(service, id))
    until(lambda: service.runner.tick() and len(steps_of(service, id)) > seen + 3)
    assert steps_of(service, id) == list(range(1, len(steps_of(service, id)) + 1))
    service.runner.cancel(id)


def test_a_trainer_that_ended_without_a_service_is_handled_by_the_next(service: Service, home: str) -> None:
    id = add_job(service)
    run_until(service, id, "running")
    service.runner.close(save=False)
    until(lambda: not trainer(service, id).is_alive())
    successor = open_service(home, catalog=service.catalog)
    run_until(successor, id, "succeeded", "failed")
    assert status(successor, id) == "succeeded"
    successor.runner.close(save=True)
    successor.database.close()


def test_close_stops_trainers_and_the_next_service_continues(service: Service, home: str) -> None:
    id = add_job(service, "slow")
    run_until(service, id, "running")
    until(lambda: service.runner.tick() and len(steps_of(service, id)) > 3)
    service.runner.close(save=True)
    assert not trainer(service, id).is_alive()
    assert status(service, id) == "running"
    successor = open_service(home, catalog=service.catalog)
    seen = len(steps_of(successor, id))
    until(lambda: successor.runner.tick() and len(steps_of(successor, id)) > seen + 3)
    assert steps_of(successor, id) == list(range(1, len(steps_of(successor, id)) + 1))
    successor.runner.cancel(id)
    successor.runner.close(save=True)
    successor.database.close()


def test_the_finish_time_is_estimated_while_a_job_runs(service: Service) -> None:
    id = add_job(service, "slow")
    run_until(service, id, "running")

    def estimate() -> int | None:
        service.runner.tick()
        job = service.database.jobs.get(id)
        assert job is not None
        return job.estimated_finish

    assert until(estimate) > service.now()
    service.runner.cancel(id)
    assert estimate() is None


def test_trainers_get_no_api_keys_and_one_arithmetic_thread(service: Service, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")
    id = add_job(service, "slow")
    run_until(service, id, "running")
    pid = until(lambda: trainer(service, id)._read("pid"))
    environment = Path(f"/proc/{pid}/environ")
    if not environment.exists():
        return
    names = dict(part.split("=", 1) for part in environment.read_text().split("\0") if "=" in part)
    assert not [name for name in names if name.startswith("OPENAI")]
    assert names["OPENBLAS_NUM_THREADS"] == "1"
    service.runner.cancel(id)


def test_trainer_gets_the_secret_that_its_settings_name_and_no_file_has_it(home: str) -> None:
    secret = "s3cret-" + "x" * 20
    print_it = {"command": ["printf", "%s-%s", "s3cret", "x" * 20]}
    show = "printf '%s' \"$TOKEN\" | tr a-z b-za >shown; exit 3"
    trainer = FAKE._replace(command=("sh", "-c", show), env={"TOKEN": print_it})
    service = open_service(home, catalog=Catalog([trainer]))
    id = add_job(service)
    service.runner.tick()
    shown = Path(service.paths.job(id), "shown")
    until(lambda: service.runner.tick() and shown.exists() and shown.read_text())
    assert shown.read_text() == "t3dsfu-" + "y" * 20
    run_until(service, id, "failed")
    service.database.close()
    contents = [path.read_bytes() for path in Path(home).rglob("*") if path.is_file()]
    assert not any(secret.encode() in content for content in contents)


def test_job_whose_trainer_has_no_token_fails_with_the_reason(home: str) -> None:
    service = open_service(home, catalog=Catalog([FAKE._replace(env={"TOKEN": {"env": "MISSING"}})]))
    id = add_job(service)
    run_until(service, id, "failed")
    job = service.database.jobs.get(id)
    assert job is not None
    assert job.error is not None
    assert job.error["code"] == "trainer_not_started"
    assert "TOKEN of the trainer fake comes from MISSING" in job.error["message"]
    service.database.close()


def test_a_clock_that_jumps_back_keeps_the_order_of_jobs_and_events(service: Service, monkeypatch) -> None:
    now = [2_000_000_000.0]
    monkeypatch.setattr(type(service.clock), "now", lambda clock: now[0])
    first = add_job(service)
    now[0] -= 86_400
    second = add_job(service)
    run_until(service, first, "succeeded")
    now[0] -= 86_400
    run_until(service, second, "succeeded")
    jobs, _ = service.database.jobs.page(after=None, limit=9, metadata={})
    assert [job.id for job in jobs] == [second, first]
    for job in jobs:
        events, _ = service.database.events.page(job, after=None, limit=99)
        assert [event.id for event in events] == sorted({event.id for event in events}, reverse=True)
        times = [event.created_at for event in events]
        assert times == sorted(times, reverse=True)
        assert job.finished_at is not None
        assert job.finished_at >= job.created_at
    assert messages(service, first)[-1] == "The job has successfully completed"


def test_the_check_of_a_cancelled_job_does_not_delay_the_next_job(service: Service, monkeypatch) -> None:
    real = training_data.check
    begun = threading.Event()

    def check(path: str, method: str, param: str, stopped) -> int:
        if path != endless:
            return real(path, method, param, stopped)
        begun.set()
        until(stopped)
        return 0

    monkeypatch.setattr(training_data, "check", check)
    file = add_file(service)
    endless = service.paths.file(file)
    first, second = add_job(service, training_file=file), add_job(service)
    until(lambda: service.runner.tick() and begun.is_set())
    assert status(service, second) == "validating_files"
    assert service.runner.cancel(first)
    run_until(service, second, "succeeded")
    assert status(service, first) == "cancelled"


def test_a_look_stops_reading_progress_after_too_many_unreadable_lines(service: Service) -> None:
    """Decoding megabytes of invalid lines takes seconds, in which the runner would do nothing for other jobs."""
    id = add_job(service, "slow")
    run_until(service, id, "running")
    with open(os.path.join(service.paths.job(id), "progress.jsonl"), "ab") as file:
        file.write(b"nonsense\n" * (3 * LONGEST_READ // 9))
    run_until(service, id, "failed")
    job = service.database.jobs.get(id)
    assert job is not None
    assert job.offset < 2 * LONGEST_READ
