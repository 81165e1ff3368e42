"""Jobs on a fake Slurm cluster: each ends in the right state, whatever happens to it."""

import errno
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from fttui.own_files import not_own
from fttui.server.api import json_objects
from fttui.server.launchers import submission_files
from fttui.server.launchers.base import EngineUnreachable, JobTrainer
from fttui.server.launchers.slurm import Slurm
from fttui.server.launchers.slurm_queue import Queue
from fttui.server.storage.disk_space import DiskSpace
from fttui.server.storage.job_dir import JobDirectory
from fttui.server.storage.reports import StopDecision
from tests.server.conftest import until
from tests.server.launchers.conftest import Cluster
from tests.support.clock import FakeClock
from tests.support.fake_slurm import FakeJob, FakeSlurm


def test_job_is_queued_until_slurm_runs_it_and_then_succeeds(cluster: Cluster) -> None:
    id = cluster.validated()
    (job,) = cluster.submitted(id)
    assert cluster.job(id).status == "queued"
    assert json.loads((job.directory / "job.json").read_text())["engine"] == "slurm"
    cluster.slurm.run(job, "n2")
    cluster.look()
    assert cluster.job(id).status == "running"
    sent = json_objects.job(cluster.job(id))["fttui"]
    assert sent["engine"] == {"name": "lab", "kind": "slurm"}
    life = {"state": "running", "host": "n2", "reason": "", "attempt": 1, "id": "4711", "limit": 28800}
    assert life.items() <= sent["life"].items()
    cluster.steps(job, 1, 2, 3, 4)
    cluster.finish(job)
    cluster.look()
    done = cluster.job(id)
    assert (done.status, done.step, done.trained_tokens) == ("succeeded", 4, 9)
    assert cluster.messages(id)[3:] == [
        "Submitted to lab: Slurm job 4711",
        "Waiting in Slurm: Priority (other jobs are first)",
        "Fine-tuning job started",
        "Running on n2",
        "Step 1/4: training loss=8.00",
        "Step 2/4: training loss=4.00",
        "Step 3/4: training loss=2.67",
        "Step 4/4: training loss=2.00",
        f"New fine-tuned model created: {done.fine_tuned_model}",
        "The job has successfully completed",
    ]
    assert cluster.slurm.count("sbatch") == 1


def test_trainer_gets_the_number_of_nodes_that_its_job_asks_for(cluster: Cluster) -> None:
    for metadata, expected in (({"fttui.slurm.nodes": "2"}, 2), ({}, None)):
        (job,) = cluster.submitted(cluster.validated(metadata=metadata))
        assert json.loads((job.directory / "job.json").read_text())["nodes"] == expected


def running(cluster: Cluster, *steps: int) -> tuple[str, FakeJob]:
    """Return a job that runs on n1, and has reported these steps."""
    id = cluster.validated()
    (job,) = cluster.submitted(id)
    cluster.slurm.run(job)
    cluster.steps(job, *steps)
    cluster.look()
    assert cluster.job(id).status == "running"
    return id, job


def test_cancel_of_a_waiting_job_removes_it_from_the_queue(cluster: Cluster) -> None:
    id = cluster.validated()
    (job,) = cluster.submitted(id)
    assert cluster.service.runner.cancel(id)
    cluster.look()
    assert (cluster.job(id).status, job.state, cluster.job(id).tidied) == ("cancelled", "CANCELLED", True)


def test_cancel_of_a_running_job_ends_it_in_slurm(cluster: Cluster) -> None:
    id, job = running(cluster, 1, 2)
    assert cluster.service.runner.cancel(id)
    assert (job.directory / "cancelled").exists()
    cluster.look()
    assert ["scancel", "--full", "--signal=TERM", job.id] in cluster.slurm.calls
    assert (cluster.job(id).status, cluster.job(id).step, cluster.job(id).tidied) == ("cancelled", 2, True)
    assert cluster.slurm.count("sbatch") == 1


