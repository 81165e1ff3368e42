"""Screens that ignore an outdated size."""

from textual import events
from textual.widget import Widget


class LatestSize(Widget):
    """Part of a screen that fits itself only into the present size of the terminal.

    After each change of its size, Textual's screen sends itself one more event with that size. Two different sizes in
    its queue would therefore follow each other for ever, and each draws the whole screen.
    """

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Resize) and event.size != self.app.size:
            return  # an event with the present size follows
        await super().on_event(event)
