"""Background work of widgets."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol, TypeVar

from textual.dom import DOMNode
from textual.worker import Worker

from fttui.ui.messages import WorkFailed

Result = TypeVar("Result")
ACTION = "action"
"""Group of the workers that send an action of the user. Profiles are switched, and the cockpit exits, behind them."""
StartAction = Callable[[Callable[[], Coroutine[Any, Any, None]]], object]
"""Runs an async function in the background, in the group `ACTION`."""


def start_worker(
    node: DOMNode,
    function: Callable[[], Coroutine[Any, Any, Result]],
    *,
    group: str = "default",
    exclusive: bool = False,
) -> Worker[Result]:
    """Run an async function in the background for as long as `node` lives.

    Takes no coroutine, unlike `run_worker` of Textual: a worker that is replaced or cancelled before it starts would
    never await it, and Python would warn. An error that the function raises is posted as `WorkFailed`.

    Args:
        node: Widget, screen or app that owns the worker.
        function: Takes no arguments. Use `functools.partial` for some.
        group: Name of the workers of the node that `exclusive` ends.
        exclusive: End the workers of the same group first.
    """

    async def work() -> Result:
        try:
            return await function()
        except Exception as error:
            node.post_message(WorkFailed(error))
            raise

    return node.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)


async def wait_for_end(workers: Iterable[Worker[Any]]) -> None:
    """Wait until workers have ended, however they end."""
    await asyncio.gather(*(worker.wait() for worker in workers), return_exceptions=True)


class StartWorker(Protocol):
    """Starts a worker of a node that the caller does not know."""

    def __call__(
        self, function: Callable[[], Coroutine[Any, Any, None]], /, *, group: str, exclusive: bool = False
    ) -> object: ...
