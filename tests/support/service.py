"""Small fine-tuning service for tests of the commands. A test can insert faults before any route."""

from typing import Any

from tests.support.fault_server import FaultServer, Request, Step, answer, refuse, send_json

NOW = 1_800_000_000


def job(index: int, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    """Return the JSON of a job. A higher index is a newer job."""
    return {
        "id": f"ftjob-{index:03}",
        "object": "fine_tuning.job",
        "created_at": NOW - 100_000 + index * 60,
        "finished_at": None,
        "model": "gpt-4.1-nano",
        "status": status,
        "training_file": "file-train",
        "hyperparameters": {"n_epochs": 3, "batch_size": "auto"},
        **more,
    }


class Service:
    """Jobs (newest first), events by job (newest first), files and models, behind a fault server."""

    def __init__(self) -> None:
        self.server = FaultServer(self.step)
        self.jobs: list[dict[str, Any]] = []
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.checkpoints: dict[str, list[dict[str, Any]]] = {}
        self.samples: dict[str, list[dict[str, Any]]] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.models: list[dict[str, Any]] = []
        self.faults: dict[str, list[Step]] = {}
        """Faults by "METHOD /path" without /v1: one step for each request in turn."""

    @property
    def lines(self) -> list[str]:
        """Method and path of each request, without /v1."""
        return [f"{request.method} {request.path.removeprefix('/v1')}" for request in self.server.requests]

    def step(self, request: Request) -> Step:
        line = f"{request.method} {request.path.removeprefix('/v1')}"
        if waiting := self.faults.get(line):
            return waiting.pop(0)
        match line.split("/"):
            case ["GET ", "fine_tuning", "jobs"]:
                return self._page(self.jobs, request)
            case ["POST ", "fine_tuning", "jobs"]:
                made = job(len(self.jobs), "validating_files", **request.json())
                self.jobs.insert(0, made)
                return send_json(made)
            case ["GET ", "fine_tuning", "jobs", id]:
                return self._one(self.jobs, id)
            case ["GET ", "fine_tuning", "jobs", id, "events"]:
                return self._page(self.events.get(id, []), request)
            case ["GET ", "fine_tuning", "jobs", id, "checkpoints"]:
                return self._page(self.checkpoints.get(id, []), request)
            case ["GET ", "fine_tuning", "jobs", id, "samples"]:
                return self._page(self.samples.get(id, []), request)
            case ["POST ", "fine_tuning", "jobs", id, verb]:
                return self._act(id, verb)
            case ["DELETE ", "fine_tuning", "jobs", id]:
                return self._delete_job(id)
            case ["GET ", "files"]:
                return self._page(list(self.files.values()), request)
            case ["POST ", "files"]:
                return self._upload(request)
            case ["GET ", "files", id]:
                return self._one(list(self.files.values()), id)
            case ["GET ", "files", id, "content"] if id in self.contents:
                return answer(200, self.contents[id], content_type="application/octet-stream")
            case ["DELETE ", "files", id] if id in self.files:
                del self.files[id]
                return send_json({"id": id, "object": "file", "deleted": True})
            case ["GET ", "models"]:
                return send_json({"object": "list", "data": self.models})
            case ["DELETE ", "models", id] if any(model["id"] == id for model in self.models):
                return send_json({"id": id, "object": "model", "deleted": True})
        return refuse(404, f"Invalid URL ({line})")

    def _page(self, objects: list[dict[str, Any]], request: Request) -> Step:
        after = request.query.get("after", [""])[0]
        limit = int(request.query.get("limit", ["20"])[0])
        start = next((index + 1 for index, item in enumerate(objects) if item["id"] == after), 0)
        end = start + limit
        return send_json({"object": "list", "data": objects[start:end], "has_more": end < len(objects)})

    def _one(self, objects: list[dict[str, Any]], id: str) -> Step:
        found = next((item for item in objects if item["id"] == id), None)
        return send_json(found) if found else refuse(404, f"Could not find: {id}", "not_found")

    def _act(self, id: str, verb: str) -> Step:
        found = next((item for item in self.jobs if item["id"] == id), None)
        if found is None:
            return refuse(404, f"Could not find fine tune: {id}", "fine_tune_not_found")
        if verb == "cancel" and found["status"] in ("succeeded", "failed", "cancelled"):
            return refuse(400, f'Cannot cancel a job {id} that already has status "{found["status"]}".')
        found["status"] = {"cancel": "cancelled", "pause": "paused", "resume": "queued"}[verb]
        return send_json(found)

    def _delete_job(self, id: str) -> Step:
        found = next((item for item in self.jobs if item["id"] == id), None)
        if found is None:
            return refuse(404, f"Could not find fine tune: {id}", "fine_tune_not_found")
        if found["status"] not in ("succeeded", "failed", "cancelled"):
            return refuse(400, f'Cannot delete the job {id}: it has status "{found["status"]}". Cancel it first.')
        self.jobs.remove(found)
        return send_json({"id": id, "object": "fine_tuning.job.deleted", "deleted": True})

    def _upload(self, request: Request) -> Step:
        id = f"file-{len(self.files):03}"
        start = request.body.index(b"\r\n\r\n", request.body.index(b'name="file"')) + 4
        content = request.body[start : request.body.rindex(b"\r\n--")]
        self.contents[id] = content
        self.files[id] = {
            "id": id,
            "object": "file",
            "bytes": len(content),
            "created_at": NOW,
            "filename": "x.jsonl",
            "purpose": "fine-tune",
            "status": "processed",
        }
        return send_json(self.files[id])