def test_script_alone_tells_a_job_on_several_nodes_to_save(cluster: Cluster) -> None:
    id, job = running(cluster, 1)
    job.nodes = 2
    cluster.look()
    assert cluster.service.runner.pause(id)
    cluster.look()
    assert ["scancel", "--batch", "--signal=TERM", job.id] in cluster.slurm.calls


def test_job_that_ends_on_its_nodes_one_by_one_was_not_started_again(cluster: Cluster) -> None:
    id = cluster.validated()
    (job,) = cluster.submitted(id)
    cluster.slurm.run(job, "n[1-2]")
    cluster.look()
    job.state, job.node = "COMPLETING", "n1"
    cluster.look()
    assert cluster.messages(id)[-1] == "Running on n[1-2]"


def test_paused_job_is_submitted_again_when_it_is_resumed(cluster: Cluster) -> None:
    id, job = running(cluster, 1, 2)
    assert cluster.service.runner.pause(id)
    cluster.look()
    assert (cluster.job(id).status, job.state) == ("paused", "FAILED")
    asked = cluster.slurm.count("squeue")
    cluster.look(9)
    assert cluster.slurm.count("squeue") == asked, "Slurm is not asked about a job that it does not have"
    assert cluster.service.runner.resume(id)
    cluster.look()
    assert cluster.job(id).status == "queued"
    again = cluster.submitted(id)[1]
    cluster.slurm.run(again, "n2")
    cluster.steps(again, 3, 4)
    cluster.finish(again)
    cluster.look()
    assert (cluster.job(id).status, cluster.slurm.count("sbatch")) == ("succeeded", 2)
    assert "Running on n2, attempt 2" in cluster.messages(id)


def test_job_that_is_resumed_while_its_trainer_still_saves_waits_for_its_end(cluster: Cluster) -> None:
    id, job = running(cluster, 1, 2)
    cluster.slurm.ignores_sigterm = True
    cluster.service.runner.pause(id)
    cluster.look(1)
    cluster.service.runner.resume(id)
    cluster.reopen()
    cluster.look()
    assert (cluster.job(id).status, cluster.slurm.count("sbatch")) == ("queued", 1)
    cluster.look(2)
    assert job.state == "CANCELLED", "it has had its time to save"
    cluster.look()
    said = cluster.messages(id)
    assert (cluster.slurm.count("sbatch"), sum("Submitted to" in message for message in said)) == (2, 2)
    assert not any("submitting it again" in message for message in said)


def test_submission_is_not_taken_over_before_slurm_has_answered(tmp_path: Path) -> None:
    clock = FakeClock()
    silent = Slurm(Queue(clock, run=FakeSlurm(), start=lambda work: None), clock)
    (tmp_path / "submission").write_text("1 4711\n")
    with pytest.raises(EngineUnreachable):
        JobTrainer(silent, JobDirectory(str(tmp_path))).is_stopping()


def test_job_that_slurm_takes_off_its_node_is_queued_and_goes_on_with_the_same_id(cluster: Cluster) -> None:
    id, job = running(cluster, 1, 2)
    cluster.slurm.requeue(job)
    cluster.look()
    found = cluster.job(id)
    assert found.status == "queued"
    assert found.life is not None
    assert (found.life["state"], found.life["reason"]) == ("waiting", "BeginTime")
    cluster.look(500, seconds=60)
    assert cluster.job(id).status == "queued", "silence does not count while it waits"
    cluster.slurm.run(job, "n2")
    cluster.steps(job, 3)
    cluster.look()
    assert (cluster.job(id).status, cluster.job(id).step) == ("running", 3)
    assert cluster.slurm.count("sbatch") == 1
    assert cluster.messages(id)[-5:] == [
        "Slurm took the job off n1 after step 2, by preemption or a requeue; it waits to go on",
        "Waiting in Slurm: BeginTime (Slurm waits before it starts the job again)",
        "Fine-tuning job started",
        "Running on n2, attempt 2",
        "Step 3/4: training loss=2.67",
    ]


