"""Model Studio (DashScope), written from its pages and strict about requests."""

import json
from typing import Any

from tests.support.fault_server import FaultServer, Request, Step, answer, send_json

KEY = "sk-near-0123456789"
MODEL = "qwen3-8b"
MEMBERS = {
    *("model", "training_type", "training_datasets", "validation_datasets", "training_file_ids"),
    *("validation_file_ids", "hyper_parameters", "job_name", "model_name", "finetuned_output_suffix"),
}
KINDS = ("sft", "efficient_sft", "cpt", "dpo_full", "dpo_lora")
SETTINGS = {
    *("n_epochs", "batch_size", "max_length", "split", "max_split_val_dataset_sample", "lr_scheduler_type"),
    *("warmup_ratio", "weight_decay", "eval_steps", "logging_steps", "freeze_vit", "lora_rank", "lora_alpha"),
    *("lora_dropout", "data_augmentation", "augmentation_types", "augmentation_ratio", "save_strategy"),
    *("save_steps", "save_total_limit", "learning_rate"),
}
LOG = [
    "2026-10-29 16:54:00,120 - INFO - data process succeeded, start to fine-tune",
    "{'loss': 2.5, 'grad_norm': 1.5, 'learning_rate': 1.6e-05, 'epoch': 0.1}",
    "2026-10-29 16:55:00,120 - WARNING - slow disk",
    "{'loss': nan, 'grad_norm': 0.5, 'learning_rate': 1e-05, 'epoch': 0.2}",
    "{'eval_loss': 1.75, 'eval_runtime': 3.1, 'epoch': 0.2}",
    "{'train_runtime': 120.5, 'train_loss': 1.9, 'epoch': 1.0}",
    "2026-10-29 16:56:00,120 - INFO - fine-tuned output got, start to transfer it for inference",
    "##FT_COMPLETE##",
]


