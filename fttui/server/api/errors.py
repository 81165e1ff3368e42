"""Refusals: everything the service may answer instead of what was asked for (api.md §3)."""

from typing import Any


class Refused(Exception):
    """A request that is answered with an error. `detail` adds the second member that files routes have."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        type: str = "invalid_request_error",
        detail: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.type = type
        self.detail = detail
        self.headers = headers

    def body(self) -> dict[str, Any]:
        """The error envelope."""
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        if self.detail:
            return {"error": error, "detail": {"message": self.message, "code": self.code}}
        return {"error": error}


def bad_value(param: str | None, message: str, code: str | None = "invalid_value") -> Refused:
    """A 400 about one member of a request."""
    return Refused(400, message, param=param, code=code)


def no_job(id: str) -> Refused:
    return Refused(404, f"Could not find fine tune: {id}", param="fine_tune_id", code="fine_tune_not_found")


def no_file(id: str) -> Refused:
    return Refused(404, f"No such File object: {id}", param="id", detail=True)


def no_upload(id: str) -> Refused:
    return Refused(404, f"No such Upload object: {id}", param="upload_id", detail=True)


def no_model(id: str) -> Refused:
    return Refused(404, f"The model '{id}' does not exist", param="model", code="model_not_found")


def no_route(method: str, path: str) -> Refused:
    return Refused(404, f"Invalid URL ({method} {path})")


def too_large(most: int) -> Refused:
    return Refused(413, f"The request is larger than the {most} bytes that are allowed.", code="request_too_large")


def our_fault() -> Refused:
    message = "The service had an error while answering. Its log says more, under the request id of this answer."
    return Refused(500, message, type="server_error")


def no_space(reason: str) -> Refused:
    """The disk refused: full, read-only or over quota."""
    return Refused(507, f"The service could not write to its disk: {reason}.", type="server_error", code="disk_error")
