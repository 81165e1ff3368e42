"""Refusal of a job, as a sentence that says what to do."""

UNEXPECTED = "trainer_error"
"""Code of failures that nobody foresaw."""
UNREACHABLE = "process_unreachable"
"""Code of the failure of a process that lost the connection to another one, which may have been killed."""


class Refusal(Exception):
    """A job cannot be trained. `code`, message and `param` become the error of the job."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
