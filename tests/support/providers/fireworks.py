"""Fireworks after its managed training closed, written from its SDK: creating and uploading answer 501."""

from typing import Any

from tests.support.fault_server import FaultServer, Request, Step, send_json

KEY = "sk-near-0123456789"
BASE = "/v1/accounts/acme"
DATASET = {"name": "accounts/acme/datasets/train", "state": "READY"}
RESOURCES = ("supervisedFineTuningJobs", "dpoJobs", "reinforcementFineTuningJobs")


def job(number: int, resource: str = RESOURCES[0], state: str = "COMPLETED", **more: Any) -> dict[str, Any]:
    """Return a job. A higher number is a newer job."""
    settings = {
        "baseModel": "accounts/fireworks/models/llama-v3p1-8b-instruct",
        "outputModel": f"accounts/acme/models/support-{number}",
        "learningRate": 0.0001,
        "loraRank": 8,
        "epochs": 2,
    }
    found: dict[str, Any] = {
        "name": f"accounts/acme/{resource}/j{number}",
        "displayName": f"support-{number}",
        "state": f"JOB_STATE_{state}",
        "status": {"code": "OK", "message": ""},
        "createTime": f"2026-06-{1 + number % 28:02}T16:00:00Z",
        "completedTime": f"2026-06-{1 + number % 28:02}T18:00:00Z",
        "dataset": "accounts/acme/datasets/train",
        "wandbConfig": {"enabled": True, "project": "p", "entity": "e", "runId": "r", "apiKey": "wandb-secret-key"},
    }
    return found | (settings if resource == RESOURCES[0] else {"trainingConfig": settings}) | more


class FakeFireworks:
    """Jobs of three kinds, data sets and models of one account."""

    def __init__(self) -> None:
        self.server = FaultServer(self.step)
        self.jobs: dict[str, list[dict[str, Any]]] = {resource: [] for resource in RESOURCES}
        self.page = 200
        """Most jobs of a page."""

    @property
    def url(self) -> str:
        return f"{self.server.origin}{BASE}"

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.target.removeprefix(BASE)}" for request in self.server.requests]

    def put(self, raw: dict[str, Any]) -> None:
        self.jobs[raw["name"].split("/")[2]].append(raw)

    def step(self, request: Request) -> Step:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return fail(401, 16, "invalid API key")
        if request.query.keys() - {"pageSize", "pageToken", "filter", "readMask"}:
            return fail(400, 3, "unknown query")
        match request.method, request.path.removeprefix(f"{BASE}/").split("/"):
            case "GET", [resource] if resource in self.jobs:
                return self._list(resource, request)
            case "POST", [resource] if resource in self.jobs or resource == "datasets":
                return fail(501, 12, "managed training is no longer available")
            case method, [resource, rest] if resource in self.jobs:
                return self._of_job(method, resource, rest, request)
            case "GET", ["datasets"]:
                return send_json(
                    {"datasets": [{"name": "accounts/acme/datasets/train", "state": "READY"}], "totalSize": 1}
                )
            case "GET", ["datasets", "train"]:
                return send_json({"name": "accounts/acme/datasets/train", "state": "READY"})
            case "GET", ["models"]:
                return send_json({"models": [{"name": "accounts/acme/models/support-1", "kind": "HF_PEFT_ADDON"}]})
            case "DELETE", ["models", "support-1"]:
                return send_json({})
        return fail(404, 5, "not found")

    def _list(self, resource: str, request: Request) -> Step:
        jobs = sorted(self.jobs[resource], key=lambda raw: str(raw["name"]))
        start = int(request.query.get("pageToken", ["0"])[0])
        end = start + min(self.page, int(request.query.get("pageSize", ["50"])[0]))
        next = str(end) if end < len(jobs) else ""
        return send_json({resource: jobs[start:end], "nextPageToken": next, "totalSize": len(jobs)})

    def _of_job(self, method: str, resource: str, rest: str, request: Request) -> Step:
        id, _, verb = rest.partition(":")
        found = next((raw for raw in self.jobs[resource] if raw["name"].endswith(f"/{id}")), None)
        if found is None:
            return fail(404, 5, f"job {id} not found")
        if verb and request.body != b"{}":
            return fail(400, 3, "body must be {}")
        match method, verb:
            case "GET", "":
                return send_json(found)
            case "DELETE", "":
                self.jobs[resource].remove(found)
                return send_json({})
            case "POST", "cancel":
                found["state"] = "JOB_STATE_CANCELLED"
                return send_json({})
            case "POST", "resume":
                found["state"] = "JOB_STATE_PENDING"
                return send_json(found)
        return fail(404, 5, "not found")


def fail(status: int, code: int, message: str) -> Step:
    return send_json({"code": code, "message": message, "details": []}, status)
