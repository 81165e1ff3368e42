"""Objects in the responses of a provider, translated to the shape of OpenAI's API. No requests are sent here."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from fttui.api.errors import BadResponse
from fttui.api.providers.base import Provider
from fttui.models.job import Job
from fttui.models.page import Page
from fttui.models.wire import SENT, Wire, json_kind, sent_id

T = TypeVar("T", bound=Wire)
Translate = Callable[[type[Wire], dict[str, Any]], dict[str, Any]]

AT_ONCE = 200
"""Greatest number of objects that are decoded in the event loop. Lists of files may have 10,000."""


class Decoder:
    """Decodes the responses of one provider."""

    def __init__(self, provider: Provider, translate: Translate | None) -> None:
        """
        Args:
            translate: the pure translation of the dialect, of one object. None if it speaks OpenAI's API.
        """
        self._provider = provider
        self._translate = translate
        self._changes_nothing = translate is None and not provider.secrets

    async def page(self, kind: type[T], raw: Any) -> Page[T]:
        """Return a page in OpenAI's shape of a list.

        Raises:
            BadResponse: the value is no page.
        """
        try:
            page = Page.read(kind, raw)
        except ValueError as error:
            raise self.unreadable(str(error)) from None
        if not self._changes_nothing:
            page = page.only([self.translated(kind, item) for item in page.objects])
        return await complete(page)

    def object(self, kind: type[T], raw: Any, *, is_write: bool = False) -> T:
        """Return one object.

        Args:
            is_write: the response to a request that changed something, which needs an id.

        Raises:
            BadResponse: the value is no object.
        """
        made = self.translated(kind, raw)
        if not isinstance(made, dict) or (is_write and not sent_id(made)):
            got = json_kind(raw) if not isinstance(made, dict) else "an object without an id"
            raise self.unreadable(f"expected a {kind.__name__.lower()}, got {got}", ambiguous=is_write)
        return kind.read(made)

    def translated(self, kind: type[Wire], raw: Any) -> Any:
        """Translate one object. The object as sent is inside the new one."""
        if not isinstance(raw, dict):
            return raw
        made = raw if self._translate is None else self._translate(kind, raw)
        return _blank(raw, self._provider.secrets) if made is raw else self.with_sent(made, raw)

    def with_sent(self, made: dict[str, Any], raw: Any) -> dict[str, Any]:
        """Return a translated object with the object as sent inside, but for the keys of the user."""
        return {**made, SENT: _blank(raw, self._provider.secrets)}

    def unreadable(self, why: str, *, ambiguous: bool = False) -> BadResponse:
        """Return the error for a response that is not what the API promises."""
        text = f"cannot parse the response of {self._provider.title}: {why}"
        return BadResponse(text, code="unreadable", ambiguous=ambiguous)


async def complete(page: Page[T]) -> Page[T]:
    """Decode the objects of a page, in a thread if there are many.

    Jobs stay as they are: the store decodes those that have changed, in a thread of its own.
    """
    if len(page.objects) > AT_ONCE and page.kind is not Job:
        await asyncio.to_thread(lambda: page.items)
    return page


def _blank(value: Any, secrets: frozenset[str]) -> Any:
    """Return a value with its secret members blank. A value without one is returned unchanged."""
    if not secrets:
        return value
    if isinstance(value, list):
        return [_blank(item, secrets) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "" if name in secrets and isinstance(item, str) else _blank(item, secrets) for name, item in value.items()
    }
