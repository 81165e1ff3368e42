"""Routes of uploads: a large file in parts.

Every part is on the disk before its request is answered, so an upload continues after the service was killed. The file
exists once the upload is completed.
"""

import hashlib
import os
import zlib
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fttui.server import ids as names
from fttui.server.api import json_objects
from fttui.server.api.errors import RequestError, damaged_file, invalid, missing, no_upload
from fttui.server.api.files import LONGEST_NAME, check_purpose
from fttui.server.api.multipart_form import Form, read_form
from fttui.server.api.parameters import LARGEST_BODY, check_length, json_of, service_of
from fttui.server.service import Service
from fttui.server.storage.file_operations import remove
from fttui.server.storage.paths import HomePaths
from fttui.server.storage.records import FileRecord, PartRecord, UploadRecord
from fttui.text import clean_line

LARGEST_PART = 64 << 20
LARGEST_UPLOAD = 8 << 30
LIFETIME = 3600
"""Seconds until an upload expires."""
MOST_PARTS = 10_000

_MEMBERS = ("filename", "purpose", "bytes", "mime_type", "expires_after")


async def create(request: Request) -> Response:
    return await run_in_threadpool(_create, service_of(request), await json_of(request))


def _create(service: Service, body: object) -> Response:
    members = _object(body, _MEMBERS)
    filename, purpose, mime_type = (_text(members, name) for name in ("filename", "purpose", "mime_type"))
    check_purpose(purpose)
    size = members.get("bytes")
    if size is None:
        raise missing("bytes")
    if isinstance(size, bool) or not isinstance(size, int):
        raise invalid("bytes", "Invalid type for 'bytes': expected an integer.", "invalid_type")
    if not 1 <= size <= LARGEST_UPLOAD:
        raise invalid("bytes", f"Invalid 'bytes': {size} is not within 1 to {LARGEST_UPLOAD}.")
    now = service.now()
    upload = UploadRecord(
        0,
        names.new_id("upload_"),
        clean_line(filename)[:LONGEST_NAME] or "file",
        purpose,
        size,
        clean_line(mime_type)[:LONGEST_NAME],
        now,
        now + LIFETIME,
        _file_lifetime(members.get("expires_after")),
    )
    service.database.uploads.add(upload)
    return JSONResponse(json_objects.upload(upload))


def _file_lifetime(given: object) -> int | None:
    if given is None:
        return None
    members = _object(given, ("anchor", "seconds"), "expires_after")
    if members.get("anchor") != "created_at":
        raise invalid("expires_after.anchor", "Invalid 'expires_after.anchor': it must be 'created_at'.")
    seconds = members.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 3600 <= seconds <= 2_592_000:
        raise invalid("expires_after.seconds", "Invalid 'expires_after.seconds': it must be 3600 to 2592000.")
    return seconds


async def add_part(request: Request) -> Response:
    service = service_of(request)
    check_length(request, LARGEST_PART + LARGEST_BODY)
    upload = await run_in_threadpool(_pending, request, "add a part to")
    id = names.new_id("part_")
    path = os.path.join(service.paths.uploads, id)
    try:
        kind = request.headers.get("content-type", "")
        form = await read_form(kind, request.stream(), path, LARGEST_PART, "data")
        return await run_in_threadpool(_accept, service, upload, id, form, path)
    finally:
        remove(path)


def _accept(service: Service, upload: UploadRecord, id: str, form: Form, path: str) -> Response:
    if form.filename is None:
        raise missing("data")
    if len(service.database.uploads.parts(upload)) >= MOST_PARTS:
        raise invalid("data", f"The upload {upload.id} already has {MOST_PARTS} parts.")
    part = PartRecord(0, id, upload.seq, form.size, service.now())
    service.paths.accept_part(part, path, form.checksum)
    if not service.database.uploads.add_part(part, upload, LARGEST_UPLOAD, service.now()):
        service.paths.remove_part(id)
        upload = _known(service, upload.id)
        if upload.status != "pending":
            raise _wrong_state("add a part to", upload)
        raise invalid("data", f"The parts of the upload {upload.id} would have more than {LARGEST_UPLOAD} bytes.")
    return JSONResponse(json_objects.part(part, upload.id))


async def complete(request: Request) -> Response:
    body = await json_of(request)
    return await run_in_threadpool(_complete, request, body)


