"""An account at OpenAI and at each living provider, with jobs of the last hours, behind the fakes."""

import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.fault_server import FaultServer
from tests.support.providers import dashscope, fireworks, localai, together, vertex
from tests.support.providers.nebius import FakeNebius
from tests.support.service import Service
from tests.support.service import job as openai_job

KEY = "sk-near-0123456789"
VARIABLE = "NEAR_KEY"
"""Environment variable that must have `KEY`."""
HOUR = 3600.0


def loss(step: int, *, floor: float, pace: float) -> float:
    """Return a training loss that falls with some noise, the same for each call."""
    return round(floor + 2.0 * math.exp(-step / pace) + 0.04 * math.sin(step * 12.9898), 4)


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Accounts:
    """Fakes by the name of a profile, filled with jobs of the last hours."""

    def __init__(self, now: float) -> None:
        self.openai, self.nebius, self.bedrock = Service(), FakeNebius(), Service()
        self.together, self.studio = together.FakeTogether(), dashscope.FakeModelStudio()
        self.localai, self.vertex, self.fireworks = (
            localai.FakeLocalAI(),
            vertex.FakeVertex(),
            fireworks.FakeFireworks(),
        )
        self._now = now
        self._fill_openai()
        self._fill_together()
        self._fill_studio()
        self._fill_others()

    @property
    def places(self) -> dict[str, tuple[str, FaultServer, str]]:
        """Name of the provider, server and path of the base URL, by profile."""
        return {
            "work": ("openai", self.openai.server, "/v1"),
            "nebius": ("nebius", self.nebius.server, "/v1"),
            "bedrock": ("bedrock", self.bedrock.server, "/v1"),
            "together": ("together", self.together.server, "/v1"),
            "studio": ("dashscope", self.studio.server, "/api/v1"),
            "box": ("localai", self.localai.server, "/api/fine-tuning"),
            "gemini": ("vertex", self.vertex.server, vertex.BASE),
            "fw": ("fireworks", self.fireworks.server, fireworks.BASE),
        }

    @property
    def config(self) -> str:
        """Profiles for config.toml. The servers must run."""
        key = f'api_key_env = "{VARIABLE}"'
        return "".join(
            f'[profiles.{name}]\nprovider = "{provider}"\nbase_url = "{server.origin}{path}"\n{key}\n'
            for name, (provider, server, path) in self.places.items()
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Run all servers, and give their profiles."""
        async with AsyncExitStack() as stack:
            for _, server, _ in self.places.values():
                await stack.enter_async_context(server)
            yield self.config

    # Jobs

    def _fill_openai(self) -> None:
        settings = {"n_epochs": 3, "batch_size": 8, "learning_rate_multiplier": 1.8}
        for service, id, suffix, status, pace, hours in (
            (self.openai, "ftjob-q4mKx7Qa91Lk", "support-v4", "succeeded", 90, 30),
            (self.openai, "ftjob-Zp2dT8sWc0Ne", "support-v5", "running", 70, 1),
            (self.nebius, "ftjob-8c01f4b27d6e", "faq-llama", "succeeded", 60, 20),
            (self.nebius, "ftjob-19be77a0c3d5", "faq-llama-2", "failed", 60, 5),
            (self.bedrock, "ftjob-r7u2m5k9x1vq", "", "queued", 60, 0.2),
        ):
            made = self._now - hours * HOUR
            raw = openai_job(0, status, id=id, suffix=suffix, hyperparameters=settings, created_at=int(made))
            if status == "succeeded":
                raw |= {"finished_at": int(made + HOUR), "fine_tuned_model": f"ft:gpt-4.1-nano:acme:{suffix}:{id[-8:]}"}
                raw |= {"trained_tokens": 412_000}
            if status == "failed":
                raw |= {"error": {"code": "out_of_memory", "message": "the batch does not fit"}}
            service.jobs.insert(0, raw)
            steps = {"succeeded": 240, "queued": 0}.get(status, 130)
            service.events[id] = self._metrics(made, steps, pace, 0.9 * min(hours, 1.0) * HOUR / max(steps, 1))

    def _metrics(self, made: float, steps: int, pace: float, seconds: float) -> list[dict[str, Any]]:
        """Return the events of a run, newest first, with `seconds` for a step."""
        found = []
        for step in range(1, steps + 1):
            data: dict[str, Any] = {"step": step, "total_steps": 240, "train_loss": loss(step, floor=0.7, pace=pace)}
            if step % 40 == 0:
                data |= {"full_valid_loss": round(loss(step, floor=0.85, pace=pace), 4)}
            event = {"object": "fine_tuning.job.event", "id": f"e{step}", "created_at": int(made + 60 + seconds * step)}
            found.append(event | {"level": "info", "type": "metrics", "message": f"Step {step}/240", "data": data})
        return found[::-1]

    def _fill_together(self) -> None:
        for number, suffix, status, hours in ((1, "support-llama", "completed", 26), (2, "support-lora", "running", 2)):
            made = self._now - hours * HOUR
            times = {"created_at": iso(made), "started_at": iso(made + 60), "updated_at": iso(made + HOUR)}
            id = self.together.put(together.job(number, status, suffix=suffix, **times))
            events = [together.event("training_start", "Training started", made + 60, total_steps=240)]
            if status == "completed":
                events.append(together.event("job_complete", "Job finished", made + HOUR, step=240))
            self.together.events[id] = events
            steps = range(1, 241 if status == "completed" else 150)
            seconds = 0.95 * hours * HOUR / len(steps) if status == "running" else 12
            rows = [together.row(step, loss(step, floor=0.65, pace=80), made + 60 + seconds * step) for step in steps]
            checks = [step for step in steps if step % 40 == 0]
            rows += [together.row(step, loss(step, floor=0.8, pace=80), 0, evaluation=True) for step in checks]
            self.together.metrics[id] = rows

    def _fill_studio(self) -> None:
        there = datetime.fromtimestamp(self._now - 3 * HOUR, UTC) + timedelta(hours=8)
        job = dashscope.job(7, "RUNNING", create_time=there.strftime("%Y-%m-%d %H:%M:%S"), job_name="faq-qwen")
        id = self.studio.put(job)
        self.studio.logs[id] = [
            f"{there:%Y-%m-%d %H:%M:%S},000 - INFO - start to fine-tune",
            *(f"{{'loss': {loss(step, floor=0.9, pace=70)}, 'epoch': {step / 80:.2f}}}" for step in range(5, 120, 5)),
        ]

    def _fill_others(self) -> None:
        made = self._now - 0.5 * HOUR
        id = "5c1d8e70-3b2a-4f6e-9a10-7be42d6f0c93"
        self.localai.put(localai.job(1, "training", id=id, model="Qwen/Qwen3-0.6B", created_at=iso(made)))
        losses = [loss(step * 8, floor=0.5, pace=40) for step in range(1, 8)]
        self.localai.reports[id] = [
            localai.progress(step, loss=value, learning_rate=2e-4) for step, value in enumerate(losses, 1)
        ]
        times = {"createTime": iso(self._now - 4 * HOUR), "endTime": iso(self._now - 3 * HOUR)}
        self.vertex.put(vertex.job(1, **times, tunedModelDisplayName="support-gemini"))
        self.vertex.put(vertex.job(2, "RUNNING", createTime=iso(made), tunedModelDisplayName="faq-gemini"))
        old = {"createTime": iso(self._now - 700 * HOUR), "completedTime": iso(self._now - 699 * HOUR)}
        self.fireworks.put(fireworks.job(1, displayName="legacy-support", **old))
        self.fireworks.put(fireworks.job(2, fireworks.RESOURCES[1], "EARLY_STOPPED", displayName="legacy-dpo", **old))
