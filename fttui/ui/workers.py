"""Background work of widgets."""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from textual.dom import DOMNode
from textual.worker import Worker, WorkType

Result = TypeVar("Result")
StartAction = Callable[[Callable[[], Coroutine[Any, Any, None]]], object]
"""Runs an async function in the background. It is never cancelled: a request that is half sent must finish."""


def start_worker(
    node: DOMNode,
    function: Callable[[], Coroutine[Any, Any, Result]],
    *,
    group: str = "default",
    exclusive: bool = False,
    exit_on_error: bool = True,
) -> Worker[Result]:
    """Run an async function in the background for as long as `node` lives.

    Takes no coroutine, unlike `run_worker` of Textual: a worker that is replaced or cancelled before it starts would
    never await it, and Python would warn.

    Args:
        node: Widget, screen or app that owns the worker.
        function: Takes no arguments. Use `functools.partial` for some.
        group: Name of the workers of the node that `exclusive` ends.
        exclusive: End the workers of the same group first.
        exit_on_error: End the program with an error that the function raises. Otherwise the worker keeps the error.
    """
    work: WorkType[Result] = function
    return node.run_worker(work, group=group, exclusive=exclusive, exit_on_error=exit_on_error)


class StartWorker(Protocol):
    """Starts a worker of a node that the caller does not know."""

    def __call__(
        self, function: Callable[[], Coroutine[Any, Any, None]], /, *, group: str, exclusive: bool = False
    ) -> object: ...
