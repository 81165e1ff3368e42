"""One page of a list."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fttui.models.wire import Wire, json_kind

T = TypeVar("T", bound=Wire)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in the server's order. `has_more` is None where the server does not say: then maybe."""

    items: tuple[T, ...]
    has_more: bool | None
    raw: Any

    @property
    def cursor(self) -> str | None:
        """What `after` must be for the next page: the id of the last item; None when there is no next."""
        if not self.items or self.has_more is False or self.items[-1].fault:
            return None
        return self.items[-1].id

    @classmethod
    def read(cls, kind: type[T], raw: object) -> "Page[T]":
        """Decode a list envelope, or a bare array as some servers send.

        Raises:
            ValueError: it is neither; the message says what it is instead.
        """
        found: object = raw.get("data") if isinstance(raw, dict) else raw
        if isinstance(raw, dict) and found is None and "data" in raw:
            found = []
        if not isinstance(found, list):
            raise ValueError(f"expected a list, got {json_kind(raw)}")
        more = raw.get("has_more") if isinstance(raw, dict) else False
        return cls(
            items=tuple(kind.read(item) for item in found),
            has_more=more if isinstance(more, bool) else None,
            raw=raw,
        )
