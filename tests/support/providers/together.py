"""Together, written from its published API and strict about requests: an unknown member or query is refused."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from tests.support.fault_server import FaultServer, Request, Step, answer, refuse, send_json

NOW = 1_700_000_000
MODEL = "meta-llama/Meta-Llama-3.1-8B-Instruct-Reference"
KEY = "sk-near-0123456789"
FINAL = ("completed", "cancelled", "error", "user_error")

_NUMBER = (int, float)
MEMBERS: Mapping[str, Any] = {
    "model": str,
    "training_file": str,
    "validation_file": str,
    "suffix": str,
    "random_seed": int,
    "n_epochs": int,
    "n_evals": int,
    "n_checkpoints": int,
    "batch_size": (int, str),
    "learning_rate": _NUMBER,
    "packing": bool,
    "max_seq_length": int,
    "gradient_accumulation_steps": int,
    "lr_scheduler": dict,
    "warmup_ratio": _NUMBER,
    "max_grad_norm": _NUMBER,
    "weight_decay": _NUMBER,
    "training_method": dict,
    "training_type": dict,
    "from_checkpoint": str,
    "from_hf_model": str,
    "hf_model_revision": str,
    "hf_output_repo_name": str,
    "early_stopping_enabled": bool,
    "early_stopping_patience": int,
    "early_stopping_min_delta": _NUMBER,
    "early_stopping_warmup_evals": int,
    "multimodal_params": dict,
    "wandb_project_name": str,
    "wandb_key": str,
    "wandb_name": str,
    "wandb_entity": str,
    "wandb_base_url": str,
    "hf_api_token": str,
}
_SFT, _DPO = (
    {"method", "train_on_inputs"},
    {
        *("method", "dpo_beta", "rpo_alpha", "simpo_gamma", "dpo_normalize_logratios_by_length", "dpo_reference_free"),
    },
)
_PRICED = {
    *("training_file", "model", "validation_file", "n_epochs", "n_evals", "training_method", "training_type"),
    "from_checkpoint",
}
_WHOLE = ("job_id", "model_output_path", "param_count", "epochs_completed", "queue_depth", "wandb_url")
"""Members that only a single job has."""


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(number: int, status: str = "completed", **more: Any) -> dict[str, Any]:
    """Return a whole job. A higher number is a newer job."""
    return {
        "id": f"ft-{number:08x}-0000",
        "job_id": f"ft-{number:08x}-0000",
        "status": status,
        "created_at": iso(NOW - 100_000 + number * 60),
        "updated_at": iso(NOW - 99_000 + number * 60),
        "started_at": iso(NOW - 99_900 + number * 60),
        "user_id": "u-1",
        "owner_address": "",
        "total_price": 1_250_000_000 if status == "completed" else 0,
        "token_count": 40_000,
        "events": [],
        "training_file": "file-train",
        "validation_file": "",
        "packing": True,
        "max_seq_length": 8192,
        "model": MODEL,
        "model_output_name": f"acme/llama-support-{number}",
        "model_output_path": "s3://out",
        "suffix": "support",
        "n_epochs": 3,
        "n_evals": 0,
        "n_checkpoints": 1,
        "batch_size": 8,
        "learning_rate": 1e-05,
        "lr_scheduler": {"lr_scheduler_type": "cosine", "lr_scheduler_args": {"min_lr_ratio": 0.1, "num_cycles": 0.5}},
        "warmup_ratio": 0.0,
        "max_grad_norm": 1.0,
        "weight_decay": 0.0,
        "training_type": {"type": "Lora", "lora_r": 8, "lora_alpha": 16, "lora_dropout": 0.0},
        "training_method": {"method": "sft", "train_on_inputs": "auto"},
        "random_seed": 42,
        "wandb_project_name": "",
        "wandb_url": "",
        "progress": {"estimate_available": False, "seconds_remaining": 0},
        "param_count": 8_000_000_000,
        "epochs_completed": 3,
        "queue_depth": 0,
        **more,
    }


def event(kind: str, message: str, at: float, **more: Any) -> dict[str, Any]:
    """Return an event of a job."""
    found = {
        "object": "fine-tune-event",
        "created_at": iso(at),
        "level": "info",
        "message": message,
        "type": kind,
        "param_count": 0,
        "token_count": 0,
        "total_steps": 0,
        "wandb_url": "",
        "step": 0,
        "checkpoint_path": "",
        "model_path": "",
        "training_offset": 0,
    } | more
    return found | {"hash": hashlib.sha1(json.dumps(found).encode()).hexdigest()}


def row(step: int, loss: float, at: float, *, evaluation: bool = False) -> dict[str, float]:
    """Return metrics of a step, of the training or of an evaluation."""
    if evaluation:
        return {"eval/loss": loss, "train/global_step": step}
    values = {"train/loss": loss, "train/learning_rate": 1e-5, "train/grad_norm": 0.5, "train/epoch": step / 10}
    return {**values, "train/global_step": step, "train/timestamp": at}


class FakeTogether:
    """Jobs without an order, events, metrics, checkpoints and files of one account."""

    def __init__(self) -> None:
        self.server = FaultServer(self.step)
        self.jobs: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.metrics: dict[str, list[dict[str, float]]] = {}
        self.checkpoints: dict[str, list[dict[str, Any]]] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.weights = bytes(range(256)) * 8
        """Content of every archive of weights."""
        self.faults: dict[str, list[Step]] = {}
        """Faults by "METHOD /path" without /v1: one step for each request in turn."""
        self.price: dict[str, Any] = {
            "estimation_available": True,
            "estimated_total_price": 4.2,
            "allowed_to_proceed": True,
            "user_limit": 100.0,
            "estimated_train_token_count": 1200,
            "estimated_eval_token_count": 0,
        }

    def put(self, raw: dict[str, Any]) -> str:
        self.jobs[raw["id"]] = raw
        return str(raw["id"])

    @property
    def lines(self) -> list[str]:
        """Method and path of each request, without /v1."""
        return [f"{request.method} {request.path.removeprefix('/v1')}" for request in self.server.requests]

    def step(self, request: Request) -> Step:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return refuse(401, "Invalid API key provided", "invalid_api_key")
        line = f"{request.method} {request.path.removeprefix('/v1')}"
        if waiting := self.faults.get(line):
            return waiting.pop(0)
        query = set(request.query)
        if query - {"model_name", "checkpoint", "ft_id", "checkpoint_step", "resolution"} and "/metrics" not in line:
            return refuse(400, f"unexpected query: {sorted(query)}", "invalid_request")
        match line.split("/"):
            case ["GET ", "fine-tunes"]:
                return send_json({"data": [_reduced(raw) for raw in self.jobs.values()]})
            case ["POST ", "fine-tunes"]:
                return self._create(request)
            case ["POST ", "fine-tunes", "estimate-price"]:
                return self._estimate(request)
            case ["GET ", "fine-tunes", "models", "limits"]:
                return _limits(request.query["model_name"][0])
            case ["GET ", "fine-tunes", "models", "supported"]:
                return send_json({"models": [MODEL]})
            case ["GET ", "files"]:
                return send_json({"data": list(self.files.values())})
            case ["POST ", "files", "upload"]:
                return self._upload(request)
            case ["GET ", "finetune", "download"]:
                return self._download(request)
            case ["GET ", "models"]:
                model = {"id": MODEL, "object": "model", "created": NOW, "type": "chat", "organization": "Meta"}
                return send_json([model])
            case ["GET ", "files", id, "content"] if id in self.contents:
                return answer(200, self.contents[id], content_type="application/octet-stream")
            case [method, "files", id] if id in self.files:
                if method == "DELETE ":
                    del self.files[id]
                    return send_json({"id": id, "deleted": True})
                return send_json(self.files[id])
            case [method, "fine-tunes", id, *rest] if id in self.jobs:
                return self._of_job(method.strip(), id, rest)
        return send_json({"message": "Not found"}, 404)

    def _of_job(self, method: str, id: str, rest: list[str]) -> Step:
        found = self.jobs[id]
        match method, rest:
            case "GET", []:
                return send_json(found)
            case "DELETE", []:
                del self.jobs[id]
                return send_json({"message": "Fine-tune job deleted"})
            case "POST", ["cancel"]:
                found["status"] = "cancel_requested"
                return send_json(_reduced(found))
            case "GET", ["events"]:
                return send_json({"data": self.events.get(id, [])})
            case "GET", ["checkpoints"]:
                return send_json({"data": self.checkpoints.get(id, [])})
            case "GET", ["metrics"]:
                # NaN is not valid JSON, but this is what is sent.
                return answer(200, json.dumps({"metrics": self.metrics.get(id, [])}), content_type="application/json")
        return send_json({"message": "Method not allowed"}, 405)

    def _create(self, request: Request) -> Step:
        body = request.json()
        if fault := _fault(body):
            return refuse(400, fault, "invalid_request_error")
        if body["training_file"] not in self.files:
            return refuse(404, f"file {body['training_file']} not found", "not_found")
        made = job(len(self.jobs), "pending", **{name: body[name] for name in body if "key" not in name})
        made |= {"total_price": 0, "token_count": 0, "created_at": iso(NOW), "updated_at": iso(NOW), "events": []}
        self.put(made)
        return send_json(_reduced(made))

    def _download(self, request: Request) -> Step:
        query = {name: values[0] for name, values in request.query.items()}
        found = self.jobs.get(query["ft_id"])
        if found is None:
            return send_json({"message": "Fine-tune ID not found."}, 404)
        kinds = ("merged", "adapter") if found["training_type"]["type"] == "Lora" else ("model_output_path",)
        if query.get("checkpoint") not in kinds and "checkpoint_step" not in query:
            return refuse(400, f"checkpoint must be one of {kinds}")
        first, _, last = request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
        piece = self.weights[int(first) : int(last) + 1 if last else None]
        place = f"bytes {first}-{int(first) + len(piece) - 1}/{len(self.weights)}"
        return answer(206, piece, content_range=place, content_type="application/zstd")

    def _estimate(self, request: Request) -> Step:
        if unknown := request.json().keys() - _PRICED:
            return refuse(400, f"unknown fields: {sorted(unknown)}")
        return send_json(self.price)

    def _upload(self, request: Request) -> Step:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = BytesParser(policy=HTTP).parsebytes(head + request.body)
        fields = {
            str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
            for part in parts.iter_parts()  # type: ignore[attr-defined]
        }
        if fields.keys() != {"purpose", "file_name", "file_type", "file"}:
            return refuse(400, f"expected purpose, file_name, file_type and file, got {sorted(fields)}")
        if fields["purpose"] != b"fine-tune" or fields["file_type"] not in (b"jsonl", b"csv", b"parquet"):
            return refuse(400, "unknown purpose or file_type")
        return send_json(self.add_file(fields["file_name"].decode(), fields["file"]))

    def add_file(self, name: str, content: bytes) -> dict[str, Any]:
        id = f"file-{len(self.files):04}"
        self.contents[id] = content
        self.files[id] = {
            "id": id,
            "object": "file",
            "created_at": NOW,
            "filename": name,
            "bytes": len(content),
            "purpose": "fine-tune",
            "FileType": "jsonl",
            "Processed": True,
            "LineCount": content.count(b"\n"),
            "processing_status": "COMPLETED",
            "validation_report": {"valid": True},
        }
        return self.files[id]


def _reduced(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in _WHOLE}


def _fault(body: dict[str, Any]) -> str:
    """Return why Together refuses a create request; empty if it does not."""
    if unknown := body.keys() - MEMBERS.keys():
        return f"unknown fields: {sorted(unknown)}"
    for name, value in body.items():
        if not isinstance(value, MEMBERS[name]) or (isinstance(value, bool) and MEMBERS[name] is not bool):
            return f"{name} has a wrong type"
    if ("model" in body) == ("from_checkpoint" in body):
        return "give either model or from_checkpoint"
    if isinstance(body.get("batch_size"), str) and body["batch_size"] != "max":
        return "batch_size must be an integer or max"
    if len(body.get("suffix", "")) > 40:
        return "suffix is too long"
    method = body.get("training_method", {"method": "sft", "train_on_inputs": "auto"})
    if method.get("method") == "sft" and method.keys() != _SFT:
        return "training_method sft needs method and train_on_inputs"
    if method.get("method") == "dpo" and not method.keys() <= _DPO:
        return "training_method dpo has unknown fields"
    if method.get("method") not in ("sft", "dpo"):
        return "unknown training_method"
    scheduler = body.get("lr_scheduler", {})
    given = scheduler.get("lr_scheduler_args", {}).keys()
    both = {"min_lr_ratio", "num_cycles"}
    if given and given != (both if scheduler["lr_scheduler_type"] == "cosine" else {"min_lr_ratio"}):
        return "lr_scheduler_args do not fit lr_scheduler_type"
    kind = body.get("training_type", {"type": "Full"})
    if kind["type"] == "Lora" and not {"lora_r", "lora_alpha"} <= kind.keys():
        return "training_type Lora needs lora_r and lora_alpha"
    return "" if kind["type"] in ("Lora", "Full") else "unknown training_type"


def _limits(model: str) -> Step:
    if model != MODEL:
        return send_json({"message": f"Model {model} is not available for fine-tuning"}, 404)
    sizes = {"max_batch_size": 32, "max_batch_size_dpo": 16, "min_batch_size": 8}
    return send_json(
        {
            "model_name": model,
            "max_num_epochs": 20,
            "max_num_evals": 100,
            "max_num_checkpoints": 100,
            "min_learning_rate": 1e-8,
            "max_learning_rate": 0.01,
            "default_gradient_accumulation_steps": 1,
            "lora_training": {**sizes, "max_rank": 64, "default_rank": 8, "target_modules": ["q", "k", "v", "o"]},
            "full_training": {**sizes, "max_batch_size": 16},
            "supports_vision": False,
            "supports_tools": True,
            "supports_reasoning": False,
            "supports_full_training": True,
            "max_seq_length_sft": 32768,
            "max_seq_length_dpo": 8192,
            "min_max_seq_length": 512,
            "merge_output_lora": True,
        }
    )
