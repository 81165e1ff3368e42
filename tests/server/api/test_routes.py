"""Routes of the API, with a plain HTTP client: objects, errors, lists, unusual requests."""

import asyncio
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from fttui.server.api.access import api_key, local_only
from fttui.server.api.app import create_app
from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.service import Service
from tests.server.conftest import GOOD, add_file, add_job, messages, run_until, status, until

JOBS = "/fine_tuning/jobs"


def error(response: httpx.Response) -> dict[str, Any]:
    assert set(response.json()) <= {"error", "detail"}
    found = response.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found


async def upload(client: httpx.AsyncClient, content: bytes = GOOD, **fields: str) -> dict[str, Any]:
    answer = await client.post("/files", data={"purpose": "fine-tune", **fields}, files={"file": ("d.jsonl", content)})
    assert answer.status_code == 200
    return answer.json()


async def create(client: httpx.AsyncClient, **members: Any) -> httpx.Response:
    if "training_file" not in members:
        members["training_file"] = (await upload(client))["id"]
    return await client.post(JOBS, json={"model": "base-1", **members})


async def test_a_new_job_has_every_member(client: httpx.AsyncClient) -> None:
    file = await upload(client)
    answer = await create(client, training_file=file["id"], suffix="s", seed=5, metadata={"k": "v"})
    assert answer.status_code == 200
    assert answer.headers["x-request-id"].startswith("req_")
    job = answer.json()
    auto = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
    assert job == {
        "object": "fine_tuning.job",
        "id": job["id"],
        "model": "base-1",
        "created_at": job["created_at"],
        "finished_at": None,
        "fine_tuned_model": None,
        "organization_id": "org-local",
        "result_files": [],
        "status": "validating_files",
        "validation_file": None,
        "training_file": file["id"],
        "hyperparameters": auto,
        "trained_tokens": None,
        "error": None,
        "user_provided_suffix": "s",
        "seed": 5,
        "estimated_finish": None,
        "integrations": [],
        "metadata": {"k": "v"},
        "method": {"type": "supervised", "supervised": {"hyperparameters": auto}},
    }
    assert job["id"].startswith("ftjob-")
    assert (await client.get(f"{JOBS}/{job['id']}")).json() == job


async def test_hyperparameters_are_null_for_dpo_and_resolved_before_running(
    client: httpx.AsyncClient, service: Service
) -> None:
    job = (await create(client, method={"type": "dpo"})).json()
    assert job["hyperparameters"] is None
    assert job["method"]["dpo"]["hyperparameters"]["beta"] == "auto"
    other = (await create(client, hyperparameters={"n_epochs": 1})).json()
    run_until(service, other["id"], "queued", "running", "succeeded")
    done = (await client.get(f"{JOBS}/{other['id']}")).json()
    resolved = {"n_epochs": 1, "batch_size": 1, "learning_rate_multiplier": 1.0}
    assert done["hyperparameters"] == done["method"]["supervised"]["hyperparameters"] == resolved


@pytest.mark.parametrize("slash", ["", "/"])
async def test_routes_accept_a_trailing_slash(client: httpx.AsyncClient, service: Service, slash: str) -> None:
    job, file = add_job(service), add_file(service)
    model = "base-1"
    for path in (
        JOBS,
        f"{JOBS}/{job}",
        f"{JOBS}/{job}/events",
        f"{JOBS}/{job}/checkpoints",
        f"{JOBS}/{job}/samples",
        "/files",
        f"/files/{file}",
        f"/files/{file}/content",
        "/models",
        f"/models/{model}",
    ):
        assert (await client.get(path + slash)).status_code == 200, path
    assert (await client.post(f"{JOBS}/{job}/cancel{slash}")).json()["status"] == "cancelled"
    assert (await client.delete(f"/files/{file}{slash}")).json() == {"id": file, "object": "file", "deleted": True}


