"""Page of a list."""

from typing import Any, Generic, TypeVar

from fttui.models.wire import Wire, json_kind, sent_id

T = TypeVar("T", bound=Wire)


class Page(Generic[T]):
    """A page of a list, in the server's order.

    Items are decoded on first use, so that a caller can compare `objects` first and decode changed objects only.
    """

    __slots__ = ("_items", "_next", "has_more", "kind", "objects", "raw")

    def __init__(
        self, kind: type[T], objects: list[Any], has_more: bool | None, raw: Any, *, next: str | None = None
    ) -> None:
        """
        Args:
            next: the cursor of the next page, where it is not the id of the last object.
        """
        self.kind = kind
        self.objects = objects
        """JSON of the items, as sent."""
        self.has_more = has_more
        """False for the last page. None if the server does not say."""
        self.raw = raw
        """JSON of the whole response, as sent."""
        self._next = next
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
    def last_id(self) -> str | None:
        """Last usable id on the page."""
        return next((name for item in reversed(self.objects) if (name := sent_id(item))), None)

    @property
    def cursor(self) -> str | None:
        """Cursor of the next page, in words of the provider; the last id in OpenAI's API. None for the last page."""
        return None if self.has_more is False else self._next or self.last_id

    def only(self, objects: list[Any]) -> "Page[T]":
        """Return the page with some of its objects."""
        return Page(self.kind, objects, self.has_more, self.raw, next=self._next)

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
