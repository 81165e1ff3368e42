"""Base of all decoded objects: cleaned, frozen attributes beside the JSON as sent."""

import hashlib
import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from fttui.models import lenient

SENT = "fttui.sent"
"""Member of a translated object that holds the object as the provider sent it."""


class Wire(BaseModel):
    """An object from a server. Decoding never fails: a missing value or one of the wrong type is empty.

    `raw` is the JSON in the shape of OpenAI's API, as it is stored. It must not be shown without `clean`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True, defer_build=True)

    id: lenient.Line = ""
    raw: Any = Field(default=None, repr=False)
    fault: str = ""
    """Reason why the object is not valid, or an empty string."""

    @property
    def sent(self) -> Any:
        """JSON as the provider sent it. Must not be shown without `clean`."""
        return sent(self.raw)

    @classmethod
    def read(cls, raw: object) -> Self:
        """Decode a JSON value. A value without a usable id gets a made-up id and a fault."""
        if not isinstance(raw, dict):
            return cls(id=made_up_id(raw), raw=raw, fault=f"expected an object, got {json_kind(raw)}")
        members = cls.members(raw)
        sent = members.get("id")
        name = lenient.line(sent)
        if not name:
            members |= {"id": made_up_id(raw), "fault": "the object has no id"}
        elif isinstance(sent, str) and sent != name:
            # Ids that differ only in unprintable characters must stay different.
            members |= {"id": f"{name}~{_hash(sent)[:6]}", "fault": "the id has unprintable characters"}
        return cls(**{**members, "raw": raw})

    @classmethod
    def members(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """Return the members of `raw` by attribute name. Subclasses rename and flatten members."""
        return {name: raw[name] for name in cls.model_fields if name in raw and name not in _OWN}


_OWN = frozenset({"raw", "fault"})


def sent(raw: Any) -> Any:
    """Return an object as the provider sent it: the one inside a translated object, else the object itself."""
    return raw[SENT] if isinstance(raw, dict) and SENT in raw else raw


def sent_id(raw: object) -> str:
    """Return the id of an object that is not decoded yet, or an empty string without a usable id."""
    sent = raw.get("id") if isinstance(raw, dict) else None
    name = lenient.line(sent)
    return name if not isinstance(sent, str) or sent == name else ""


def made_up_id(raw: object) -> str:
    """Return an id made from the content of an object, unlike any real id."""
    return "unreadable-" + _hash(raw)[:12]


def _hash(raw: object) -> str:
    try:
        text = json.dumps(raw, sort_keys=True, default=str)
    except (RecursionError, TypeError, ValueError):
        text = repr(list(raw) if isinstance(raw, dict) else json_kind(raw))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def json_kind(value: object) -> str:
    """Return the JSON name of a value's type, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
    return "an object"