def _complete(request: Request, body: object) -> Response:
    service = service_of(request)
    upload = _pending(request, "complete")
    members = _object(body, ("part_ids", "md5"))
    received = service.database.uploads.parts(upload)
    parts = _chosen(members.get("part_ids"), received)
    total = sum(part.bytes for part in parts)
    if total != upload.bytes:
        raise invalid("part_ids", f"The parts have {total} bytes, but the upload was created with {upload.bytes}.")
    wanted = members.get("md5")
    if wanted is not None and not isinstance(wanted, str):
        raise invalid("md5", "Invalid type for 'md5': expected a string.", "invalid_type")
    id = names.new_id("file-", 22)
    path = os.path.join(service.paths.uploads, id)
    try:
        found, checksum = _join(service.paths, parts, path)
        if wanted and found != wanted.strip().lower():
            raise invalid("md5", f"The content has the MD5 checksum {found}, which differs from 'md5'.", "md5_mismatch")
        now = service.now()
        expires = now + upload.file_expires_after if upload.file_expires_after else None
        file = FileRecord(0, id, upload.filename, upload.purpose, total, now, expires)
        service.paths.accept_file(file, path, checksum)
        if not service.database.uploads.end(upload, "completed", file):
            service.paths.remove_file(id)
            raise _wrong_state("complete", _known(service, upload.id))
    except FileNotFoundError:  # another request ended the upload meanwhile and removed its parts
        raise _wrong_state("complete", _known(service, upload.id)) from None
    finally:
        remove(path)
    _remove_parts(service, received)
    return JSONResponse(json_objects.upload(_known(service, upload.id), file))


def _chosen(ids: object, received: list[PartRecord]) -> list[PartRecord]:
    if ids is None:
        raise missing("part_ids")
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise invalid("part_ids", "Invalid type for 'part_ids': expected an array of strings.", "invalid_type")
    known = {part.id: part for part in received}
    for id in ids:
        if id not in known:
            raise invalid("part_ids", f"The upload has no part {clean_line(id)[:64]}.")
    if len(set(ids)) < len(ids):
        raise invalid("part_ids", "'part_ids' has an id more than once.")
    return [known[id] for id in ids]


def _join(paths: HomePaths, parts: list[PartRecord], target_path: str) -> tuple[str, int]:
    """Write the contents of parts to one file, durably. Return its MD5 checksum in hexadecimal, and its CRC-32.

    Raises:
        RequestError: a part changed on the disk.
    """
    md5, crc = hashlib.md5(usedforsecurity=False), 0
    target = os.open(target_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        for part in parts:
            crc_of_part = 0
            with open(paths.part(part.id), "rb", buffering=0) as source:
                while chunk := source.read(1 << 20):
                    md5.update(chunk)
                    crc, crc_of_part = zlib.crc32(chunk, crc), zlib.crc32(chunk, crc_of_part)
                    view = memoryview(chunk)
                    while view:
                        view = view[os.write(target, view) :]
            known = paths.descriptions.read(part.id)
            if known is not None and known.checksum != crc_of_part:
                raise damaged_file(part.id, "a part of the upload", paths.part(part.id), "its checksum is wrong")
        os.fsync(target)
    finally:
        os.close(target)
    return md5.hexdigest(), crc


def cancel(request: Request) -> Response:
    service = service_of(request)
    upload = _pending(request, "cancel")
    parts = service.database.uploads.parts(upload)
    if not service.database.uploads.end(upload, "cancelled"):
        raise _wrong_state("cancel", _known(service, upload.id))
    _remove_parts(service, parts)
    return JSONResponse(json_objects.upload(_known(service, upload.id)))


def _remove_parts(service: Service, parts: list[PartRecord]) -> None:
    for part in parts:
        service.paths.remove_part(part.id)


def _pending(request: Request, verb: str) -> UploadRecord:
    """Return the pending upload of a request.

    Raises:
        RequestError: 404 for an unknown upload, 400 for an upload that has ended.
    """
    upload = _known(service_of(request), request.path_params["id"])
    if upload.status != "pending":
        raise _wrong_state(verb, upload)
    return upload


def _known(service: Service, id: str) -> UploadRecord:
    upload = service.database.uploads.get(id)
    if upload is None:
        raise no_upload(id)
    overdue = upload.status == "pending" and upload.expires_at <= service.now()
    return upload._replace(status="expired") if overdue else upload


def _wrong_state(verb: str, upload: UploadRecord) -> RequestError:
    return RequestError(400, f'Cannot {verb} the upload {upload.id}, which has status "{upload.status}".')


def _object(value: object, known: tuple[str, ...], where: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(where or None, f"{where or 'The body of the request'} is not a JSON object.", None)
    for name in value:
        if name not in known:
            param = f"{where}.{name}" if where else name
            raise invalid(param, f"Unknown parameter: '{clean_line(param)[:64]}'.", "unknown_parameter")
    return value


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if value is None:
        raise missing(name)
    if not isinstance(value, str):
        raise invalid(name, f"Invalid type for '{name}': expected a string.", "invalid_type")
    return value


_UPLOADS = "/v1/uploads"

routes = [
    Route(_UPLOADS, create, methods=["POST"]),
    Route(_UPLOADS + "/{id}/parts", add_part, methods=["POST"]),
    Route(_UPLOADS + "/{id}/complete", complete, methods=["POST"]),
    Route(_UPLOADS + "/{id}/cancel", cancel, methods=["POST"]),
]
