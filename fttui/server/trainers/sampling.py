"""A sampler's side of its protocol (README.md): requests and answers as JSON lines. Standard library only."""

import json
import queue
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TextIO

STOP, LENGTH = "stop", "length"
"""Finish reasons, in the words of the API."""
Request = dict[str, Any]
IsCancelled = Callable[[], bool]


class RequestFailed(Exception):
    """Refusal of a request, in the terms of the API."""

    def __init__(self, code: str, message: str, param: str | None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class StreamedText(Protocol):
    """An answer that is generated while it is iterated. Each item is a piece of its text."""

    finish_reason: str
    """Valid after the last piece."""
    tokens: int
    """Number of tokens so far."""

    def __iter__(self) -> Iterator[str]: ...


class Started(NamedTuple):
    """An answer that has begun, and the tokens of its prompt."""

    answer: StreamedText
    prompt_tokens: int


class SamplerLoop:
    """Answers requests one after another. A thread reads, so that a request to cancel arrives during an answer."""

    def __init__(self, output: TextIO, start: Callable[[Request, IsCancelled], Started]) -> None:
        """
        Args:
            start: begins an answer, or raises RequestFailed.
        """
        self._output = output
        self._start = start
        self._cancelled: set[object] = set()
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._is_over = False

    def run(self, lines: Iterable[str]) -> None:
        """Answer the requests in `lines`, in a thread of its own, until the lines end."""
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        self.write(type="ready")
        while (request := self._requests.get()) is not None:
            self._answer(request)

    def write(self, **members: Any) -> None:
        """Write one line."""
        self._output.write(json.dumps(members) + "\n")
        self._output.flush()

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            request = json.loads(line)
            if "cancel" in request:
                self._cancelled.add(request["cancel"])
            else:
                self._requests.put(request)
        self._is_over = True  # nobody reads the current answer any more
        self._requests.put(None)

    def _answer(self, request: Request) -> None:
        id = request["id"]
        try:
            answer, prompt_tokens = self._start(request, lambda: self._is_over or id in self._cancelled)
            for text in answer:
                self.write(id=id, text=text)
            usage = {"prompt_tokens": prompt_tokens, "completion_tokens": answer.tokens}
            self.write(id=id, finish_reason=answer.finish_reason, usage=usage)
        except RequestFailed as error:
            self.write(id=id, error={"code": error.code, "message": str(error), "param": error.param})
        except Exception as error:
            traceback.print_exc()
            message = f"{type(error).__name__}: {error}"
            self.write(id=id, error={"code": "sampler_error", "message": message, "param": None})
        self._cancelled.discard(id)


class StopTexts:
    """Texts that end an answer. Holds back the end of a text that may be the beginning of one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [text for text in texts if text]
        self._held = ""
        self.found = False
        """Whether the answer has ended."""

    def feed(self, piece: str) -> str:
        """Return the text that can be sent, after one more piece."""
        text = self._held + piece
        if places := [at for each in self._texts if (at := text.find(each)) >= 0]:
            self.found, self._held = True, ""
            return text[: min(places)]
        sure = len(text) - max((_overlap(text, each) for each in self._texts), default=0)
        self._held = text[sure:]
        return text[:sure]

    def rest(self) -> str:
        """Return what was held back, at the end of an answer."""
        return self._held


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest beginning of `stop` with which the text ends."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)
