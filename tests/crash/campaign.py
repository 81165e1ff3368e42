"""Crash campaign: kill processes at random moments, and check after each kill that nothing is lost.

One seed determines everything random. The campaign kills the service, the process group of a trainer, one process of a
trainer, service and trainers together, or a service that is starting, during training, checkpoints, uploads and
deletions.
"""

import base64
import collections
import hashlib
import itertools
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import httpx

from fttui.server import control
from fttui.server.launchers.trainer_process import JOB_VARIABLE, TrainerProcess
from fttui.server.trainers.tiny.job_files import load_model
from fttui.server.trainers.tiny.network import STANDARD
from tests.crash.damage import Damage

FINAL = ("succeeded", "failed", "cancelled")
LIVE = ("validating_files", "queued", "running")
KINDS = ("service", "trainer", "one process", "both", "starting")


class Broken(AssertionError):
    """Lost, damaged or duplicated data."""


def data(seed: int) -> bytes:
    """Return a training file, different for each job."""
    words = random.Random(seed)
    lines = []
    for _ in range(16):
        text = " ".join(words.choice(("red", "green", "blue", "and", "then")) for _ in range(8))
        messages = [{"role": "user", "content": "Say it"}, {"role": "assistant", "content": text}]
        lines.append(json.dumps({"messages": messages}) + "\n")
    return "".join(lines).encode()


def request_for(number: int, file: str, epochs: int) -> dict[str, Any]:
    return {
        "model": "fttui-tiny-1",
        "training_file": file,
        "seed": number,
        "suffix": f"job-{number}",
        "metadata": {"number": str(number)},
        "hyperparameters": {"n_epochs": epochs, "batch_size": 1},
    }


