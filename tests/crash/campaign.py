"""Kills at random moments, and what must hold after each. The suite runs a short campaign, `__main__` a long one.

Everything random comes from one seed. What is killed: the service, a trainer's whole group, one process of a
trainer, service and trainers together, a service that is just starting; in the middle of training, of writing
checkpoints, of uploads in one piece and in parts.
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
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from fttui.server import control
from fttui.server.jobs.job_dir import JobDirectory
from fttui.server.jobs.trainer_process import JOB_VARIABLE
from fttui.server.trainers.tiny.job_files import load_model
from fttui.server.trainers.tiny.network import STANDARD

FINAL = ("succeeded", "failed", "cancelled")
LIVE = ("validating_files", "queued", "running")
KINDS = ("service", "trainer", "one process", "both", "starting")


class Broken(AssertionError):
    """Something that must hold does not."""


def data(seed: int) -> bytes:
    """A training file of its own for each job."""
    words = random.Random(seed)
    lines = []
    for _ in range(16):
        text = " ".join(words.choice(("red", "green", "blue", "and", "then")) for _ in range(30))
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
    """So many kills over so many jobs, in a home of its own. `run` returns what was done; raises Broken."""

    def __init__(
        self,
        home: str,
        *,
        seed: int,
        kills: int,
        jobs: int,
        epochs: int,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.home = home
        self.random = random.Random(seed)
        self.kills = kills
        self.jobs = jobs
        self.epochs = epochs
        self.say = say
        self.done: collections.Counter[str] = collections.Counter()
        self.uploaded: dict[str, bytes] = {}
        """Content by the id of every file that the service said it has."""
        self.attempted: dict[str, bytes] = {}
        """Content by the name of every file that was sent, whatever came of it."""
        self.accepted: dict[str, int] = {}
        """Number by the id of every job that the service said it has."""
        self.events: dict[str, dict[str, dict[str, Any]]] = collections.defaultdict(dict)
        """Every event ever seen, by job and id."""
        self.ended: dict[str, str] = {}
        self.pending: dict[str, tuple[bytes, list[str]]] = {}
        """Uploads in parts: the content, and the parts that were accepted."""
        self.names = (f"blob-{number}.bin" for number in itertools.count())

    # Talking

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

    # What goes on while things are killed

    def send_file(self, client: httpx.Client, content: bytes, name: str, pause: float = 0.0) -> str | None:
        """Upload in one piece, slowly; None when it came to nothing that we know of."""
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
        """Go on with an upload in parts, or begin one; complete it when it is whole."""
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
        elif "completed" not in answer.text:  # it may have been, with the answer lost in the kill
            raise Broken(f"an upload could not be completed: {answer.text}")

    def start_job(self, number: int) -> None:
        """Have a job accepted; the file before may take several kills."""
        with self.client() as client:
            file = self.send_file(client, data(number), f"data-{number}.jsonl")
            assert file is not None
            answer = client.post("/fine_tuning/jobs", json=request_for(number, file, self.epochs))
            if answer.status_code != 200:
                raise Broken(f"a job was refused: {answer.text}")
            self.accepted[answer.json()["id"]] = number

    def meddle(self, client: httpx.Client) -> None:
        """Pause what runs, or resume what is paused."""
        for job in self.get(client, "/fine_tuning/jobs", limit=100)["data"]:
            if job["status"] == "paused" or (job["status"] == "running" and self.random.random() < 0.5):
                verb = "resume" if job["status"] == "paused" else "pause"
                client.post(f"/fine_tuning/jobs/{job['id']}/{verb}")  # refused when it has ended meanwhile

    # Killing

    def kill(self, kind: str) -> None:
        if kind in ("trainer", "both"):
            for directory in self.random.sample(self.running(), min(1 + (kind == "both"), len(self.running()))):
                directory.process.signal(signal.SIGKILL)
        if kind == "one process":
            for directory in self.running()[:1]:
                members = processes_of(directory.path)
                if members:
                    strike(self.random.choice(members))
        if kind in ("service", "both", "starting"):
            strike(self.service_pid())
        self.done[kind] += 1

    def service_pid(self) -> int:
        """Whoever holds the lock; the file says so before anything is served."""
        try:
            with open(os.path.join(self.home, "lock"), encoding="ascii") as file:
                return int(file.read(100).split()[0])
        except (OSError, ValueError, IndexError):
            return 0

    def running(self) -> list[JobDirectory]:
        jobs = os.path.join(self.home, "jobs")
        every = [JobDirectory(os.path.join(jobs, name)) for name in sorted(os.listdir(jobs))]
        return [directory for directory in every if directory.process.is_alive()]

    # What must hold

    def check(self, client: httpx.Client) -> list[dict[str, Any]]:
        """Look at everything there is; the jobs."""
        jobs = self.every(client, "/fine_tuning/jobs", 7)
        ids = [job["id"] for job in jobs]
        if len(set(ids)) < len(ids) or not set(self.accepted) <= set(ids):
            raise Broken(f"jobs are lost or doubled: {set(self.accepted) - set(ids)}")
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
        events = self.every(client, f"/fine_tuning/jobs/{id}/events", 50)[::-1]
        keys = [event["id"] for event in events]
        if keys != sorted(set(keys)):
            raise Broken(f"{id}: events are doubled or out of order")
        if any(one["created_at"] > two["created_at"] for one, two in itertools.pairwise(events)):
            raise Broken(f"{id}: the times of events go back")
        for event in self.events[id].values():
            if event not in events:
                raise Broken(f"{id}: an event is lost or changed: {event}")
        self.events[id] = {event["id"]: event for event in events}
        steps = [event["data"]["step"] for event in events if event["type"] == "metrics"]
        if steps != list(range(1, len(steps) + 1)):
            raise Broken(f"{id}: steps are lost, doubled or out of order: {steps}")
        self.check_checkpoints(client, id, len(steps))

    def check_checkpoints(self, client: httpx.Client, id: str, steps: int) -> None:
        path = f"/fine_tuning/jobs/{id}/checkpoints"
        before = self.every(client, path, 2)
        models = {model["id"] for model in self.get(client, "/models")["data"]}
        wrong = []
        for one in before:
            try:
                load_model(os.path.join(self.home, "jobs", id, f"step-{one['step_number']}.bin"), STANDARD)
            except (OSError, ValueError) as error:
                wrong.append((one["id"], f"the model of step {one['step_number']} is not whole: {error}"))
            if one["fine_tuned_model_checkpoint"] not in models:
                wrong.append((one["id"], f"the model of step {one['step_number']} is not listed"))
        # Where the job goes on, a checkpoint may have made room for a newer one between two of these questions.
        after = self.every(client, path, 2)
        kept = {one["id"] for one in after}
        wrong = [words for key, words in wrong if key in kept]
        if wrong or len(before) > 3 or any(one["step_number"] > steps for one in before[1:]):
            raise Broken(f"{id}: checkpoints are wrong: {wrong} {[one['step_number'] for one in before]} of {steps}")

    def check_files(self, client: httpx.Client) -> None:
        found = {file["id"]: file for file in self.every(client, "/files", 5)}
        if not set(self.uploaded) <= set(found):
            raise Broken(f"files are lost: {set(self.uploaded) - set(found)}")
        for id, file in found.items():
            content = client.get(f"/files/{id}/content").content
            wanted = self.uploaded.get(id, self.attempted.get(file["filename"]))
            if wanted is None:
                wanted = content if len(base64.b64decode(content, validate=True)) == file["bytes"] else b""
            if content != wanted:
                raise Broken(f"{id} ({file['filename']}) is served with {len(content)} bytes of {len(wanted)}")

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
            with self.client() as client:
                self.check(client)
            self.say(f"kill {number} of {self.kills} ({kind}), {time.monotonic() - began:.0f} s: all holds")
        self.finish()
        return dict(self.done)

    def kill_in_the_middle(self, kind: str) -> None:
        with self.client() as client:
            if self.random.random() < 0.25:
                self.meddle(client)
            pause, choice = self.random.uniform(0, 0.01), self.random.random()
            content = self.random.randbytes(self.random.choice((1, 1 << 20, 4 << 20)))
            name = next(self.names)

            def traffic() -> None:
                if choice < 0.5:
                    self.send_file(client, content, name, pause)
                else:
                    self.send_parts(client, pause)

            work = Work(traffic)
            # Sleeping is what this is about: the moment must not depend on anything that the service does.
            time.sleep(self.random.uniform(0, 0.4))
            self.kill(kind)
            work.result()

    def kill_a_starting_service(self) -> None:
        strike(self.service_pid())
        work = Work(lambda: control.ensure(self.home, timeout=60))
        time.sleep(self.random.uniform(0, 0.3))
        self.kill("starting")
        work.result(expected=control.ServiceError)

    def finish(self) -> None:
        """Let everything come to its end, undisturbed."""
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
                raise Broken("jobs do not end")
            time.sleep(0.1)
        while self.pending:
            with self.client() as client:
                self.send_parts(client, 0)
        with self.client() as client:
            jobs = self.check(client)
            for job in jobs:
                self.check_end(client, job)
        control.stop(self.home)
        left = [process for id in self.accepted for process in processes_of(os.path.join(self.home, "jobs", id))]
        if left:
            raise Broken(f"processes outlive their jobs: {left}")

    def check_end(self, client: httpx.Client, job: dict[str, Any]) -> None:
        total = 16 * self.epochs
        csv = base64.b64decode(client.get(f"/files/{job['result_files'][0]}/content").content).decode()
        rows = csv.splitlines()[1:]
        if job["status"] != "succeeded" or [int(row.split(",")[0]) for row in rows] != list(range(1, total + 1)):
            raise Broken(f"{job['id']} has not come to a whole end: {job['status']}, {len(rows)} rows of {total}")
        if not job["trained_tokens"] or job["fine_tuned_model"] is None:
            raise Broken(f"{job['id']} lacks what a job has that succeeded")

    def numbers(self) -> dict[int, list[Any]]:
        """What every accepted job measured, step by step, by its number."""
        return {
            number: [event["data"] for event in self.events[id].values() if event["type"] == "metrics"]
            for id, number in self.accepted.items()
        }


class Work:
    """Something done in a thread, whose failure is not lost."""

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


def strike(process: int) -> None:
    """SIGKILL, and wait until it is gone: what comes next must not meet the dead."""
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
    """The living processes of a job; none where the system does not show them."""
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
    """What the same jobs measure when nothing is killed."""
    campaign = Campaign(home, seed=0, kills=0, jobs=jobs, epochs=epochs)
    for number in range(1, jobs + 1):
        campaign.start_job(number)
    campaign.finish()
    return campaign.numbers()


def compare(home: str, campaign: Campaign) -> None:
    """Every job of the campaign has the numbers of one that was left in peace."""
    expected = undisturbed(home, campaign.jobs, campaign.epochs)
    if campaign.numbers() != expected:
        raise Broken("a job that was killed has other numbers than one that was not")
