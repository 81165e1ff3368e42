"""Background work of which one piece runs at a time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode
from textual.worker import Worker

from fttui.ui.workers import start_worker


class SingleWorker:
    """Worker of a widget. It takes no new work before it has ended, also when it has not begun yet."""

    def __init__(self, node: DOMNode, group: str) -> None:
        """
        Args:
            node: owner of the worker.
            group: its group at the owner.
        """
        self._node = node
        self._group = group
        self._worker: Worker[None] | None = None

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a piece of work. Do nothing while another one runs."""
        if self._worker is None or self._worker.is_finished:
            self._worker = start_worker(self._node, work, group=self._group)
