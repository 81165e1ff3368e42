"""Fast server of an account, with prepared pages of its list.

    python -m tests.benchmarks.support.pages [JOBS] [--running NUMBER] [--largest 100] [--delay SECONDS] [--changing]

prints its port and serves until its standard input ends. Pages have at most `--largest` jobs; each response waits for
`--delay`. With `--changing`, the newest job is different in each response. There are neither events nor files.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

JOBS, PAGE = 1000, 100
ENCODED_BEFORE = 200_000
"""Newest jobs that are encoded before the first request."""


def job(number: int, running: int = 0) -> dict[str, object]:
    """Return a job as OpenAI sends it. The job with the number `running` is running."""
    return {
        "object": "fine_tuning.job",
        "id": f"ftjob-{number:024d}",
        "model": "gpt-4.1-nano-2025-04-14",
        "created_at": 1_760_000_000 + number,
        "finished_at": 1_760_000_900 + number,
        "fine_tuned_model": f"ft:gpt-4.1-nano-2025-04-14:acme:support-{number}:{number:08d}",
        "organization_id": "org-0123456789abcdef",
        "result_files": [f"file-{number:024d}"],
        "status": "running" if number == running else "succeeded",
        "validation_file": None,
        "training_file": "file-abcdefghijklmnop",
        "hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 1.8},
        "trained_tokens": 123_456,
        "error": {},
        "user_provided_suffix": f"support-{number}",
        "seed": number,
        "estimated_finish": None,
        "integrations": [],
        "metadata": {"team": "support", "run": str(number)},
        "usage_metrics": None,
        "shared_with_openai": False,
        "eval_id": None,
        "method": {
            "type": "supervised",
            "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 1.8}},
        },
    }


def answer(value: object) -> bytes:
    """Return an HTTP response as bytes."""
    return _answer(_encode(value))


def _encode(value: object) -> bytes:
    return json.dumps(value).encode()


def _answer(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Account:
    """Jobs of a provider, encoded once."""

    def __init__(self, total: int, running: int = 0, largest: int = PAGE, *, is_changing: bool = False) -> None:
        """
        Args:
            running: number of the running job; 0 for none.
            largest: most jobs of a page.
            is_changing: the newest job is different in each response.
        """
        self._total, self._running, self._largest, self._is_changing = total, running, largest, is_changing
        self._encoded: dict[int, bytes] = {}
        self._changes = 0
        for number in range(total, max(0, total - ENCODED_BEFORE), -1):
            self._job(number)

    def respond(self, target: str) -> bytes:
        """Return the response to a GET request."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self._is_changing:
            self._changes += 1
            self._encoded[self._total] = _encode(job(self._total, self._running) | {"trained_tokens": self._changes})
        match parts.path.strip("/").split("/")[1:]:
            case ["fine_tuning", "jobs"]:
                return self._page(query.get("after", ""), int(query.get("limit", "20")))
            case ["fine_tuning", "jobs", id] if 0 < _number(id) <= self._total:
                return _answer(self._job(_number(id)))
            case _:
                return answer({"object": "list", "data": [], "has_more": False})

    def _page(self, after: str, limit: int) -> bytes:
        first = _number(after) - 1 if after else self._total
        numbers = range(first, max(0, first - min(limit, self._largest)), -1)
        more = b"true" if first > len(numbers) else b"false"
        found = b", ".join(map(self._job, numbers))
        return _answer(b'{"object": "list", "data": [' + found + b'], "has_more": ' + more + b"}")

    def _job(self, number: int) -> bytes:
        if number not in self._encoded:
            self._encoded[number] = _encode(job(number, self._running))
        return self._encoded[number]


def _number(id: str) -> int:
    return int(id.removeprefix("ftjob-"))


async def serve(respond: Callable[[str], bytes], delay: float = 0.0) -> None:
    """Answer requests until standard input ends. Prints the port.

    Args:
        respond: returns the response to a path.
        delay: seconds before each response.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                if delay:
                    await asyncio.sleep(delay)
                writer.write(respond(line.split(b" ")[1].decode()))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # It ends with whoever started it, however that ends.
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", type=int, nargs="?", default=JOBS)
    parser.add_argument("--running", type=int, default=0)
    parser.add_argument("--largest", type=int, default=PAGE)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--changing", action="store_true")
    given = parser.parse_args()
    account = Account(given.jobs, given.running, given.largest, is_changing=given.changing)
    asyncio.run(serve(account.respond, given.delay))


if __name__ == "__main__":
    main()
