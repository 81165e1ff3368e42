"""Routes of files."""

import os

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, MalformedRangeHeader, RangeNotSatisfiable, Response
from starlette.routing import Route

from fttui.server import ids
from fttui.server.api import json_objects
from fttui.server.api.errors import RequestError, damaged_file, invalid, missing, no_file
from fttui.server.api.multipart_form import Form, read_form
from fttui.server.api.parameters import LARGEST_BODY, after_of, check_length, limit_of, service_of
from fttui.server.service import Service
from fttui.server.storage.file_operations import remove
from fttui.server.storage.records import FileRecord
from fttui.text import clean_line

PURPOSES = ("fine-tune", "assistants", "batch", "user_data", "vision", "evals")
LONGEST_LIST = 10_000
LONGEST_NAME = 255


async def create(request: Request) -> Response:
    service = service_of(request)
    check_length(request, service.largest_file + LARGEST_BODY)
    id = ids.new_id("file-", 22)
    path = os.path.join(service.paths.uploads, id)
    try:
        kind = request.headers.get("content-type", "")
        form = await read_form(kind, request.stream(), path, service.largest_file)
        return await run_in_threadpool(_accept, service, id, form, path)
    finally:
        remove(path)


def _accept(service: Service, id: str, form: Form, path: str) -> Response:
    purpose = form.fields.get("purpose", "")
    check_purpose(purpose)
    if form.filename is None:
        raise missing("file")
    now = service.now()
    expires = _expiry(form.fields, now)
    name = clean_line(form.filename)[:LONGEST_NAME] or "file"
    record = FileRecord(0, id, name, purpose, form.size, now, expires)
    service.paths.accept_file(record, path, form.checksum)
    service.database.files.add(record)
    return JSONResponse(json_objects.file(record))


def check_purpose(purpose: str) -> None:
    """Refuse an unknown purpose (400)."""
    if purpose not in PURPOSES:
        message = f"{clean_line(purpose)[:64]!r} is not one of {list(PURPOSES)} - 'purpose'"
        raise RequestError(400, message, param="purpose", detail=True)


def _expiry(fields: dict[str, str], now: int) -> int | None:
    anchor, seconds = fields.get("expires_after[anchor]"), fields.get("expires_after[seconds]")
    if anchor is None and seconds is None:
        return None
    if anchor != "created_at":
        raise invalid("expires_after.anchor", "Invalid 'expires_after.anchor': it must be 'created_at'.")
    if not (seconds and seconds.isascii() and seconds.isdigit() and 3600 <= int(seconds[:12]) <= 2_592_000):
        raise invalid("expires_after.seconds", "Invalid 'expires_after.seconds': it must be 3600 to 2592000.")
    return now + int(seconds)


def page(request: Request) -> Response:
    service = service_of(request)
    order = request.query_params.get("order") or "desc"
    if order not in ("asc", "desc"):
        raise invalid("order", f"Invalid 'order': {order[:40]!r} is neither 'asc' nor 'desc'.")
    found, more = service.database.files.page(
        after=after_of(request),
        limit=limit_of(request, LONGEST_LIST, LONGEST_LIST),
        purpose=request.query_params.get("purpose") or None,
        ascending=order == "asc",
        now=service.now(),
    )
    return JSONResponse(json_objects.page([json_objects.file(file) for file in found], more, ends=True))


def get(request: Request) -> Response:
    return JSONResponse(json_objects.file(_file(request)))


def content(request: Request) -> Response:
    file = _file(request)
    paths = service_of(request).paths
    path = paths.file(file.id)
    # A client that reads a large file in ranges would wait for the check each time.
    if "range" not in request.headers and (damage := paths.descriptions.damage(file.id, path)):
        raise damaged_file(file.id, file.filename, path, damage)
    return Content(path, media_type="application/octet-stream", filename=file.filename)


class Content(FileResponse):
    """Content of a file, or the part in a `Range` header. As HTTP requires, an invalid header is ignored."""

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            return []
        except RangeNotSatisfiable:
            message = f"The requested range is outside the file, which has {file_size} bytes."
            raise RequestError(416, message, param="range", headers={"content-range": f"bytes */{file_size}"}) from None


def delete(request: Request) -> Response:
    file = _file(request)
    service = service_of(request)
    service.delete_file(file.id)
    return JSONResponse({"id": file.id, "object": "file", "deleted": True})


def _file(request: Request) -> FileRecord:
    id = request.path_params["id"]
    service = service_of(request)
    file = service.database.files.get(id, service.now())
    if file is None:
        raise no_file(id)
    return file


routes = [
    Route("/v1/files", create, methods=["POST"]),
    Route("/v1/files", page, methods=["GET"]),
    Route("/v1/files/{id}", get, methods=["GET"]),
    Route("/v1/files/{id}", delete, methods=["DELETE"]),
    Route("/v1/files/{id}/content", content, methods=["GET"]),
]
