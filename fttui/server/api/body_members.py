"""Members of decoded JSON bodies, with the errors of the API for a wrong type."""

from typing import Any

from fttui.server.api.errors import RequestError, invalid, missing


def text_member(body: dict[str, Any], name: str, *, required: bool = False) -> str | None:
    value = body.get(name)
    if value is None:
        if required:
            raise missing(name)
        return None
    if not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    return checked_unicode(value, name)


def checked_unicode(text: str, param: str) -> str:
    """Return the text. Refuse lone surrogates, which JSON can express but UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise invalid(param, f"Invalid '{param}': it has a lone surrogate.") from None
    return text


def object_member(parent: dict[str, Any], name: str, param: str) -> dict[str, Any]:
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong_type(param, "an object", value)
    return value


def whole(value: object, param: str) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(param, "an integer", value)
    return value


def wrong_type(param: str, wanted: str, value: object) -> RequestError:
    got = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array", dict: "an object"}
    message = f"Invalid type for '{param}': expected {wanted}, but got {got.get(type(value), 'null')} instead."
    return invalid(param, message, "invalid_type")
