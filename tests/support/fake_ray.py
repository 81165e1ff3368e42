"""Ray Jobs without a cluster: the REST interface as a function, and the files that our script writes.

A test moves jobs by hand: `run`, `end`, `fail`. `tests/server/launchers/test_real_ray.py` sends the same requests to
the fake and to Ray, and compares the answers.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fttui.server.launchers.answers import NoAnswer

_MEMBERS: dict[str, tuple[type, ...]] = {
    "entrypoint": (str,),
    "submission_id": (str,),
    "runtime_env": (dict,),
    "metadata": (dict,),
    "entrypoint_num_cpus": (int, float),
    "entrypoint_num_gpus": (int, float),
    "entrypoint_memory": (int,),
    "entrypoint_resources": (dict,),
    "entrypoint_label_selector": (dict,),
}
_WAITS_FOR_RESOURCES = " It may be waiting for resources (CPUs, GPUs, memory, custom resources) to become available."
_WAITS_FOR_ENVIRONMENT = " It may be waiting for the runtime environment to be set up."


@dataclass
class FakeRayJob:
    """Job of the fake cluster."""

    id: str
    body: Mapping[str, Any]
    status: str = "PENDING"
    message: str = ""
    error_type: str | None = None
    exit_code: int | None = None
    host: str = ""
    is_stopped: bool = False

    @property
    def name(self) -> str:
        return self.id

    @property
    def number(self) -> str:
        return self.id.rpartition("-")[2]

    @property
    def script(self) -> Path:
        return Path(self.body["entrypoint"].split()[2])

    @property
    def directory(self) -> Path:
        return self.script.parent

    def shown(self) -> dict[str, Any]:
        return {
            "type": "SUBMISSION",
            "job_id": None,
            "submission_id": self.id,
            "driver_info": None,
            "status": self.status,
            "entrypoint": self.body["entrypoint"],
            "message": self.message,
            "error_type": self.error_type,
            "start_time": 1795892093736,
            "end_time": None,
            "metadata": self.body.get("metadata"),
            "runtime_env": self.body.get("runtime_env"),
            "driver_agent_http_address": f"http://{self.host}:52365" if self.host else None,
            "driver_node_id": None,
            "driver_exit_code": self.exit_code,
        }


@dataclass
class FakeRay:
    """Cluster that takes the requests of `RayCluster`."""

    jobs: dict[str, FakeRayJob] = field(default_factory=dict)
    is_away: bool = False
    dies_after_submission: bool = False
    """The caller is killed after the request, before it sees the answer."""
    loses_answer: bool = False
    """The answer to the next submission is lost on its way."""
    ignores_sigterm: bool = False
    """Trainers go on when Ray stops their jobs."""
    calls: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, bytes]:
        self.calls.append((method, path))
        if self.is_away:
            raise NoAnswer("no connection: Connection refused")
        name = unquote(path.removeprefix("/api/jobs/"))
        match method, name.split("/"):
            case "GET", [""]:
                return _answer([job.shown() for job in self.jobs.values()])
            case "POST", [""]:
                return self._submit(json.loads(json.dumps(body)))
            case "GET", [id] if id in self.jobs:
                return _answer(self.jobs[id].shown())
            case "POST", [id, "stop"] if id in self.jobs:
                return self._stop(self.jobs[id])
            case ("GET", [id]) | ("POST", [id, "stop"]):
                return 404, f"Job {id} does not exist".encode()
        return 404, b"404: Not Found"

    def submissions(self) -> int:
        return self.calls.count(("POST", "/api/jobs/"))

    def _submit(self, body: dict[str, Any]) -> tuple[int, bytes]:
        for name, value in body.items():
            if name not in _MEMBERS:
                return _refusal(400, f"JobSubmitRequest.__init__() got an unexpected keyword argument '{name}'")
            if not isinstance(value, _MEMBERS[name]):
                kind = "a number" if float in _MEMBERS[name] else f"a {_MEMBERS[name][0].__name__}"
                return _refusal(400, f"{name} must be {kind}, got {type(value)}")
        id = body["submission_id"]
        if id in self.jobs:
            text = f"Job with submission_id {id} already exists. Please use a different submission_id."
            return _refusal(500, f"Request failed with status code 400: Traceback:\nValueError: {text}\n.")
        message = "Job has not started yet."
        if any(body.get(name) for name in _MEMBERS if name.startswith("entrypoint_") and "label" not in name):
            message += _WAITS_FOR_RESOURCES
        if body.get("runtime_env"):
            message += _WAITS_FOR_ENVIRONMENT
        self.jobs[id] = FakeRayJob(id, body, message=message)
        if self.dies_after_submission:
            self.dies_after_submission = False
            raise KeyboardInterrupt
        if self.loses_answer:
            self.loses_answer = False
            raise NoAnswer("no answer within 15 s")
        return _answer({"job_id": id, "submission_id": id})

    def _stop(self, job: FakeRayJob) -> tuple[int, bytes]:
        is_live = job.status in ("PENDING", "RUNNING")
        job.is_stopped = is_live
        if job.status == "RUNNING" and not self.ignores_sigterm:
            self.end(job, 143, "STOPPED")
        return _answer({"stopped": is_live})

    # What happens on the nodes

    def run(self, job: FakeRayJob, host: str = "10.0.0.1") -> None:
        """Start a job, as our script does."""
        job.status, job.message, job.host = "RUNNING", "Job is currently running.", host
        (job.directory / "exit").unlink(missing_ok=True)
        with (job.directory / "runs").open("a") as file:
            file.write(f"{job.number} {job.id} 0 node-1 {int(time.time())}\n")

    def end(self, job: FakeRayJob, code: int | None, status: str | None = None) -> None:
        """End a running job. None as code: its script was killed."""
        if code is not None:
            (job.directory / "exit").write_text(f"{code}\n")
        job.status = status or ("SUCCEEDED" if code == 0 else "FAILED")
        job.exit_code = None if job.status == "STOPPED" else 137 if code is None else code
        job.message = {"STOPPED": "Job was intentionally stopped.", "SUCCEEDED": "Job finished successfully."}.get(
            job.status, f"Job entrypoint command failed with exit code {job.exit_code}, last available logs"
        )
        job.error_type = "JOB_ENTRYPOINT_COMMAND_ERROR" if job.status == "FAILED" else None

    def fail(self, job: FakeRayJob, error_type: str, message: str, exit_code: int | None = None) -> None:
        """End a job by a failure of the cluster."""
        job.status, job.error_type, job.message, job.exit_code = "FAILED", error_type, message, exit_code


def _answer(content: object) -> tuple[int, bytes]:
    return 200, json.dumps(content).encode()


def _refusal(status: int, text: str) -> tuple[int, bytes]:
    name = "RuntimeError" if status == 500 else "TypeError"
    return status, f'Traceback (most recent call last):\n  File "job_head.py"\n{name}: {text}\n'.encode()
