"""Release of widgets after their screen is closed.

Textual caches two styles by the line cache of the widget that asks, for the last 1,024 widgets, although they depend on
colours alone. The line cache of each of them, about 120 kB, stays in memory: a cockpit whose help is opened again and
again grows by 130 MB.
"""

from functools import lru_cache, partial
from typing import Any

from textual._styles_cache import StylesCache

CACHED = 1024
"""Number of pairs of colours whose styles are cached, as many as Textual caches."""


def release_closed_widgets() -> None:
    """Let Textual cache the styles by their colours. Later calls, and other versions of Textual, change nothing."""
    cached: Any = StylesCache.__dict__.get("get_inner_outer")
    if isinstance(cached, staticmethod) or not hasattr(cached, "__wrapped__"):
        return
    compute = partial(cached.__wrapped__, StylesCache)
    StylesCache.get_inner_outer = staticmethod(lru_cache(CACHED)(compute))  # type: ignore[method-assign,assignment]
