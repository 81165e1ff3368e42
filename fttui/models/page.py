"""Page of a list."""

from typing import Any, Generic, TypeVar

from fttui.models.wire import Wire, json_kind, sent_id

T = TypeVar("T", bound=Wire)


class Page(Generic[T]):
    """A page of a list, in the server's order.

    Items are decoded on first use, so that a caller can compare `objects` first and decode changed objects only.
    """

    __slots__ = ("_items", "has_more", "kind", "objects", "raw")

    def __init__(self, kind: type[T], objects: list[Any], has_more: bool | None, raw: Any) -> None:
        self.kind = kind
        self.objects = objects
        """JSON of the items, as sent."""
        self.has_more = has_more
        """False for the last page. None if the server does not say."""
        self.raw = raw
        """JSON of the whole response, as sent."""
        self._items: tuple[T, ...] | None = None

    def __repr__(self) -> str:
        return f"Page({self.kind.__name__}, {len(self.objects)} objects, has_more={self.has_more})"

    @property
    def items(self) -> tuple[T, ...]:
        """Decoded items."""
        if self._items is None:
            self._items = tuple(self.kind.read(item) for item in self.objects)
        return self._items

    @property
    def cursor(self) -> str | None:
        """Value of `after` for the next page: the last usable id. None for the last page."""
        if self.has_more is False:
            return None
        return next((name for item in reversed(self.objects) if (name := sent_id(item))), None)

    @classmethod
    def read(cls, kind: type[T], raw: object) -> "Page[T]":
        """Decode a list object, or a plain array as some servers send.

        Raises:
            ValueError: the response is neither.
        """
        found: object = raw.get("data") if isinstance(raw, dict) else raw
        if isinstance(raw, dict) and found is None and "data" in raw:
            found = []
        if not isinstance(found, list):
            raise ValueError(f"expected a list, got {json_kind(raw)}")
        more = raw.get("has_more") if isinstance(raw, dict) else False
        return cls(kind, found, more if isinstance(more, bool) else None, raw)