async def test_refused_requests_get_the_errors_of_the_api(client: httpx.AsyncClient, service: Service) -> None:
    file, batch = add_file(service), add_file(service, purpose="batch")
    done = add_job(service)
    run_until(service, done, "succeeded")
    base = {"model": "base-1", "training_file": file}
    table: list[tuple[str, str, Any, int, Any, Any, str]] = [
        (
            "POST",
            JOBS,
            {**base, "training_file": "file-x"},
            400,
            "training_file",
            None,
            "invalid training_file: file-x",
        ),
        (
            "POST",
            JOBS,
            {**base, "validation_file": "nope"},
            400,
            "validation_file",
            None,
            "invalid validation_file: nope",
        ),
        ("POST", JOBS, {**base, "training_file": batch}, 400, "training_file", "invalid_value", "purpose 'batch'"),
        (
            "POST",
            JOBS,
            {**base, "model": "gpt-9"},
            400,
            None,
            "model_not_available",
            "Model gpt-9 is not available for fine-tuning or does not exist.",
        ),
        (
            "POST",
            JOBS,
            {**base, "method": {"type": "reinforcement"}},
            400,
            "method",
            "unsupported_method",
            "reinforcement",
        ),
        ("POST", JOBS, [], 400, None, None, "not a JSON object"),
        (
            "POST",
            f"{JOBS}/{done}/cancel",
            None,
            400,
            None,
            None,
            f'Cannot cancel a job {done} that already has status "succeeded".',
        ),
        ("POST", f"{JOBS}/{done}/pause", None, 400, None, None, 'that has status "succeeded"'),
        ("POST", f"{JOBS}/{done}/resume", None, 400, None, None, 'that has status "succeeded"'),
        (
            "GET",
            f"{JOBS}/ftjob-x",
            None,
            404,
            "fine_tune_id",
            "fine_tune_not_found",
            "Could not find fine tune: ftjob-x",
        ),
        (
            "GET",
            f"{JOBS}//events",
            None,
            404,
            "fine_tune_id",
            "fine_tune_not_found",
            "Could not find fine tune: events",
        ),
        (
            "POST",
            f"{JOBS}/ftjob-x/cancel",
            None,
            404,
            "fine_tune_id",
            "fine_tune_not_found",
            "Could not find fine tune: ftjob-x",
        ),
        ("GET", f"{JOBS}/ftjob-x/events", None, 404, "fine_tune_id", "fine_tune_not_found", "ftjob-x"),
        ("GET", f"{JOBS}/ftjob-x/checkpoints", None, 404, "fine_tune_id", "fine_tune_not_found", "ftjob-x"),
        ("GET", "/files/file-x", None, 404, "id", None, "No such File object: file-x"),
        ("GET", "/files/file-x/content", None, 404, "id", None, "No such File object: file-x"),
        ("DELETE", "/files/file-x", None, 404, "id", None, "No such File object: file-x"),
        ("GET", "/models/gpt-9", None, 404, "model", "model_not_found", "The model 'gpt-9' does not exist"),
        ("DELETE", "/models/gpt-9", None, 404, "model", "model_not_found", "The model 'gpt-9' does not exist"),
        ("DELETE", "/models/base-1", None, 403, "model", None, "base model"),
        ("GET", "/nonsense", None, 404, None, None, "Invalid URL (GET /v1/nonsense)"),
        ("PUT", JOBS, None, 404, None, None, f"Invalid URL (PUT /v1{JOBS})"),
        ("POST", "/embeddings", {}, 404, None, None, "Invalid URL (POST /v1/embeddings)"),
        ("GET", f"{JOBS}?limit=0", None, 400, "limit", "invalid_value", "limit"),
        ("GET", f"{JOBS}?limit=many", None, 400, "limit", "invalid_value", "limit"),
        ("GET", "/files?order=up", None, 400, "order", "invalid_value", "order"),
        ("GET", f"{JOBS}?metadata=x", None, 400, "metadata", "invalid_value", "metadata"),
    ]
    for method, path, body, code_of_status, param, code, words in table:
        answer = (
            await client.request(method, path, json=body) if body is not None else await client.request(method, path)
        )
        found = error(answer)
        assert (answer.status_code, found["param"], found["code"]) == (code_of_status, param, code), (path, found)
        assert words in found["message"]
        assert found["type"] == "invalid_request_error"
        assert answer.headers["x-request-id"]
        assert ("detail" in answer.json()) == (path.startswith("/files/file-x"))


