"""Errors that the service answers with, in the format of OpenAI's API."""

from typing import Any

from fttui.server.sampling.question import Busy, Refused, SamplingError
from fttui.text import clean


class RequestError(Exception):
    """Error answer to a request."""

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
        """
        Args:
            detail: add the second member that errors of file routes have.
        """
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.type = type
        self.detail = detail
        self.headers = headers

    def body(self) -> dict[str, Any]:
        """Return the error envelope."""
        # Both may contain text of the client, such as lone surrogates, which UTF-8 cannot express.
        message, param = clean(self.message), None if self.param is None else clean(self.param)
        error = {"message": message, "type": self.type, "param": param, "code": self.code}
        if self.detail:
            return {"error": error, "detail": {"message": message, "code": self.code}}
        return {"error": error}


def invalid(param: str | None, message: str, code: str | None = "invalid_value") -> RequestError:
    """Return a 400 about one member of a request."""
    return RequestError(400, message, param=param, code=code)


def missing(param: str) -> RequestError:
    """Return a 400 about a required member that is missing."""
    return invalid(param, f"Missing required parameter: '{param}'.", "missing_required_parameter")


def no_job(id: str) -> RequestError:
    return RequestError(404, f"Could not find fine tune: {id}", param="fine_tune_id", code="fine_tune_not_found")


def no_file(id: str) -> RequestError:
    return RequestError(404, f"No such File object: {id}", param="id", detail=True)


def no_upload(id: str) -> RequestError:
    return RequestError(404, f"No such Upload object: {id}", param="upload_id", detail=True)


def no_model(id: str) -> RequestError:
    return RequestError(404, f"The model '{id}' does not exist", param="model", code="model_not_found")


def no_route(method: str, path: str) -> RequestError:
    return RequestError(404, f"Invalid URL ({method} {path})")


def too_large(most: int) -> RequestError:
    return RequestError(413, f"The request is larger than the limit of {most} bytes.", code="request_too_large")


def internal_error() -> RequestError:
    message = "The service failed to answer. Its log has the reason, under the request id of this answer."
    return RequestError(500, message, type="server_error")


def damaged_file(id: str, filename: str, path: str, damage: str) -> RequestError:
    """Return a 500: the content of a file changed on the disk. Another try does not help."""
    message = f"The content of {id} ({filename}) is damaged: {damage}. It is at {path}; upload the file again."
    return RequestError(500, message, type="server_error", code="damaged_file", headers={"x-should-retry": "false"})


def sampling_failure(error: SamplingError) -> RequestError:
    """Return the error of a failed answer or export."""
    if isinstance(error, Busy):
        return RequestError(409, str(error), param=error.param, code=error.code, headers={"x-should-retry": "false"})
    if isinstance(error, Refused):
        return RequestError(400, str(error), param=error.param, code=error.code)
    return RequestError(500, str(error), param=error.param, code=error.code, type="server_error")


def disk_failure(reason: str) -> RequestError:
    """Return a 507: the disk is full, read-only or over quota."""
    return RequestError(507, f"The service cannot write to its disk: {reason}.", type="server_error", code="disk_error")