def runs_unseen(cluster: Cluster, job: FakeJob, node: str) -> None:
    """Start a job on a node, whose script has not written that yet."""
    job.state, job.node, job.reason = "RUNNING", node, ""
    cluster.look()


@pytest.mark.parametrize("node", ["n1", "n2"])
def test_second_start_is_told_once_however_late_its_script_tells_it(cluster: Cluster, node: str) -> None:
    id, job = running(cluster, 1, 2)
    cluster.slurm.requeue(job)
    cluster.look()
    for _ in range(2):
        runs_unseen(cluster, job, node)
    assert cluster.messages(id)[-1] == f"Running on {node}, attempt 2"
    cluster.slurm.run(job, node)
    cluster.look()
    assert cluster.messages(id)[-1] == f"Running on {node}, attempt 2"
    assert (cluster.job(id).life or {})["attempt"] == 2


def test_second_start_that_slurm_makes_between_two_looks_is_told_once(cluster: Cluster) -> None:
    id, job = running(cluster, 1, 2)
    runs_unseen(cluster, job, "n2")
    cluster.slurm.run(job, "n2")
    cluster.look()
    said = cluster.messages(id)
    assert said[-1] == "Slurm started the job again on n2, attempt 2"
    assert sum("again" in message for message in said) == 1


def test_start_of_a_resubmitted_job_is_told_once_however_late_its_script_tells_it(cluster: Cluster) -> None:
    id, job = running(cluster, 1, 2)
    cluster.slurm.end(job, 137, "FAILED")
    cluster.look(9)
    (_, again) = cluster.submitted(id)
    runs_unseen(cluster, again, "n2")
    assert cluster.messages(id)[-1] == "Running on n2, attempt 2"
    cluster.slurm.run(again, "n2")
    cluster.look()
    assert cluster.messages(id)[-1] == "Running on n2, attempt 2"


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        ("TIMEOUT", 143, "reached its time limit after step 2"),
        ("FAILED", 143, "was interrupted after step 2"),
        ("NODE_FAIL", None, "lost its node after step 2"),
        ("FAILED", 137, "was interrupted after step 2"),
    ],
)
def test_interrupted_job_is_submitted_again(cluster: Cluster, state: str, code: int | None, words: str) -> None:
    id, job = running(cluster, 1, 2)
    cluster.slurm.end(job, code, state)
    cluster.look(9)
    assert cluster.job(id).status == "queued"
    assert f"Slurm job {job.id} {words}; submitting it again, from its last saved state" in cluster.messages(id)
    (_, again) = cluster.submitted(id)
    cluster.slurm.run(again, "n2")
    cluster.steps(again, 2, 3, 4)
    cluster.finish(again)
    cluster.look()
    assert cluster.job(id).status == "succeeded"
    steps = [message for message in cluster.messages(id) if message.startswith("Step")]
    assert len(steps) == 4, "a repeated step is dropped"


def test_exit_code_that_a_network_disk_shows_late_is_waited_for(cluster: Cluster) -> None:
    id, job = running(cluster, 1)
    cluster.slurm.end(job, None)
    cluster.slurm.forget(job)
    cluster.look(2)
    assert cluster.job(id).status == "running"
    cluster.steps(job, 2, 3, 4)
    cluster.finish(job)
    cluster.look()
    assert (cluster.job(id).status, cluster.slurm.count("sbatch")) == ("succeeded", 1)


def test_ended_jobs_are_not_remembered(cluster: Cluster) -> None:
    id, job = running(cluster, 1)
    assert cluster.remembered(id)
    cluster.steps(job, 2, 3, 4)
    cluster.slurm.end(job, None)
    cluster.look(2)
    cluster.finish(job)
    until(lambda: (cluster.look(1), cluster.job(id).tidied)[1])
    assert not cluster.remembered(id)