class Campaign:
    """Campaign of `kills` kills over `jobs` jobs, in a home directory of its own."""

    def __init__(
        self,
        home: str,
        *,
        seed: int,
        kills: int,
        jobs: int,
        epochs: int,
        damage: Sequence[str] = (),
        disk: str = "",
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        """
        Args:
            damage: kinds of damage (damage.py). After each kill the service is killed, and one kind is done.
            disk: mount point of a small file system with the home directory; empty where there is none.
        """
        self.home = home
        self.random = random.Random(seed)
        self.damage = Damage(self, self.random, tuple(damage), disk) if damage else None
        self.kills = kills
        self.jobs = jobs
        self.epochs = epochs
        self.report = report
        self.done: collections.Counter[str] = collections.Counter()
        self.uploaded: dict[str, bytes] = {}
        """Contents of accepted files, by id."""
        self.attempted: dict[str, bytes] = {}
        """Contents of sent files, by file name; also those that were not accepted."""
        self.accepted: dict[str, int] = {}
        """Numbers of accepted jobs, by id."""
        self.events: dict[str, dict[str, dict[str, Any]]] = collections.defaultdict(dict)
        """All events seen so far, by job and id."""
        self.ended: dict[str, str] = {}
        self.pending: dict[str, tuple[bytes, list[str]]] = {}
        """Pending uploads: the content and the ids of accepted parts, by id."""
        self.deleted: dict[str, str] = {}
        """Deleted jobs, with the training file that only the job used."""
        self.temporary: set[str] = set()
        """Jobs that were created to be deleted. A kill may have come before their deletion."""
        self.names = (f"blob-{number}.bin" for number in itertools.count())

    # Requests

    def client(self) -> httpx.Client:
        path = control.ensure(self.home, timeout=60, settings={"max_running": 2})
        return httpx.Client(transport=httpx.HTTPTransport(uds=path), base_url="http://localhost/v1", timeout=60)

    def get(self, client: httpx.Client, path: str, **query: Any) -> Any:
        answer = client.get(path, params=query)
        if answer.status_code != 200:
            raise Broken(f"GET {path} answered {answer.status_code}: {answer.text}")
        return answer.json()

    def every(self, client: httpx.Client, path: str, limit: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {}
        while True:
            page = self.get(client, path, limit=limit, **query)
            found += page["data"]
            if not page["has_more"]:
                return found
            query = {"after": page["data"][-1]["id"]}

    # Traffic during kills

    def send_file(self, client: httpx.Client, content: bytes, name: str, pause: float = 0.0) -> str | None:
        """Upload a file slowly. Return None when the connection failed."""
        self.attempted[name] = content

        def body() -> Iterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n'
            yield f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
            for place in range(0, len(content), 1 << 18):
                yield content[place : place + (1 << 18)]
                time.sleep(pause)
            yield b"\r\n--x--\r\n"

        kind = {"content-type": "multipart/form-data; boundary=x"}
        try:
            answer = client.post("/files", content=body(), headers=kind)
        except httpx.HTTPError:
            return None
        if answer.status_code != 200:
            raise Broken(f"an upload was refused: {answer.text}")
        id: str = answer.json()["id"]
        self.uploaded[id] = content
        return id

    def send_parts(self, client: httpx.Client, pause: float) -> None:
        """Continue a pending upload in parts, or begin one, and complete it."""
        try:
            if not self.pending:
                content = self.random.randbytes(3 << 20)
                given = {"filename": next(self.names), "purpose": "batch", "bytes": len(content), "mime_type": "x/y"}
                self.attempted[given["filename"]] = content
                answer = client.post("/uploads", json=given)
                self.pending[answer.json()["id"]] = (content, [])
            id, (content, parts) = next(iter(self.pending.items()))
            while len(parts) < 3:
                piece = content[len(parts) << 20 : (len(parts) + 1) << 20]
                answer = client.post(f"/uploads/{id}/parts", files={"data": piece})
                if answer.status_code != 200:
                    raise Broken(f"a part was refused: {answer.text}")
                parts.append(answer.json()["id"])
                time.sleep(pause)
            checksum = hashlib.md5(content).hexdigest()
            answer = client.post(f"/uploads/{id}/complete", json={"part_ids": parts, "md5": checksum})
        except httpx.HTTPError:
            return
        del self.pending[id]
        if answer.status_code == 200:
            self.uploaded[answer.json()["file"]["id"]] = content
        elif "completed" not in answer.text:  # the kill may have interrupted the answer to an earlier request
            raise Broken(f"an upload could not be completed: {answer.text}")

    def delete_job(self, client: httpx.Client, pause: float) -> None:
        """Create a job, cancel and delete it."""
        try:
            file = self.send_file(client, data(0), f"temporary-{next(self.names)}.jsonl")
            if file is None:
                return
            del self.uploaded[file]
            answer = client.post("/fine_tuning/jobs", json=request_for(0, file, 1))
            id = answer.json()["id"]
            self.temporary.add(id)
            time.sleep(pause * 10)
            client.post(f"/fine_tuning/jobs/{id}/cancel")  # refused when the job has ended meanwhile
            answer = client.delete(f"/fine_tuning/jobs/{id}")
        except httpx.HTTPError:
            return
        if answer.status_code != 200:
            raise Broken(f"an ended job was not deleted: {answer.text}")
        self.deleted[id] = file

    def start_job(self, number: int) -> None:
        """Upload a training file and create a job."""
        with self.client() as client:
            file = self.send_file(client, data(number), f"data-{number}.jsonl")
            assert file is not None
            answer = client.post("/fine_tuning/jobs", json=request_for(number, file, self.epochs))
            if answer.status_code != 200:
                raise Broken(f"a job was refused: {answer.text}")
            self.accepted[answer.json()["id"]] = number

    def pause_or_resume(self, client: httpx.Client) -> None:
        """Pause some running jobs and resume paused jobs."""
        for job in self.get(client, "/fine_tuning/jobs", limit=100)["data"]:
            if job["status"] == "paused" or (job["status"] == "running" and self.random.random() < 0.5):
                verb = "resume" if job["status"] == "paused" else "pause"
                client.post(f"/fine_tuning/jobs/{job['id']}/{verb}")  # refused when the job has ended meanwhile

    # Kills

    def kill(self, kind: str) -> None:
        if kind in ("trainer", "both"):
            for trainer in self.random.sample(self.running(), min(1 + (kind == "both"), len(self.running()))):
                trainer.signal(signal.SIGKILL)
        if kind == "one process":
            for trainer in self.running()[:1]:
                members = processes_of(trainer.path)
                if members:
                    kill_and_wait(self.random.choice(members))
        if kind in ("service", "both", "starting"):
            self.kill_service()
        self.done[kind] += 1

    def kill_service(self) -> None:
        kill_and_wait(self.service_pid())

    def broken(self, words: str) -> NoReturn:
        raise Broken(words)

    def service_pid(self) -> int:
        """Return the pid in the lock file, which is written before the service answers requests."""
        try:
            with open(os.path.join(self.home, "lock"), encoding="ascii") as file:
                return int(file.read(100).split()[0])
        except (OSError, ValueError, IndexError):
            return 0

    def running(self) -> list[TrainerProcess]:
        jobs = os.path.join(self.home, "jobs")
        every = [TrainerProcess(os.path.join(jobs, name)) for name in sorted(os.listdir(jobs))]
        return [trainer for trainer in every if trainer.is_alive()]

    # Checks

    def check(self, client: httpx.Client) -> list[dict[str, Any]]:
        """Check all jobs and files. Return the jobs."""
        jobs = self.every(client, "/fine_tuning/jobs", 7)
        ids = [job["id"] for job in jobs]
        if len(set(ids)) < len(ids) or not set(self.accepted) <= set(ids):
            raise Broken(f"jobs are lost or duplicated: {set(self.accepted) - set(ids)}")
        if back := set(self.deleted) & set(ids):
            raise Broken(f"deleted jobs are back: {back}")
        if left := set(self.deleted) & set(os.listdir(os.path.join(self.home, "jobs"))):
            raise Broken(f"directories of deleted jobs are left: {left}")
        jobs = [job for job in jobs if job["id"] not in self.temporary]
        for job in jobs:
            self.check_job(client, job)
        self.check_files(client)
        return jobs

    def check_job(self, client: httpx.Client, job: dict[str, Any]) -> None:
        id = job["id"]
        if id in self.ended and job["status"] != self.ended[id]:
            raise Broken(f"{id} was {self.ended[id]} and is {job['status']}")
        if job["status"] == "failed":
            raise Broken(f"{id} failed: {job['error']}")
        if job["status"] in FINAL:
            self.ended[id] = job["status"]
        saved = self.every(client, f"/fine_tuning/jobs/{id}/checkpoints", 2)  # before the events, which go on
        events = self.every(client, f"/fine_tuning/jobs/{id}/events", 50)[::-1]
        keys = [event["id"] for event in events]
        if keys != sorted(set(keys)):
            raise Broken(f"{id}: events are duplicated or out of order")
        if any(one["created_at"] > two["created_at"] for one, two in itertools.pairwise(events)):
            raise Broken(f"{id}: times of events decrease")
        for event in self.events[id].values():
            if event not in events:
                raise Broken(f"{id}: an event is lost or changed: {event}")
        self.events[id] = {event["id"]: event for event in events}
        steps = [event["data"]["step"] for event in events if event["type"] == "metrics"]
        if steps != list(range(1, len(steps) + 1)):
            raise Broken(f"{id}: steps are lost, duplicated or out of order: {steps}")
        self.check_checkpoints(client, id, saved, len(steps))

    def check_checkpoints(self, client: httpx.Client, id: str, saved: list[dict[str, Any]], steps: int) -> None:
        """Check the checkpoints that the job had before it had so many steps."""
        models = {model["id"] for model in self.get(client, "/models")["data"]}
        wrong = []
        for one in saved:
            try:
                load_model(os.path.join(self.home, "jobs", id, f"step-{one['step_number']}.bin"), STANDARD)
            except (OSError, ValueError) as error:
                wrong.append((one["id"], f"the model of step {one['step_number']} is damaged: {error}"))
            if one["fine_tuned_model_checkpoint"] not in models:
                wrong.append((one["id"], f"the model of step {one['step_number']} is not listed"))
        # A running job may have replaced a checkpoint between two of these requests.
        kept = {one["id"] for one in self.every(client, f"/fine_tuning/jobs/{id}/checkpoints", 2)}
        wrong = [words for key, words in wrong if key in kept]
        if wrong or len(saved) > 3 or any(one["step_number"] > steps for one in saved):
            raise Broken(f"{id}: checkpoints are wrong: {wrong} {[one['step_number'] for one in saved]} of {steps}")

    def check_files(self, client: httpx.Client) -> None:
        found = {file["id"]: file for file in self.every(client, "/files", 5)}
        if not set(self.uploaded) <= set(found):
            raise Broken(f"files are lost: {set(self.uploaded) - set(found)}")
        if back := set(self.deleted.values()) & set(found):
            raise Broken(f"files of deleted jobs are back: {back}")
        for id, file in found.items():
            content = client.get(f"/files/{id}/content").content
            wanted = self.uploaded.get(id, self.attempted.get(file["filename"]))
            if wanted is None:
                wanted = content if len(base64.b64decode(content, validate=True)) == file["bytes"] else b""
            if content != wanted:
                raise Broken(f"{id} ({file['filename']}) has {len(content)} bytes instead of {len(wanted)}")

    # The campaign

    def run(self) -> dict[str, int]:
        began = time.monotonic()
        for number in range(1, self.kills + 1):
            if len(self.accepted) < self.jobs * number / self.kills + 1 and len(self.accepted) < self.jobs:
                self.start_job(len(self.accepted) + 1)
            kind = self.random.choice(KINDS)
            if kind == "starting":
                self.kill_a_starting_service()
            else:
                self.kill_in_the_middle(kind)
            damage = f", {self.damage.apply()}" if self.damage else ""
            with self.client() as client:
                self.check(client)
            took = f"{time.monotonic() - began:.0f} s"
            self.report(f"kill {number} of {self.kills} ({kind}{damage}), {took}: nothing lost")
        self.finish()
        return dict(self.done)

    def kill_in_the_middle(self, kind: str) -> None:
        with self.client() as client:
            if self.random.random() < 0.25:
                self.pause_or_resume(client)
            pause, choice = self.random.uniform(0, 0.01), self.random.random()
            content = self.random.randbytes(self.random.choice((1, 1 << 20, 4 << 20)))
            name = next(self.names)

            def traffic() -> None:
                if choice < 0.4:
                    self.send_file(client, content, name, pause)
                elif choice < 0.6:
                    self.delete_job(client, pause)
                else:
                    self.send_parts(client, pause)

            work = Work(traffic)
            # A random moment must not depend on anything that the service does.
            time.sleep(self.random.uniform(0, 0.4))
            self.kill(kind)
            work.result()

    def kill_a_starting_service(self) -> None:
        self.kill_service()
        work = Work(lambda: control.ensure(self.home, timeout=60))
        time.sleep(self.random.uniform(0, 0.3))
        self.kill("starting")
        work.result(expected=control.ServiceError)

    def finish(self) -> None:
        """Let all jobs and uploads end without further kills, and check them."""
        deadline = time.monotonic() + 600
        while True:
            with self.client() as client:
                jobs = self.every(client, "/fine_tuning/jobs", 100)
                for job in jobs:
                    if job["status"] == "paused":
                        client.post(f"/fine_tuning/jobs/{job['id']}/resume")
                if all(job["status"] in FINAL for job in jobs):
                    break
            if time.monotonic() > deadline:
                raise Broken("timeout: jobs do not end")
            time.sleep(0.1)
        while self.pending:
            with self.client() as client:
                self.send_parts(client, 0)
        with self.client() as client:
            jobs = self.check(client)
            for job in jobs:
                self.check_end(client, job)
        if self.damage is not None:
            self.damage.check_states()
        control.stop(self.home)
        left = [process for id in self.accepted for process in processes_of(os.path.join(self.home, "jobs", id))]
        if left:
            raise Broken(f"processes are alive after the end of their jobs: {left}")

    def check_end(self, client: httpx.Client, job: dict[str, Any]) -> None:
        total = 16 * self.epochs
        csv = base64.b64decode(client.get(f"/files/{job['result_files'][0]}/content").content).decode()
        rows = csv.splitlines()[1:]
        if job["status"] != "succeeded" or [int(row.split(",")[0]) for row in rows] != list(range(1, total + 1)):
            raise Broken(f"{job['id']} is incomplete: {job['status']}, {len(rows)} rows of {total}")
        if not job["trained_tokens"] or job["fine_tuned_model"] is None:
            raise Broken(f"{job['id']} has no trained tokens or no model")

    def numbers(self) -> dict[int, list[Any]]:
        """Return the metrics of every accepted job, by number."""
        return {
            number: [event["data"] for event in self.events[id].values() if event["type"] == "metrics"]
            for id, number in self.accepted.items()
        }


class Work:
    """Function that runs in a thread. `result` raises its exception."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._error: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._error = error

    def result(self, expected: type[BaseException] = httpx.HTTPError) -> None:
        self._thread.join()
        if self._error is not None and not isinstance(self._error, expected):
            raise self._error


def kill_and_wait(process: int) -> None:
    """Send SIGKILL and wait until the process is gone."""
    if not process:
        return
    try:
        os.kill(process, signal.SIGKILL)
        while True:
            os.kill(process, 0)
            with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
                if ") Z " in file.read():
                    return
            time.sleep(0.002)
    except (ProcessLookupError, FileNotFoundError):
        return


def processes_of(directory: str) -> list[int]:
    """Return the living processes of a job; an empty list on systems without /proc."""
    mark = f"{JOB_VARIABLE}={directory}".encode()
    found = []
    for name in sorted(os.listdir("/proc")) if os.path.isdir("/proc/self") else []:
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if name.isdigit() and mark in file.read().split(b"\0"):
                    found.append(int(name))
        except OSError:
            continue
    return found


def undisturbed(home: str, jobs: int, epochs: int) -> dict[int, list[Any]]:
    """Return the metrics of the same jobs without kills."""
    campaign = Campaign(home, seed=0, kills=0, jobs=jobs, epochs=epochs)
    for number in range(1, jobs + 1):
        campaign.start_job(number)
    campaign.finish()
    return campaign.numbers()


def compare(home: str, campaign: Campaign) -> None:
    """Check that every job of the campaign has the same metrics as a job without kills.

    Raises:
        Broken: the metrics differ.
    """
    expected = undisturbed(home, campaign.jobs, campaign.epochs)
    if campaign.numbers() != expected:
        raise Broken("the metrics of a job with kills differ from those of a job without")