def job(number: int, status: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    """Return a job. A higher number is a newer job."""
    ended = status in ("SUCCEEDED", "FAILED", "CANCELED")
    return {
        "job_id": f"ft-202610291653-{number:04x}",
        "job_name": f"ft-202610291653-{number:04x}",
        "status": status,
        "model": MODEL,
        "base_model": MODEL,
        **({"finetuned_output": f"{MODEL}-ft-{number:04x}"} if status == "SUCCEEDED" else {}),
        "training_datasets": [{"data_source_type": "file_id", "file_id": "file-train"}],
        "training_file_ids": [],
        "validation_file_ids": [],
        "hyper_parameters": {"n_epochs": 3, "batch_size": 16, "learning_rate": "1.6e-5"},
        "training_type": "efficient_sft",
        "create_time": f"2026-10-29 {number // 60:02}:{number % 60:02}:53",
        **({"end_time": "2026-10-29 17:58:00", "usage": 32768} if ended else {}),
        "workspace_id": "llm-1",
        "user_identity": "1",
        "creator": "1",
        "modifier": "1",
        "group": "llm",
        "max_output_cnt": 3,
        "output_cnt": 1,
        **more,
    }


class FakeModelStudio:
    """Jobs (newest first), logs, checkpoints and files of one workspace."""

    def __init__(self) -> None:
        self.server = FaultServer(self.step)
        self.jobs: list[dict[str, Any]] = []
        self.logs: dict[str, list[str]] = {}
        self.checkpoints: dict[str, Any] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.faults: dict[str, list[Step]] = {}

    @property
    def url(self) -> str:
        return f"{self.server.origin}/api/v1"

    @property
    def lines(self) -> list[str]:
        """Method, path and query of each request."""
        return [f"{request.method} {request.target}" for request in self.server.requests]

    def put(self, raw: dict[str, Any]) -> str:
        self.jobs.insert(0, raw)
        return str(raw["job_id"])

    def step(self, request: Request) -> Step:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return fail(401, "InvalidApiKey", "Invalid API-key provided.")
        line = f"{request.method} {request.path}"
        if waiting := self.faults.get(line):
            return waiting.pop(0)
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["api", "v1", "fine-tunes"]:
                return self._list(request)
            case "POST", ["api", "v1", "fine-tunes"]:
                return self._create(request)
            case method, ["api", "v1", "fine-tunes", id, *rest]:
                found = next((raw for raw in self.jobs if raw["job_id"] == id), None)
                if found is None:
                    return fail(404, "NotFound", f"The fine-tune job {id} is not found.")
                return self._of_job(method, found, rest, request)
            case "GET", ["compatible-mode", "v1", "files"]:
                return send_json({"object": "list", "data": list(self.files.values()), "has_more": False})
            case "POST", ["compatible-mode", "v1", "files"]:
                return self._upload(request)
            case "GET", ["compatible-mode", "v1", "files", id, "content"] if id in self.contents:
                return answer(200, self.contents[id], content_type="application/octet-stream")
            case "GET", ["compatible-mode", "v1", "files", id] if id in self.files:
                return send_json(self.files[id])
            case "DELETE", ["compatible-mode", "v1", "files", id] if id in self.files:
                del self.files[id]
                return send_json({"id": id, "object": "file", "deleted": True})
            case "GET", ["compatible-mode", "v1", "models"]:
                return send_json({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1}]})
        return fail(404, "NotFound", f"no route {line}")

    def _list(self, request: Request) -> Step:
        if request.query.keys() - {"page_no", "page_size", "model"}:
            return fail(400, "InvalidParameter", "unknown query")
        number, size = int(request.query["page_no"][0]), int(request.query["page_size"][0])
        if not 1 <= size <= 100:
            return fail(400, "InvalidParameter", "page_size must be between 1 and 100")
        page = self.jobs[(number - 1) * size : number * size]
        return wrapped({"page_no": number, "page_size": size, "total": len(self.jobs), "jobs": page})

    def _of_job(self, method: str, found: dict[str, Any], rest: list[str], request: Request) -> Step:
        id = str(found["job_id"])
        match method, rest:
            case "GET", []:
                return wrapped(found)
            case "DELETE", []:
                self.jobs.remove(found)
                return wrapped({"status": "success"})
            case "POST", ["cancel"]:
                if found["status"] not in ("PENDING", "QUEUING", "RUNNING"):
                    return fail(400, "UnsupportedOperation", f"The job is {found['status']}.")
                found["status"] = "CANCELING"
                return wrapped({"status": "success"})
            case "GET", ["logs"]:
                log = self.logs.get(id, [])
                offset, count = int(request.query["offset"][0]), int(request.query["line"][0])
                if count > 1000:
                    return fail(400, "InvalidParameter", "line must be at most 1000")
                return wrapped({"total": len(log), "logs": log[offset : offset + count]})
            case "GET", ["checkpoints"]:
                return send_json({"request_id": "r", "output": self.checkpoints.get(id, [])})
        return fail(404, "NotFound", "no such route")

    def _create(self, request: Request) -> Step:
        body = request.json()
        settings = body.get("hyper_parameters", {})
        if unknown := body.keys() - MEMBERS:
            return fail(400, "InvalidParameter", f"unknown members: {sorted(unknown)}")
        if body.get("training_type", "sft") not in KINDS:
            return fail(400, "InvalidParameter", "unknown training_type")
        if not body.get("training_datasets") and not body.get("training_file_ids"):
            return fail(400, "InvalidParameter", "training_datasets is required")
        if settings.keys() - SETTINGS or "auto" in settings.values():
            return fail(400, "InvalidParameter", f"unknown hyper_parameters: {json.dumps(settings)}")
        made = job(len(self.jobs), "PENDING", **{name: value for name, value in body.items() if value is not None})
        self.put(made)
        return wrapped(made)

    def _upload(self, request: Request) -> Step:
        if b'name="purpose"\r\n\r\nfine-tune\r\n' not in request.body:
            return send_json({"error": {"message": "purpose must be fine-tune", "type": "invalid_request_error"}}, 400)
        start = request.body.index(b"\r\n\r\n", request.body.index(b'name="file"')) + 4
        return send_json(self.add_file(request.body[start : request.body.rindex(b"\r\n--")]))

    def add_file(self, content: bytes) -> dict[str, Any]:
        id = f"file-ft-{len(self.files):04}"
        self.contents[id] = content
        self.files[id] = {
            "id": id,
            "object": "file",
            "bytes": len(content),
            "created_at": 1_700_000_000,
            "filename": "t.jsonl",
            "purpose": "fine-tune",
            "status": "processed",
        }
        return self.files[id]


def wrapped(output: Any) -> Step:
    return send_json({"request_id": "8f0b", "output": output})


def fail(status: int, code: str, message: str) -> Step:
    return send_json({"code": code, "message": message, "request_id": "8f0b"}, status)
