"""Nebius Token Factory: OpenAI's routes, its own hyperparameters, 422 for all others, no metadata."""

from typing import Any

from tests.support.fault_server import Request, Step, send_json
from tests.support.service import Service

HYPERPARAMETERS: dict[str, type | tuple[type, ...]] = {
    "n_epochs": int,
    "batch_size": int,
    "learning_rate": (int, float),
    "warmup_ratio": (int, float),
    "weight_decay": (int, float),
    "packing": bool,
    "max_grad_norm": (int, float),
    "context_length": int,
    "lora": bool,
    "lora_r": int,
    "lora_alpha": int,
    "lora_dropout": (int, float),
}
MEMBERS = {"model", "training_file", "validation_file", "suffix", "seed", "method", "hyperparameters", "integrations"}


class FakeNebius(Service):
    """Jobs lose their metadata. A member that is unknown or of a wrong type is a 422 with its place."""

    def step(self, request: Request) -> Step:
        if request.method == "POST" and request.path == "/v1/fine_tuning/jobs":
            body = request.json()
            if fault := _fault(body):
                return send_json({"detail": [fault]}, 422)
            request = Request(request.method, request.target, request.headers, request.body)
            step = super().step(request)
            self.jobs[0].pop("metadata", None)
            return send_json(self.jobs[0]) if "metadata" in body else step
        if request.method == "DELETE" and "/jobs/" in request.path:
            return send_json({"detail": "Method Not Allowed"}, 405)
        return super().step(request)


def _fault(body: dict[str, Any]) -> dict[str, Any] | None:
    for name in body.keys() - MEMBERS - {"metadata"}:
        return {"loc": ["body", name], "msg": "Extra inputs are not permitted", "type": "extra_forbidden"}
    method = body.get("method", {"type": "supervised"})
    if method["type"] != "supervised":
        return {"loc": ["body", "method", "type"], "msg": "Input should be 'supervised'", "type": "literal_error"}
    place = ["body", "method", "supervised", "hyperparameters"]
    for name, value in method.get("supervised", {}).get("hyperparameters", {}).items():
        kind = HYPERPARAMETERS.get(name)
        if kind is None:
            return {"loc": [*place, name], "msg": "Extra inputs are not permitted", "type": "extra_forbidden"}
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            return {"loc": [*place, name], "msg": "Input should be a valid number", "type": "number_parsing"}
    return None
