"""What every decoded object shares: clean, frozen attributes beside the JSON they were read from."""

import hashlib
import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from fttui.models import lenient


class Wire(BaseModel):
    """An object a server sent. Reading never fails: what is missing or of another type reads as empty.

    `raw` is the JSON as sent and is never shown without `clean`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True)

    id: lenient.Line = ""
    raw: Any = Field(default=None, repr=False)
    fault: str = ""
    """Why this could not be read as what it should be; empty when it could."""

    @classmethod
    def read(cls, raw: object) -> Self:
        """Decode one JSON value; one that is no object, or has no usable id, gets a made-up id and a fault."""
        if not isinstance(raw, dict):
            return cls(id=made_up_id(raw), raw=raw, fault=f"not an object but {json_kind(raw)}")
        members = cls.members(raw)
        sent = members.get("id")
        name = lenient.line(sent)
        if not name:
            members |= {"id": made_up_id(raw), "fault": "the object has no id"}
        elif isinstance(sent, str) and sent != name:
            # Two ids that differ only in what cannot be shown are still two objects.
            members |= {"id": f"{name}~{_hash(sent)[:6]}", "fault": "the id holds characters that cannot be shown"}
        return cls(**{**members, "raw": raw})

    @classmethod
    def members(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """The members of `raw` by the names of the attributes. Subclasses rename and unfold here."""
        return {name: raw[name] for name in cls.model_fields if name in raw and name not in _OWN}


_OWN = frozenset({"raw", "fault"})


def sent_id(raw: object) -> str:
    """The id by which an object can be asked for, before it is decoded; empty when it has none to send back."""
    sent = raw.get("id") if isinstance(raw, dict) else None
    name = lenient.line(sent)
    return name if not isinstance(sent, str) or sent == name else ""


def made_up_id(raw: object) -> str:
    """An id for an object that has none: the same content gets the same id, and it looks like no real one."""
    return "unreadable-" + _hash(raw)[:12]


def _hash(raw: object) -> str:
    try:
        text = json.dumps(raw, sort_keys=True, default=str)
    except (RecursionError, TypeError, ValueError):
        text = repr(list(raw) if isinstance(raw, dict) else json_kind(raw))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def json_kind(value: object) -> str:
    """The JSON name of a value's type, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "an array"
    return "an object"
