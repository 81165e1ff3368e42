"""Server-sent events of answers and exports.

While a model is loaded, a stream sends comments, which clients of the API skip: `: {"phase": {…}}`. The client of
fttui shows them.
"""

import json
from typing import Any

from fttui.server.sampling.question import Loading

MEDIA_TYPE = "text/event-stream"
END = "data: [DONE]\n\n"
"""Last event of an answer."""


def event(body: dict[str, Any]) -> str:
    """Return an object as an event."""
    return f"data: {json.dumps(body)}\n\n"


def phase_comment(item: Loading) -> str:
    """Return a phase as a comment."""
    return f": {json.dumps({'phase': item.phase})}\n\n"
