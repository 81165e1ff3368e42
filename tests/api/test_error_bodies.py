"""Error bodies of each provider: message, code, and the member that is wrong."""

import json
from typing import Any

import pytest

from fttui.api import providers
from fttui.api.faults import Fault, of_body

VIOLATION = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "labels.a"}]}
GOOGLE = {"error": {"code": 400, "message": "Bad label", "status": "INVALID_ARGUMENT", "details": [VIOLATION]}}


@pytest.mark.parametrize(
    ("name", "sent", "found"),
    [
        ("openai", {"error": {"message": "No", "code": "c", "type": "t", "param": "p"}}, Fault("No", "c", "t", "p")),
        ("openai", {"error": {"message": "No", "code": None, "param": "None"}}, Fault("No")),
        (
            "nebius",
            {"detail": [{"loc": ["body", "method", "n_epochs"], "msg": "Not a number"}]},
            Fault("body.method.n_epochs: Not a number", "", "", "method.n_epochs"),
        ),
        ("nebius", {"detail": "Method Not Allowed"}, Fault("Method Not Allowed")),
        ("bedrock", {"message": "Forbidden"}, Fault("Forbidden")),
        ("together", {"message": "No such model"}, Fault("No such model")),
        ("dashscope", {"code": "Throttling", "message": "Slow", "request_id": "r"}, Fault("Slow", "Throttling")),
        ("localai", {"error": "job not found: 1"}, Fault("job not found: 1")),
        ("localai", {"error": {"code": 401, "message": "key", "type": "auth"}}, Fault("key", "401", "auth")),
        ("vertex", GOOGLE, Fault("Bad label", "INVALID_ARGUMENT", "", "labels.a")),
        ("fireworks", {"code": 12, "message": "closed", "details": []}, Fault("closed", "UNIMPLEMENTED")),
        (
            "fireworks",
            {"code": 3, "message": "m", "details": [VIOLATION]},
            Fault("m", "INVALID_ARGUMENT", "", "labels.a"),
        ),
        ("fireworks", {"error": {"message": "bad key", "code": "unauthorized"}}, Fault("bad key", "unauthorized")),
    ],
)
def test_error_body_is_read_as_the_provider_writes_it(name: str, sent: Any, found: Fault) -> None:
    read = providers.provider(name, "https://provider.example/v1").fault
    assert of_body(json.dumps(sent).encode(), read) == found
    assert of_body(b"upstream failed", read) == Fault("upstream failed")
