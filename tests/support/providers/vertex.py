"""Vertex AI, written from its discovery document: unknown members are refused, empty lists are empty objects."""

from typing import Any

from tests.support.fault_server import FaultServer, Request, Step, answer, send_json

KEY = "sk-near-0123456789"
BASE = "/v1/projects/acme/locations/us-central1"
NUMBERED = "/v1/projects/123456/locations/us-central1"
"""The same project by its number, as the names of jobs have it."""
MEMBERS = {
    *("baseModel", "preTunedModel", "supervisedTuningSpec", "preferenceOptimizationSpec", "tunedModelDisplayName"),
    *("description", "labels", "encryptionSpec", "serviceAccount", "experiment"),
}
SPEC = {"trainingDatasetUri", "validationDatasetUri", "exportLastCheckpointOnly", "hyperParameters", "evaluationConfig"}
SETTINGS = {"epochCount", "learningRateMultiplier", "adapterSize", "beta"}
LABEL = set("abcdefghijklmnopqrstuvwxyz0123456789_-")


def job(number: int, state: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    """Return a tuning job. A higher number is a newer job."""
    found: dict[str, Any] = {
        "name": f"projects/123456/locations/us-central1/tuningJobs/{7000 + number}",
        "baseModel": "gemini-3.5-flash",
        "supervisedTuningSpec": {
            "trainingDatasetUri": "gs://acme/t.jsonl",
            "hyperParameters": {"epochCount": "3", "learningRateMultiplier": 1.5, "adapterSize": "ADAPTER_SIZE_FOUR"},
        },
        "tunedModelDisplayName": "support",
        "state": f"JOB_STATE_{state}",
        "createTime": f"2026-10-29T16:{number % 60:02}:00.123456Z",
        "updateTime": "2026-10-29T18:00:00Z",
    }
    if state == "SUCCEEDED":
        found["endTime"] = "2026-10-29T18:00:00Z"
        checkpoints = [
            {"checkpointId": str(n), "epoch": str(n), "step": str(n * 10), "endpoint": f"e/{n}"} for n in (1, 2)
        ]
        found["tunedModel"] = {"model": "m/1", "endpoint": "projects/1/endpoints/2", "checkpoints": checkpoints}
        counts = {"totalBillableTokenCount": "4200", "tuningStepCount": "20"}
        found["tuningDataStats"] = {"supervisedTuningDataStats": counts}
    return found | more


class FakeVertex:
    """Jobs in no order, models, and a bucket behind the same server."""

    def __init__(self) -> None:
        self.server = FaultServer(self.step)
        self.jobs: list[dict[str, Any]] = []
        self.objects: dict[str, bytes] = {}
        self.faults: dict[str, list[Step]] = {}

    @property
    def url(self) -> str:
        return f"{self.server.origin}{BASE}"

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.target.removeprefix(BASE)}" for request in self.server.requests]

    def put(self, raw: dict[str, Any]) -> str:
        self.jobs.append(raw)
        return str(raw["name"]).rpartition("/")[2]

    def step(self, request: Request) -> Step:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return fail(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        line = f"{request.method} {request.path.removeprefix(BASE).removeprefix(NUMBERED)}"
        if waiting := self.faults.get(line):
            return waiting.pop(0)
        if "storage" in request.path:
            return self._storage(request)
        match line.split("/"):
            case ["GET ", "tuningJobs"]:
                return self._list(request)
            case ["POST ", "tuningJobs"]:
                return self._create(request)
            case ["GET ", "models"]:
                return send_json(
                    {"models": [{"name": "projects/1/locations/l/models/9", "createTime": "2026-10-29T18:00:00Z"}]}
                )
            case [method, "tuningJobs", rest]:
                id, _, verb = rest.partition(":")
                found = next((raw for raw in self.jobs if raw["name"].endswith(f"/{id}")), None)
                if found is None:
                    return fail(404, "NOT_FOUND", f"The TuningJob {id} does not exist.")
                if (method, verb) == ("POST ", "cancel"):
                    found |= {"state": "JOB_STATE_CANCELLED", "error": {"code": 1, "message": "CANCELLED"}}
                    return send_json({})
                if (method, verb) == ("GET ", ""):
                    return send_json(found)
        return fail(404, "NOT_FOUND", "Method not found.")

    def _list(self, request: Request) -> Step:
        if request.query.keys() - {"pageSize", "pageToken", "filter"}:
            return fail(400, "INVALID_ARGUMENT", "unknown query")
        jobs = self.jobs
        if wanted := request.query.get("filter"):
            key, _, value = wanted[0].removeprefix("labels.").partition("=")
            jobs = [raw for raw in jobs if raw.get("labels", {}).get(key) == value]
        start, size = int(request.query.get("pageToken", ["0"])[0]), int(request.query.get("pageSize", ["100"])[0])
        more = {"nextPageToken": str(start + size)} if start + size < len(jobs) else {}
        page = jobs[start : start + size]
        return send_json(({"tuningJobs": page} if page else {}) | more)

    def _create(self, request: Request) -> Step:
        body = request.json()
        specs = [name for name in body if name.endswith("Spec")]
        if unknown := body.keys() - MEMBERS:
            return fail(400, "INVALID_ARGUMENT", f'Unknown name "{sorted(unknown)[0]}": Cannot find field.')
        if len(specs) != 1 or body[specs[0]].keys() - SPEC:
            return fail(400, "INVALID_ARGUMENT", "exactly one tuning spec is required")
        inner = body[specs[0]]
        if not inner["trainingDatasetUri"].startswith("gs://"):
            return fail(400, "INVALID_ARGUMENT", "trainingDatasetUri must be a Cloud Storage URI")
        if inner.get("hyperParameters", {}).keys() - SETTINGS:
            return fail(400, "INVALID_ARGUMENT", "unknown hyperParameters")
        for key, value in body.get("labels", {}).items():
            if set(key) - LABEL or set(value) - LABEL or max(len(key), len(value)) > 63:
                return fail(400, "INVALID_ARGUMENT", f"label {key} is not valid")
        made = {"name": job(len(self.jobs))["name"], "state": "JOB_STATE_PENDING", "createTime": "2026-10-29T16:00:00Z"}
        self.put(made | body)
        return send_json(made | body)

    def _storage(self, request: Request) -> Step:
        match request.method, request.path.split("/"):
            case "POST", ["", "upload", "storage", "v1", "b", "acme", "o"]:
                name = request.query["name"][0]
                self.objects[name] = request.body
                return send_json(_object(name, request.body))
            case "GET", ["", "storage", "v1", "b", "acme", "o"]:
                found = [_object(name, content) for name, content in self.objects.items()]
                return send_json({"items": found} if found else {})
            case method, ["", "storage", "v1", "b", "acme", "o", *parts] if "/".join(parts) in self.objects:
                name = "/".join(parts)
                if method == "DELETE":
                    del self.objects[name]
                    return answer(204)
                if request.query.get("alt") == ["media"]:
                    return answer(200, self.objects[name], content_type="application/octet-stream")
                return send_json(_object(name, self.objects[name]))
        return fail(404, "NOT_FOUND", "No such object")


def _object(name: str, content: bytes) -> dict[str, Any]:
    return {
        "kind": "storage#object",
        "name": name,
        "bucket": "acme",
        "size": str(len(content)),
        "timeCreated": "2026-10-29T16:00:00.000Z",
    }


def fail(status: int, name: str, message: str) -> Step:
    return send_json({"error": {"code": status, "message": message, "status": name, "details": []}}, status)