async def test_invalid_json_bodies_are_refused(client: httpx.AsyncClient) -> None:
    json = {"content-type": "application/json"}
    for body in (b"", b"{", b"\xff", b"[" * 50_000, b'{"seed": ' + b"9" * 5000 + b"}"):
        answer = await client.post(JOBS, content=body, headers=json)
        assert answer.status_code == 400
        error(answer)
    answer = await client.post(JOBS, content=b'{"model": "' + b"x" * (1 << 20) + b'"}', headers=json)
    assert answer.status_code == 413
    error(answer)


async def test_unusual_but_valid_requests_are_accepted(client: httpx.AsyncClient, service: Service) -> None:
    json = {"content-type": "application/json"}
    job = add_job(service)
    assert (await client.post(f"{JOBS}/{job}/cancel", content=b"", headers=json)).status_code == 200
    other = add_job(service)
    assert (await client.post(f"{JOBS}/{other}/cancel", json={})).json()["status"] == "cancelled"
    file = add_file(service)
    accept = {"accept": "application/binary"}
    content = await client.get(f"/files/{file}/content", headers=accept)
    assert (content.status_code, content.content) == (200, GOOD)
    assert content.headers["content-type"] == "application/octet-stream"
    assert content.headers["content-disposition"] == 'attachment; filename="data.jsonl"'
    assert (await client.request("DELETE", f"/files/{file}", headers=json)).status_code == 200
    assert (await client.get(f"{JOBS}/%66tjob-x")).json()["error"]["message"].endswith("ftjob-x")
    assert (await client.get(f"{JOBS}/a%2541")).json()["error"]["message"].endswith(": a%41")


async def test_models_are_found_by_encoded_names_and_deleted(client: httpx.AsyncClient, service: Service) -> None:
    id = add_job(service)
    run_until(service, id, "succeeded")
    job = (await client.get(f"{JOBS}/{id}")).json()
    name = job["fine_tuned_model"]
    listed = (await client.get("/models")).json()
    assert listed["object"] == "list"
    assert [model["id"] for model in listed["data"]][:2] == ["base-1", name]
    assert set(listed["data"][1]) == {"id", "object", "created", "owned_by", "fttui"}
    assert listed["data"][1]["fttui"] == {"kind": "tuned", "base": "base-1"}
    assert listed["data"][2]["fttui"] == {"kind": "checkpoint", "base": "base-1"}
    for path in (name, name.replace(":", "%3A")):
        assert (await client.get(f"/models/{path}")).json()["id"] == name
    assert (await client.delete(f"/models/{name}")).json() == {"id": name, "object": "model", "deleted": True}
    assert (await client.get(f"/models/{name}")).status_code == 404
    assert (await create(client, model=name)).status_code == 400
    checkpoint = (await client.get(f"{JOBS}/{id}/checkpoints")).json()["data"][0]
    assert checkpoint["fine_tuned_model_checkpoint"] == name


async def test_an_ended_job_is_deleted_with_its_models_and_the_files_that_only_it_uses(
    client: httpx.AsyncClient, service: Service
) -> None:
    shared, own = add_file(service), add_file(service)
    other = add_job(service, training_file=shared)
    id = add_job(service, training_file=shared, validation_file=own)
    run_until(service, id, "succeeded")
    job = (await client.get(f"{JOBS}/{id}")).json()
    answer = await client.delete(f"{JOBS}/{id}")
    assert answer.json() == {"id": id, "object": "fine_tuning.job.deleted", "deleted": True}
    assert [each["id"] for each in (await client.get(JOBS)).json()["data"]] == [other]
    for path in (f"{JOBS}/{id}", f"{JOBS}/{id}/events", f"{JOBS}/{id}/checkpoints", f"{JOBS}/{id}/samples"):
        assert (await client.get(path)).status_code == 404
    assert job["fine_tuned_model"] not in (await client.get("/models")).text
    assert (await client.delete(f"{JOBS}/{id}")).status_code == 404
    files = {file["id"] for file in (await client.get("/files")).json()["data"]}
    assert files & {shared, own, *job["result_files"]} == {shared}
    assert not {own, *job["result_files"]} & set(os.listdir(service.paths.files))
    assert id not in os.listdir(service.paths.jobs)
    assert os.listdir(service.paths.uploads) == []


