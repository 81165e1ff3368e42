"""Check the data of a job: the verdict of `fttui.data` as the error of a job."""

from fttui.data import rules
from fttui.data.check import Verdict, find_first_error
from fttui.data.examples import CHAT, DPO
from fttui.data.line_reader import ShouldStop, never

_ACCEPTED = frozenset(
    (
        *("bad_tools", "many_functions", "bad_name", "not_text"),
        *("bad_image", "image_format", "image_colours", "image_size"),
        *("many_images", "image_in_answer", "many_image_examples"),
    )
)
"""Codes of errors that the hosted API refuses, but a local trainer may support."""


class BadData(Exception):
    """A file cannot be used. `code`, message and `param` become the error of the job."""

    def __init__(self, code: str, message: str, param: str) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


def check(path: str, method: str, param: str, should_stop: ShouldStop = never) -> int:
    """Return the number of examples of a valid file.

    Args:
        method: `supervised` or `dpo`.
        param: `training_file` or `validation_file`.
        should_stop: called about once a megabyte; True ends the check early.

    Raises:
        BadData: the file has an error or too few examples.
        OSError: the file cannot be read.
    """
    fewest = rules.FEWEST_EXAMPLES if param == "training_file" else 1
    kind = DPO if method == "dpo" else CHAT
    verdict = find_first_error(path, kind, fewest=fewest, accepts=_accepts, should_stop=should_stop)
    if not verdict.code:
        return verdict.examples
    file = param.replace("_", " ")
    if verdict.code in ("empty_file", "too_few"):
        needed = f"at least {fewest} example{'s' if fewest > 1 else ''}"
        message = f"{file.capitalize()} has {verdict.examples} example(s), but must have {needed}"
        raise BadData("invalid_n_examples", message, param)
    raise BadData("invalid_file_format", f"Invalid file format. {_sentence(verdict, file)}.", param)


def _accepts(code: str, member: str, detail: str) -> bool:
    """Report whether local trainers accept an error: they read texts, roles, weights and the arguments of calls."""
    match code:
        case "bad_call":
            is_empty = member.endswith(".tool_calls") and detail == "[]"
            return is_empty or member.endswith((".id", ".type", ".name"))
        case "bad_part":
            return member.endswith(".type")
        case "bad_content":
            return detail == "an empty array"
        case "unknown_member":
            return member == "input.functions"
        case _:
            return code in _ACCEPTED


def _sentence(verdict: Verdict, file: str) -> str:
    finding, rule = verdict.finding, rules.BY_CODE[verdict.code]
    place = f"The {file}"
    member = detail = ""
    if finding is not None:
        if finding.line is not None:
            place = f"Line {finding.line} of the {file}"
        member = f"{finding.member}: " if finding.member else ""
        detail = f" ({finding.detail})" if finding.detail else ""
    return f"{place}: {member}{rule.problem}{detail}"
