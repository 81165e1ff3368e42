"""Account whose jobs change all the time, as a function of time, and an HTTP server for it.

    python -m tests.benchmarks.soak.account 1000

prints its port and serves until its standard input ends. The jobs started one after the other in the last half hour and
end between ten minutes and two hours after their start. A running job sends an event every two seconds.
"""

import asyncio
import sys
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks.support.pages import answer, job, serve

EVERY = 2.0
"""Seconds between two events of a job."""
SHORTEST, LONGEST = 600.0, 7200.0
"""Seconds from the start of a job to its end."""
SPREAD = 1800.0
"""Seconds from the start of the first job to that of the last."""


class Account:
    """Jobs of a provider at any time."""

    def __init__(self, jobs: int, start: float, spread: float) -> None:
        """
        Args:
            start: Unix time at which the first job starts.
            spread: seconds from then to the start of the last job.
        """
        self.jobs = jobs
        self._start, self._spread = start, spread

    def page(self, after: str, limit: int, now: float) -> dict[str, Any]:
        """Return a page of jobs, newest first."""
        first = int(after.removeprefix("ftjob-")) - 1 if after else self.jobs
        numbers = range(first, max(0, first - limit), -1)
        return {
            "object": "list",
            "data": [self.job(number, now) for number in numbers],
            "has_more": first > limit,
        }

    def job(self, number: int, now: float) -> dict[str, Any]:
        """Return a job."""
        began, end = self._began(number), self._end(number)
        is_over, is_queued = now >= end, now < began
        return job(number) | {
            "status": "succeeded" if is_over else "queued" if is_queued else "running",
            "created_at": int(self._start) - self.jobs + number,
            "finished_at": int(end) if is_over else None,
            "estimated_finish": None if is_over or is_queued else int(end),
            "trained_tokens": 1000 * self._sent(number, now) if is_over else None,
            "metadata": {"step": str(self._sent(number, now) // 10)},
        }

    def events(self, number: int, after: str, limit: int, now: float) -> dict[str, Any]:
        """Return a page of the events of a job, newest first."""
        first = int(after.rpartition("-")[2]) - 1 if after else self._sent(number, now)
        steps = range(first, max(0, first - limit), -1)
        return {"object": "list", "data": [self._event(number, step) for step in steps], "has_more": first > limit}

    def _event(self, number: int, step: int) -> dict[str, Any]:
        total, loss = self._total(number), round(0.5 + 2 / (1 + step / 100) + (step * 7919 % 100) / 1000, 4)
        return {
            "object": "fine_tuning.job.event",
            "id": f"ftevent-{number:08d}-{step:08d}",
            "created_at": int(self._began(number) + step * EVERY),
            "level": "info",
            "message": f"Step {step}/{total}: training loss={loss}",
            "type": "metrics",
            "data": {"step": step, "total_steps": total, "train_loss": loss, "train_mean_token_accuracy": 0.9},
        }

    def _began(self, number: int) -> float:
        return self._start + self._spread * number / self.jobs

    def _end(self, number: int) -> float:
        return self._began(number) + SHORTEST + (LONGEST - SHORTEST) * (number * 7919 % 1000) / 1000

    def _total(self, number: int) -> int:
        return int((self._end(number) - self._began(number)) / EVERY)

    def _sent(self, number: int, now: float) -> int:
        """Return the number of events that a job has sent."""
        return max(0, min(self._total(number), int((now - self._began(number)) / EVERY)))

    def respond(self, target: str, now: float) -> dict[str, Any]:
        """Return the response to a GET request."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        after, limit = query.get("after", ""), int(query.get("limit", "20"))
        match parts.path.strip("/").split("/")[1:]:
            case ["fine_tuning", "jobs"]:
                return self.page(after, min(limit, 100), now)
            case ["fine_tuning", "jobs", id]:
                return self.job(int(id.removeprefix("ftjob-")), now)
            case ["fine_tuning", "jobs", id, "events"]:
                return self.events(int(id.removeprefix("ftjob-")), after, min(limit, 100), now)
            case _:
                return {"object": "list", "data": [], "has_more": False}


def main() -> None:
    account = Account(int(sys.argv[1]), time.time() - SPREAD, SPREAD)
    asyncio.run(serve(lambda target: answer(account.respond(target, time.time()))))


if __name__ == "__main__":
    main()