async def test_a_live_job_is_not_deleted(client: httpx.AsyncClient, service: Service) -> None:
    id = add_job(service, "slow")
    run_until(service, id, "running")
    answer = await client.delete(f"{JOBS}/{id}")
    assert answer.status_code == 400
    message = f'Cannot delete the job {id}: it has status "running". Cancel it first.'
    assert error(answer) == {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    assert status(service, id) == "running"


async def test_a_job_cancelled_a_moment_ago_is_deleted_with_its_trainer(
    client: httpx.AsyncClient, service: Service
) -> None:
    id = add_job(service, "stubborn")
    run_until(service, id, "running")
    process = TrainerProcess(service.paths.job(id))
    until(process.is_alive)
    await client.post(f"{JOBS}/{id}/cancel")
    assert (await client.delete(f"{JOBS}/{id}")).status_code == 200
    assert not process.is_alive()
    service.runner.tick()
    assert os.listdir(service.paths.jobs) == []


async def test_pages_of_every_list_cover_all_items(client: httpx.AsyncClient, service: Service) -> None:
    jobs = [add_job(service, "slow", metadata={"n": str(number % 2)}) for number in range(5)]

    async def walk(path: str, **query: Any) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        while True:
            page = (await client.get(path, params={"limit": 2, **query})).json()
            assert page["object"] == "list"
            seen += page["data"]
            if not page["has_more"]:
                return seen
            query["after"] = page["data"][-1]["id"]

    assert [job["id"] for job in await walk(JOBS)] == jobs[::-1]
    assert [job["id"] for job in await walk(JOBS, **{"metadata[n]": "1"})] == [jobs[3], jobs[1]]
    assert await walk(JOBS, metadata="null") == []
    assert len(await walk(JOBS, metadata="")) == 5
    events = await walk(f"{JOBS}/{jobs[0]}/events")
    assert [event["message"] for event in events][::-1] == messages(service, jobs[0])
    assert set(events[0]) == {"object", "id", "created_at", "level", "message", "type", "data"}
    assert (events[0]["object"], events[0]["type"], events[0]["data"]) == ("fine_tuning.job.event", "message", {})
    files = await walk("/files", order="asc")
    assert len(files) == 5
    assert [file["id"] for file in await walk("/files")] == [file["id"] for file in files][::-1]
    for path in (JOBS, *(f"{JOBS}/{jobs[0]}/{name}" for name in ("events", "checkpoints", "samples")), "/files"):
        page = (await client.get(path, params={"after": "unknown"})).json()
        assert (page["data"], page["has_more"]) == ([], False)


async def test_samples_of_a_job_are_listed_by_step(client: httpx.AsyncClient, service: Service) -> None:
    id = add_job(service)
    run_until(service, id, "succeeded")
    page = (await client.get(f"{JOBS}/{id}/samples", params={"limit": 1})).json()
    (first,) = page["data"]
    assert page == {
        "object": "list",
        "data": [first],
        "first_id": first["id"],
        "last_id": first["id"],
        "has_more": True,
    }
    assert first == {
        "object": "fine_tuning.job.samples",
        "id": first["id"],
        "created_at": first["created_at"],
        "step_number": 2,
        "samples": [
            {
                "prompt": [{"role": "user", "content": "How many steps?"}],
                "expected": "2",
                "answer": "2",
                "finish_reason": None,
            }
        ],
    }
    rest = (await client.get(f"{JOBS}/{id}/samples", params={"after": first["id"]})).json()
    assert ([each["step_number"] for each in rest["data"]], rest["has_more"]) == ([4], False)
    assert (await client.get(f"{JOBS}/ftjob-x/samples")).status_code == 404


async def test_list_envelopes_have_the_documented_members(client: httpx.AsyncClient, service: Service) -> None:
    id = add_job(service)
    assert set((await client.get(JOBS)).json()) == {"object", "data", "has_more"}
    assert set((await client.get(f"{JOBS}/{id}/events")).json()) == {"object", "data", "has_more"}
    empty = (await client.get(f"{JOBS}/{id}/checkpoints")).json()
    assert empty == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    run_until(service, id, "succeeded")
    full = (await client.get(f"{JOBS}/{id}/checkpoints")).json()
    assert (full["first_id"], full["last_id"]) == (full["data"][0]["id"], full["data"][-1]["id"])
    assert set(full["data"][0]) == {
        "object",
        "id",
        "created_at",
        "fine_tuned_model_checkpoint",
        "fine_tuning_job_id",
        "step_number",
        "metrics",
    }
    files = (await client.get("/files")).json()
    assert files["first_id"] == files["data"][0]["id"]


async def test_page_limits_have_a_default_and_a_maximum(client: httpx.AsyncClient, service: Service) -> None:
    for _ in range(22):
        add_job(service)
    assert len((await client.get(JOBS)).json()["data"]) == 20
    assert len((await client.get(JOBS, params={"limit": 100})).json()["data"]) == 22
    assert len((await client.get(JOBS, params={"limit": 999_999_999})).json()["data"]) == 22


async def test_form_parts_may_come_in_any_order(client: httpx.AsyncClient) -> None:
    def part(name: str, content: bytes, rest: str = "") -> bytes:
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"{rest}\r\n'
        return head.encode() + b"\r\n" + content + b"\r\n"

    file = part("file", GOOD, '; filename="grün 漢.jsonl"\r\nContent-Type: ')
    purpose = part("purpose", b"fine-tune")
    for body in (purpose + file, file + purpose):
        headers = {"content-type": "multipart/form-data; boundary=b"}
        answer = await client.post("/files", content=body + b"--b--\r\n", headers=headers)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found == {
            "object": "file",
            "id": found["id"],
            "bytes": len(GOOD),
            "created_at": found["created_at"],
            "filename": "grün 漢.jsonl",
            "purpose": "fine-tune",
            "status": "processed",
        }
        content = await client.get(f"/files/{found['id']}/content")
        assert content.content == GOOD
        assert "filename*=utf-8''gr%C3%BCn" in content.headers["content-disposition"]


async def test_refused_uploads_leave_no_files(client: httpx.AsyncClient, service: Service) -> None:
    import os

    good = {"file": ("a.jsonl", GOOD)}
    bad = await client.post("/files", data={"purpose": "world-domination"}, files=good)
    assert bad.status_code == 400
    assert error(bad)["param"] == "purpose"
    for purpose in ("fine-tune", "assistants", "batch", "user_data", "vision", "evals"):
        assert purpose in error(bad)["message"]
    assert "detail" in bad.json()
    answers = [
        await client.post("/files", files=good),
        await client.post("/files", data={"purpose": "fine-tune"}),
        await client.post("/files", data={"purpose": "fine-tune"}, files={"other": ("x", b"y")}),
        await client.post("/files", json={"purpose": "fine-tune"}),
        await client.post(
            "/files", content=b"--b\r\nbroken", headers={"content-type": "multipart/form-data; boundary=b"}
        ),
        await client.post("/files", data={"purpose": "batch", "expires_after[seconds]": "9"}, files=good),
        await client.post(
            "/files",
            data={"purpose": "batch", "expires_after[anchor]": "created_at", "expires_after[seconds]": "9"},
            files=good,
        ),
    ]
    for answer in answers:
        assert answer.status_code == 400, answer.text
        error(answer)
    assert os.listdir(service.paths.uploads) == os.listdir(service.paths.files) == []
    assert (await client.get("/files")).json()["data"] == []


async def test_a_file_above_the_limit_is_refused(service: Service) -> None:
    import dataclasses
    import os

    small = dataclasses.replace(service, largest_file=1000)
    transport = httpx.ASGITransport(create_app(small))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:
        for size, expected in ((1000, 200), (1001, 413), (3 << 20, 413)):
            answer = await client.post("/files", data={"purpose": "batch"}, files={"file": ("x", b"x" * size)})
            assert answer.status_code == expected
    assert len(os.listdir(service.paths.files)) == 1
    assert os.listdir(service.paths.uploads) == []


async def test_a_file_can_have_an_expiry(client: httpx.AsyncClient, service: Service) -> None:
    members = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    file = await upload(client, **members)
    assert file["expires_at"] == file["created_at"] + 3600


async def test_hostile_file_names_are_never_used_as_paths(client: httpx.AsyncClient, service: Service) -> None:
    import os

    for name in ("../../../etc/passwd", "/etc/passwd", "\x1b]0;x", "a" * 3000):
        answer = await client.post("/files", data={"purpose": "batch"}, files={"file": (name, b"x")})
        assert answer.status_code == 200
        assert "\x1b" not in answer.json()["filename"]
        assert len(answer.json()["filename"]) <= 255
    assert all(name.startswith("file-") for name in os.listdir(service.paths.files))


async def test_internal_errors_get_an_error_envelope(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **members: Any) -> None:
        raise RuntimeError("a bug")

    def full(*args: Any, **members: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(service.database.jobs, "page", broken)
        answer = await client.get(JOBS)
        assert answer.status_code == 500
        assert error(answer)["type"] == "server_error"
        assert "a bug" not in answer.text
    with monkeypatch.context() as patch:
        patch.setattr(service.database.jobs, "add", full)
        answer = await create(client)
        assert answer.status_code == 507
        assert "No space left on device" in error(answer)["message"]
    assert (await client.get(JOBS)).status_code == 200


async def test_concurrent_requests_are_all_answered(client: httpx.AsyncClient, service: Service) -> None:
    file = add_file(service)
    answers = await asyncio.gather(*(create(client, training_file=file) for _ in range(30)))
    ids = {answer.json()["id"] for answer in answers}
    assert len(ids) == 30
    pages = await asyncio.gather(*(client.get(JOBS, params={"limit": 100}) for _ in range(20)))
    assert all({job["id"] for job in page.json()["data"]} == ids for page in pages)
    assert len({page.headers["x-request-id"] for page in pages}) == 20


async def test_pages_read_while_jobs_are_created_repeat_and_omit_none(
    client: httpx.AsyncClient, service: Service
) -> None:
    file = add_file(service)
    old = {(await create(client, training_file=file)).json()["id"] for _ in range(20)}

    async def read(limit: int) -> list[str]:
        found: list[str] = []
        query: dict[str, str | int] = {"limit": limit}
        has_more = True
        while has_more:
            page = (await client.get(JOBS, params=query)).json()
            found += [job["id"] for job in page["data"]]
            query["after"], has_more = found[-1], page["has_more"]
        return found

    made, *lists = await asyncio.gather(
        asyncio.gather(*(create(client, training_file=file) for _ in range(10))), *map(read, range(1, 8))
    )
    new = {answer.json()["id"] for answer in made}
    assert len(new) == 10
    for found in lists:
        assert len(found) == len(set(found))
        assert old <= set(found) <= old | new


async def test_a_running_job_is_paused_resumed_and_cancelled(client: httpx.AsyncClient, service: Service) -> None:
    id = add_job(service, "slow")
    assert (await client.post(f"{JOBS}/{id}/pause")).status_code == 400
    run_until(service, id, "running")
    assert (await client.post(f"{JOBS}/{id}/pause")).json()["status"] == "paused"
    assert (await client.post(f"{JOBS}/{id}/resume")).json()["status"] == "queued"
    assert (await client.post(f"{JOBS}/{id}/cancel")).json()["status"] == "cancelled"
    assert status(service, id) == "cancelled"


async def test_only_known_api_keys_are_accepted(service: Service) -> None:
    transport = httpx.ASGITransport(create_app(service, api_key(["sk-one", "sk-two"])))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:
        for header in ("Bearer sk-one", "bearer  sk-two "):
            assert (await client.get(JOBS, headers={"authorization": header})).status_code == 200, header
        for header in ("Bearer sk-three", "Bearer ", "Basic sk-one", "sk-one", None):
            for path in (JOBS, "/nonsense"):
                answer = await client.get(path, headers={"authorization": header} if header else {})
                assert answer.status_code == 401, header
                assert error(answer)["code"] == "invalid_api_key"
                assert "sk-three" not in answer.text


async def test_without_keys_requests_of_web_pages_are_refused(service: Service) -> None:
    transport = httpx.ASGITransport(create_app(service, local_only))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:
        for headers, status in (
            ({"host": "127.0.0.1:80"}, 200),
            ({"host": "localhost:9"}, 200),
            ({"host": "[::1]:9"}, 200),
            ({"host": "localhost", "origin": "http://localhost:3000"}, 200),
            ({"host": "rebound.example"}, 403),
            ({"host": "127.0.0.1.example"}, 403),
            ({"host": "localhost", "origin": "https://evil.example"}, 403),
            ({"host": "localhost", "origin": "null"}, 403),
        ):
            assert (await client.get(JOBS, headers=headers)).status_code == status, headers


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost:8484", None, 400),
        ("localhost:8484", "http://localhost:8484", 400),
        ("LOCALHOST:8484", "http://localhost:8484", 400),
        ("[::1]:8484", "http://[::1]:8484", 400),
        ("localhost", "http://localhost:80", 400),
        ("localhost:8484", "http://localhost:3000", 403),
        ("localhost:8484", "http://localhost", 403),
        ("localhost:8484", "http://127.0.0.1:8484", 403),
        ("localhost:8484", "https://localhost:8484", 403),
        ("localhost:8484", "null", 403),
        ("localhost:8484", "", 403),
    ],
)
async def test_pages_of_another_loopback_port_may_not_post(
    service: Service, host: str, origin: str | None, status: int
) -> None:
    transport = httpx.ASGITransport(create_app(service, local_only))  # type: ignore[arg-type]
    headers = {"host": host, **({} if origin is None else {"origin": origin})}
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:
        assert (await client.post(JOBS, headers=headers, content=b"{}")).status_code == status
        if status == 403:
            assert (await client.delete("/models/ft:x", headers=headers)).status_code == status


async def test_only_the_owner_exports_models(service: Service, client: httpx.AsyncClient, tmp_path: Path) -> None:
    job = add_job(service)
    run_until(service, job, "succeeded")
    found = service.database.jobs.get(job)
    assert found is not None
    body = {"model": found.fine_tuned_model, "directory": str(tmp_path / "out")}
    answer = await client.post("/fttui/exports", json=body)
    assert answer.status_code == 200
    assert '"files": ["model-4"]' in answer.text
    assert (tmp_path / "out" / "model-4").exists()
    for wrong, code, param in (
        ({**body, "directory": "out"}, 400, "directory"),
        (body, 400, "directory"),  # it has files now
        ({**body, "model": "base-1"}, 400, "model"),
        ({**body, "model": "ft:none"}, 404, "model"),
        ({**body, "colour": 1}, 400, "colour"),
    ):
        answer = await client.post("/fttui/exports", json=wrong)
        assert (answer.status_code, answer.json()["error"]["param"]) == (code, param)
    transport = httpx.ASGITransport(create_app(service, api_key(["sk-right"])))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as remote:
        answer = await remote.post("/fttui/exports", json=body, headers={"authorization": "Bearer sk-right"})
    assert answer.status_code == 404