def test_controller_that_is_away_changes_nothing(cluster: Cluster) -> None:
    id, job = running(cluster, 1)
    waiting = cluster.add()
    cluster.slurm.is_away = True
    cluster.steps(job, 2)
    cluster.look(9, seconds=60)
    found = cluster.job(id)
    assert (found.status, found.step) == ("running", 2)
    assert found.life is not None
    assert (found.life["state"], found.life["host"]) == ("unknown", "n1")
    cluster.service.runner.cancel(waiting)
    cluster.steps(job, 3, 4)
    cluster.finish(job)
    cluster.look()
    assert cluster.job(id).status == "running"
    cluster.slurm.is_away = False
    cluster.look()
    assert cluster.job(id).status == "succeeded"
    said = cluster.messages(id)
    away = "Slurm does not answer; the job stays as it is (squeue: error: Unable to contact slurm controller"
    assert sum(message.startswith(away) for message in said) == 1
    assert said.count("Slurm answers again") == 1


def test_job_waits_in_the_service_while_the_controller_is_away(cluster: Cluster) -> None:
    cluster.slurm.is_away = True
    id = cluster.validated()
    cluster.look(5)
    assert (cluster.job(id).status, cluster.job(id).life) == ("queued", None)
    cluster.slurm.is_away = False
    cluster.look()
    assert len(cluster.submitted(id)) == 1


def test_service_killed_after_sbatch_finds_the_job_again(cluster: Cluster) -> None:
    id = cluster.add()
    cluster.slurm.dies_after_sbatch = True
    with pytest.raises(KeyboardInterrupt):
        until(lambda: cluster.look(1))
    (job,) = cluster.submitted(id)
    assert (job.directory / "submission").read_text() == "1 \n"
    cluster.reopen()
    cluster.look()
    assert (job.directory / "submission").read_text() == f"1 {job.id}\n"
    cluster.slurm.run(job)
    cluster.look()
    assert (cluster.job(id).status, cluster.slurm.count("sbatch")) == ("running", 1)


def test_service_killed_after_sbatch_of_a_job_that_has_ended_meanwhile_does_not_submit_it_again(
    cluster: Cluster,
) -> None:
    id = cluster.add()
    cluster.slurm.dies_after_sbatch = True
    with pytest.raises(KeyboardInterrupt):
        until(lambda: cluster.look(1))
    (job,) = cluster.submitted(id)
    cluster.slurm.run(job)
    cluster.steps(job, 1, 2, 3, 4)
    cluster.finish(job)
    cluster.slurm.forget(job)
    cluster.reopen()
    cluster.look(5)
    assert (cluster.job(id).status, cluster.slurm.count("sbatch")) == ("succeeded", 1)


def test_new_service_goes_on_with_the_jobs_of_a_killed_one(cluster: Cluster) -> None:
    id, job = running(cluster, 1)
    cluster.reopen()
    cluster.steps(job, 2)
    cluster.look()
    assert (cluster.job(id).status, cluster.job(id).step) == ("running", 2)
    cluster.steps(job, 3, 4)
    cluster.finish(job)
    cluster.look()
    assert (cluster.job(id).status, cluster.slurm.count("sbatch")) == ("succeeded", 1)


def test_end_of_the_service_leaves_engine_jobs_alone(cluster: Cluster) -> None:
    _, job = running(cluster, 1)
    assert cluster.service.database.jobs.is_any_live()
    cluster.service.runner.close(save=True)
    assert (job.state, cluster.slurm.count("scancel")) == ("RUNNING", 0)


def test_refusal_fails_the_job_with_the_words_of_slurm(cluster: Cluster) -> None:
    cluster.slurm.refusal = "invalid partition specified: gpu"
    id = cluster.validated()
    cluster.look()
    found = cluster.job(id)
    assert found.error is not None
    assert found.error["message"].startswith("Slurm refused the job: invalid partition specified: gpu")


def test_limit_of_submissions_of_the_cluster_is_waited_for(cluster: Cluster) -> None:
    cluster.slurm.refusal = "QOSMaxSubmitJobPerUserLimit"
    id = cluster.validated()
    cluster.look()
    assert cluster.job(id).status == "queued"
    cluster.slurm.refusal = ""
    cluster.look()
    assert len(cluster.submitted(id)) == 1


