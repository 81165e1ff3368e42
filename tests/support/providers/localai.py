"""LocalAI, written from its server's source: a job's state moves only while its progress is read."""

import json
from typing import Any

from tests.support.fault_server import FaultServer, Line, Request, Step, answer, send_json

FINAL = ("completed", "failed", "stopped")
TYPES: dict[str, type | tuple[type, ...]] = {
    "model": str,
    "dataset_source": str,
    "backend": str,
    "training_method": str,
    "training_type": str,
    "num_epochs": int,
    "batch_size": int,
    "learning_rate": (int, float),
    "adapter_rank": int,
    "seed": int,
    "extra_options": dict,
}


def job(number: int, status: str = "completed", **more: Any) -> dict[str, Any]:
    """Return a job. A higher number is a newer job."""
    config = {"model": "qwen", "dataset_source": "/data/t.jsonl", "backend": "trl", "training_method": "sft"}
    return {
        "id": f"0b9f{number:04}-0000-4000-8000-000000000000",
        "model": "qwen",
        "backend": "trl",
        "model_id": "m",
        "training_type": "lora",
        "training_method": "sft",
        "status": status,
        "output_dir": "/out",
        "created_at": f"2026-10-29T16:{number % 60:02}:00Z",
        "config": {**config, "num_epochs": 3, "batch_size": 2, "learning_rate": 2e-4, "seed": 0},
        **more,
    }


def progress(step: int, status: str = "training", **more: Any) -> dict[str, Any]:
    """Return a report of progress. Values that were not measured are zero."""
    nothing = {"loss": 0, "learning_rate": 0, "grad_norm": 0, "eval_loss": 0, "eta_seconds": 0, "progress_percent": 0}
    place = {"current_step": step, "total_steps": 10, "current_epoch": step / 10, "total_epochs": 3}
    return {"job_id": "", **place, **nothing, "status": status, **more}


class FakeLocalAI:
    """Jobs (newest first) with reports that reach the job only when somebody reads them."""

    def __init__(self) -> None:
        self.server = FaultServer(self.step)
        self.jobs: list[dict[str, Any]] = []
        self.reports: dict[str, list[dict[str, Any]]] = {}
        self.checkpoints: dict[str, list[dict[str, Any]]] = {}
        self.uploads: list[bytes] = []
        self.open = 0
        """Streams that are open now."""

    @property
    def url(self) -> str:
        return f"{self.server.origin}/api/fine-tuning"

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.target}" for request in self.server.requests]

    def put(self, raw: dict[str, Any]) -> str:
        self.jobs.insert(0, raw)
        return str(raw["id"])

    def step(self, request: Request) -> Step:
        match request.method, request.path.removeprefix("/api/fine-tuning/").split("/"):
            case "GET", ["jobs"]:
                return send_json(self.jobs)
            case "POST", ["jobs"]:
                return self._create(request)
            case "POST", ["datasets"]:
                start = request.body.index(b"\r\n\r\n", request.body.index(b'name="file"')) + 4
                self.uploads.append(request.body[start : request.body.rindex(b"\r\n--")])
                return send_json({"path": f"/data/{len(self.uploads)}.jsonl"})
            case method, ["jobs", id, *rest]:
                found = next((raw for raw in self.jobs if raw["id"] == id), None)
                if found is None:
                    return send_json({"error": f"job not found: {id}"}, 404)
                return self._of_job(method, found, rest)
        return send_json({"error": {"code": 404, "message": "Not Found", "type": ""}}, 404)

    def _of_job(self, method: str, found: dict[str, Any], rest: list[str]) -> Step:
        match method, rest:
            case "GET", []:
                return send_json(found)
            case "DELETE", []:
                if found["status"] not in FINAL:
                    return send_json({"error": "cannot delete a job that is live"}, 409)
                self.jobs.remove(found)
                return send_json({"status": "deleted", "message": ""})
            case "POST", ["stop"]:
                found["status"] = "stopped"
                return send_json({"status": "stopped", "message": ""})
            case "GET", ["checkpoints"]:
                return send_json({"checkpoints": self.checkpoints.get(found["id"])})
            case "GET", ["progress"]:
                return self._stream(found)
        return answer(404, "")

    def _stream(self, found: dict[str, Any]) -> Step:
        async def step(_: Request, line: Line) -> None:
            await line.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            self.open += 1
            try:
                for report in self.reports.pop(found["id"], []):
                    found["status"] = report["status"]
                    found["message"] = report.get("message", "")
                    await line.send(f"data: {json.dumps(report)}\n\n".encode())
                if found["status"] not in FINAL:
                    await line.gone()
            finally:
                self.open -= 1
                line.writer.close()

        return step

    def _create(self, request: Request) -> Step:
        body = request.json()
        for name, value in body.items():
            if name in TYPES and (not isinstance(value, TYPES[name]) or isinstance(value, bool)):
                return send_json({"error": f"{name} has a wrong type"}, 400)
        if not all(isinstance(value, str) for value in body.get("extra_options", {}).values()):
            return send_json({"error": "extra_options holds texts"}, 400)
        if not body.get("model") or not body.get("dataset_source"):
            return send_json({"error": "model and dataset_source are required"}, 400)
        made = job(len(self.jobs), "queued", model=body["model"], training_method=body["training_method"], config=body)
        self.put(made)
        return send_json({"id": made["id"], "status": "queued", "message": "started"}, 201)