def test_client_of_slurm_without_a_configuration_is_waited_for(cluster: Cluster) -> None:
    cluster.slurm.refusal = "resolve_ctls_from_dns_srv: res_nsearch error: Unknown host\n" + NO_CONFIGURATION
    id = cluster.validated()
    assert cluster.job(id).status == "queued"
    reason = "there is no configuration of Slurm here, in SLURM_CONF or from a server"
    assert cluster.messages(id)[-1] == f"Waiting for lab: {reason}"


NO_CONFIGURATION = "sbatch: fatal: Could not establish a configuration source"
ALL_LIMITS = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


def test_job_that_breaks_an_unnamed_limit_waits_and_holds_up_no_other(cluster: Cluster) -> None:
    cluster.slurm.refusal, cluster.slurm.refused = ALL_LIMITS, "--time=9:00:00"
    id, next = (cluster.validated(metadata={"fttui.slurm.time": time}) for time in ("9:00:00", "1:00:00"))
    cluster.look(5)
    assert [cluster.job(job).life is None for job in (id, next)] == [True, False]
    said = [message for message in cluster.messages(id) if "Waiting for lab: " in message]
    assert (len(said), ALL_LIMITS in said[0]) == (1, True)


def test_job_that_breaks_a_limit_of_its_size_fails(cluster: Cluster) -> None:
    cluster.slurm.refusal = f"QOSMaxWallDurationPerJobLimit {ALL_LIMITS}"
    id = cluster.validated()
    assert cluster.job(id).status == "failed"


def test_wait_for_an_engine_that_is_away_is_told_once(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    cluster.slurm.is_away = True
    id = cluster.validated()
    cluster.look(9)
    said = [message for message in cluster.messages(id) if message.startswith("Waiting for lab: squeue: error: ")]
    assert (len(said), caplog.text.count("waits for its engine")) == (1, 1)


def test_job_that_somebody_cancelled_in_slurm_is_paused(cluster: Cluster) -> None:
    waiting, (ran, job) = cluster.validated(), running(cluster, 1)
    cluster.submitted(waiting)[0].state = "CANCELLED"
    cluster.slurm.end(job, 143, "CANCELLED")
    cluster.look()
    assert [cluster.job(id).status for id in (waiting, ran)] == ["paused", "paused"]
    assert "was cancelled outside fttui. The job is paused" in cluster.messages(ran)[-1]
    assert cluster.slurm.count("sbatch") == 2


def test_job_that_ends_between_two_looks_succeeds(cluster: Cluster) -> None:
    id = cluster.validated()
    (job,) = cluster.submitted(id)
    cluster.slurm.run(job, "n2")
    cluster.steps(job, 1, 2, 3, 4)
    cluster.finish(job)
    cluster.look()
    assert cluster.job(id).status == "succeeded"
    assert "Running on n2" in cluster.messages(id)


def test_changed_configuration_does_not_lose_a_running_job(cluster: Cluster, tmp_path: Path) -> None:
    id, job = running(cluster, 1)
    cluster.configure(trainer={"engine": ""}, max_running=3)
    cluster.steps(job, 2)
    cluster.look()
    assert cluster.job(id).step == 2
    cluster.slurm.end(job, 143, "FAILED")
    cluster.look()
    assert len(cluster.submitted(id)) == 2, "it is submitted again, as it was configured"
    assert "--partition=gpu" in cluster.submitted(id)[1].words
    assert "--time=1:00:00" not in cluster.submitted(id)[1].words, "the trainer has options for its new place"


def test_engine_has_at_most_max_submitted_jobs(home: str, tmp_path: Path) -> None:
    os.makedirs(os.path.dirname(home), exist_ok=True)
    cluster = Cluster(home, tmp_path / "shared", max_submitted=2)
    ids = [cluster.validated() for _ in range(4)]
    cluster.look()
    assert cluster.slurm.count("sbatch") == 2
    cluster.service.runner.cancel(ids[0])
    cluster.look()
    assert cluster.slurm.count("sbatch") == 3
    cluster.service.database.close()


def test_full_shared_disk_pauses_the_job_until_there_is_room(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    id, job = running(cluster, 1)
    free = DiskSpace.free
    monkeypatch.setattr(DiskSpace, "free", lambda disk: 0 if "shared" in disk._home else free(disk))
    cluster.slurm.end(job, None, "FAILED")
    cluster.slurm.forget(job)
    cluster.look(9)
    found = cluster.job(id)
    assert (found.status, found.waits_for_room) == ("paused", True)
    monkeypatch.setattr(DiskSpace, "free", free)
    cluster.look()
    assert (cluster.job(id).status, cluster.slurm.count("sbatch")) == ("queued", 2)


def test_full_disk_of_the_service_is_no_reason_of_an_engine_job(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, job = running(cluster, 1)
    free = DiskSpace.free
    monkeypatch.setattr(DiskSpace, "free", lambda disk: free(disk) if "shared" in disk._home else 0)
    cluster.slurm.end(job, 3, "FAILED")
    cluster.look()
    assert (cluster.job(id).error or {})["message"].startswith("The trainer exited with code 3.")


def test_job_of_a_disk_that_is_away_waits(cluster: Cluster, tmp_path: Path) -> None:
    id = cluster.add()
    (tmp_path / "shared").rename(tmp_path / "away")
    until(lambda: (cluster.look(1), cluster.job(id).status != "validating_files")[1])
    cluster.look()
    assert (cluster.job(id).status, cluster.slurm.count("sbatch")) == ("queued", 0)
    (tmp_path / "away").rename(tmp_path / "shared")
    cluster.look()
    assert cluster.slurm.count("sbatch") == 1


@pytest.mark.parametrize("parents", [0, 1])
def test_directory_that_another_user_may_have_made_is_refused(cluster: Cluster, tmp_path: Path, parents: int) -> None:
    id = cluster.add()
    path = Path(cluster.job(id).root or "")
    path = path.parent if parents else path
    path.mkdir(parents=True)
    path.chmod(0o777)
    until(lambda: (cluster.look(1), cluster.job(id).status != "validating_files")[1])
    cluster.look()
    refused = f"The directory {path} is refused: other users can write to it"
    assert (cluster.job(id).error or {})["message"].startswith(refused)
    path.rmdir()
    path.symlink_to(tmp_path)
    assert not_own(str(path)) == "it is a symbolic link"


def test_disk_that_fails_holds_up_no_other_job(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    id, _ = running(cluster, 1)
    cluster.service.runner.pause(id)
    cluster.look()
    other, going = running(cluster, 1)
    read = submission_files.lines

    def fail(directory: JobDirectory, name: str) -> Sequence[str]:
        if id in directory.path:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return read(directory, name)

    monkeypatch.setattr(submission_files, "lines", fail)
    cluster.steps(going, 2)
    cluster.look()
    assert cluster.job(other).step == 2
    assert cluster.job(id).status == "paused"


@pytest.mark.parametrize("is_mount_point", [False, True])
def test_job_whose_disk_is_away_is_neither_ended_nor_deleted(
    cluster: Cluster, tmp_path: Path, is_mount_point: bool
) -> None:
    def unmount() -> None:
        (tmp_path / "shared").rename(tmp_path / "away")
        if is_mount_point:
            (tmp_path / "shared").mkdir()

    id, job = running(cluster, 1)
    unmount()
    cluster.reopen()
    cluster.look(3, seconds=1000)
    found = cluster.job(id)
    assert (found.status, (found.life or {})["state"], (found.life or {})["host"]) == ("running", "away", "n1")
    assert cluster.service.runner.cancel(id)
    cluster.look()
    assert (cluster.job(id).tidied, job.state) == (False, "RUNNING"), "Slurm still runs it"
    assert "Mount its disk" in cluster.service.runner.delete(id)
    assert "Mount its disk" in refused(cluster, id)
    (tmp_path / "away").rename(tmp_path / "shared")
    cluster.look()
    assert (cluster.job(id).tidied, job.state) == (True, "FAILED")
    unmount()
    assert "Mount its disk" in cluster.service.runner.delete(id)
    (tmp_path / "away").rename(tmp_path / "shared")
    assert not cluster.service.runner.delete(id)
    assert not job.directory.exists()


def refused(cluster: Cluster, id: str) -> str:
    """Return why a job is not pruned."""
    (pruned,) = cluster.service.runner.prune([id], dry_run=False)
    return pruned.refusal


def test_job_whose_disk_is_away_is_still_cancelled_in_slurm(cluster: Cluster, tmp_path: Path) -> None:
    id = cluster.validated()
    (tmp_path / "shared").rename(tmp_path / "away")
    cluster.service.runner.cancel(id)
    cluster.look()
    assert (cluster.submitted(id)[0].state, cluster.job(id).tidied) == ("CANCELLED", False)


def test_events_tell_that_the_disk_was_away(cluster: Cluster, tmp_path: Path) -> None:
    id, _ = running(cluster, 1)
    (tmp_path / "shared").rename(tmp_path / "away")
    cluster.look()
    (tmp_path / "away").rename(tmp_path / "shared")
    cluster.look()
    assert cluster.messages(id)[-2:] == [
        f"The directory {tmp_path}/shared of the engine lab does not exist; the job stays as it is",
        "The directory of the engine is there again",
    ]


def test_delete_tells_that_the_engine_does_not_answer(cluster: Cluster) -> None:
    id, job = running(cluster, 1)
    cluster.service.runner.cancel(id)
    cluster.slurm.is_away = True
    cluster.look()
    assert cluster.service.runner.delete(id).startswith("Slurm does not answer, and only Slurm knows")
    assert refused(cluster, id).startswith("Slurm does not answer, and only Slurm knows")
    cluster.service.database.close()
    shutil.rmtree(job.directory)
    cluster.open()
    assert not cluster.service.runner.delete(id), "the way out that it names"


def test_options_come_from_engine_trainer_and_job_in_this_order(cluster: Cluster) -> None:
    id = cluster.validated(metadata={"fttui.slurm.time": "2:00:00", "fttui.slurm.exclusive": ""})
    words = cluster.submitted(id)[0].words
    at = [words.index(word) for word in ("--partition=gpu", "--time=1:00:00", "--time=2:00:00", "--exclusive")]
    assert at == sorted(at)


def test_no_secret_is_written_to_the_shared_disk(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_s3cr3t")
    monkeypatch.setenv("LAB_KEY", "lab_s3cr3t")
    monkeypatch.setenv("UNLISTED", "unlisted")
    cluster.configure(
        engines=json.loads(cluster.settings.read_text())["engines"],
        trainer={"env": {"WORDS": "it's plain", "MY_KEY": {"env": "LAB_KEY"}}},
    )
    id = cluster.validated()
    (job,) = cluster.submitted(id)
    assert "--export=HF_TOKEN,MY_KEY" in job.words
    assert job.variables == {"HF_TOKEN": "hf_s3cr3t", "MY_KEY": "lab_s3cr3t"}
    assert "WORDS='it'\"'\"'s plain'" in job.script
    assert "unlisted" not in job.script
    on_disk = "".join(path.read_text() for path in (tmp_path / "shared").rglob("*") if path.is_file())
    assert "s3cr3t" not in job.script + on_disk + " ".join(job.words)


def test_queue_of_slurm_is_asked_once_for_all_jobs(cluster: Cluster) -> None:
    for _ in range(3):
        cluster.validated()
    before = cluster.slurm.count("squeue")
    for _ in range(100):
        cluster.service.runner.tick()
    assert cluster.slurm.count("squeue") == before
    cluster.look(10)
    assert cluster.slurm.count("squeue") == before + 10


def test_jobs_of_an_engine_are_read_only_after_its_answer(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    id, job = running(cluster, 1)
    cluster.validated()
    cluster.service.runner.tick()
    jobs, read = cluster.service.database.jobs, []
    at_engines = jobs.at_engines
    monkeypatch.setattr(jobs, "at_engines", lambda: (read.append(1), at_engines())[1])
    for _ in range(9):
        cluster.service.runner.tick()
    assert not read
    cluster.service.runner.cancel(id)
    cluster.service.runner.tick()
    assert (read, job.state) == ([1], "FAILED"), "a request is done at once"
    cluster.look(2)
    assert len(read) == 3


def test_waiting_job_is_looked_at_without_the_shared_disk(cluster: Cluster) -> None:
    id = cluster.validated()
    (job,) = cluster.submitted(id)
    (job.directory / "submission").rename(job.directory / "away")
    job.reason = "Resources"
    cluster.look()
    assert (cluster.job(id).life or {})["reason"] == "Resources"
    (job.directory / "away").rename(job.directory / "submission")
    cluster.reopen()
    cluster.look()
    assert (cluster.job(id).status, cluster.slurm.count("sbatch")) == ("queued", 1)


def test_deleted_job_leaves_nothing_on_the_shared_disk(cluster: Cluster) -> None:
    id, job = running(cluster, 1)
    cluster.steps(job, 2, 3, 4)
    cluster.finish(job)
    until(lambda: (cluster.look(1), cluster.job(id).tidied)[1])
    assert (job.directory / "model-4").exists()
    assert not cluster.service.runner.delete(id)
    assert list(job.directory.parent.iterdir()) == []


def test_lost_database_is_rebuilt_with_the_jobs_of_engines(cluster: Cluster) -> None:
    id, _ = running(cluster, 1, 2)
    cluster.service.database.close()
    for path in (*Path(cluster.home).glob("service.db*"), *Path(cluster.home, "copy").iterdir()):
        path.unlink()
    cluster.open()
    cluster.look()
    assert (cluster.job(id).status, cluster.job(id).step) == ("running", 2)
    assert cluster.slurm.count("sbatch") == 1


def test_job_that_no_node_can_start_is_given_up_with_the_reason(cluster: Cluster) -> None:
    id = cluster.validated()
    for _ in range(60):
        for job in cluster.submitted(id):
            if job.state == "PENDING":
                job.state = "FAILED"
        cluster.look(1)
    found = cluster.job(id)
    assert found.error is not None
    assert "times before it started (FAILED). Do the nodes see " in found.error["message"]


def test_rule_stops_a_job_that_slurm_took_off_its_node(cluster: Cluster) -> None:
    id, job = running(cluster, 1, 2)
    (job.directory / "model-2").write_text("weights")
    cluster.report(job, {"type": "checkpoint", "step": 2, "path": "model-2", "metrics": {}})
    cluster.look()
    cluster.slurm.requeue(job)
    stop = StopDecision("diverging", 2, 2, "The training loss rises.")
    database, found = cluster.service.database, cluster.job(id)
    database.jobs.store_reports(found, [], found.offset, None, cluster.service.now(), stop=stop)
    cluster.look()
    assert (job.state, cluster.job(id).status) == ("CANCELLED", "succeeded")


def test_trainer_is_warned_as_long_before_its_time_limit_as_it_needs(cluster: Cluster) -> None:
    assert "--signal=B:TERM@60" in cluster.submitted(cluster.validated())[0].words
    cluster.configure(engines=json.loads(cluster.settings.read_text())["engines"], trainer={"stop_after": 300})
    assert "--signal=B:TERM@300" in cluster.submitted(cluster.validated())[0].words


def test_many_jobs_are_submitted_little_by_little(home: str, tmp_path: Path) -> None:
    os.makedirs(os.path.dirname(home), exist_ok=True)
    cluster = Cluster(home, tmp_path / "shared", max_submitted=2000)
    cluster.add_queued(50)
    counts = []
    for _ in range(3):
        cluster.clock.advance(6)
        for _ in range(4):
            cluster.service.runner.tick()
        counts.append(cluster.slurm.count("sbatch"))
    assert counts == [20, 40, 50]
    cluster.service.database.close()
