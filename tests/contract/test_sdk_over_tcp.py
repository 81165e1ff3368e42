"""The official SDK with the real process and the built-in trainer, over a loopback port."""

import base64
import os
import re
import subprocess
import sys

import openai
import pytest

from tests.server.conftest import GOOD


def answer(sdk: openai.OpenAI, model: str) -> str | None:
    """Stream an answer with the most probable tokens."""
    stream = sdk.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Hello"}], temperature=0, max_tokens=24, stream=True
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def children_of(service: int) -> list[str]:
    """Return the ids of the processes that a service has started, on systems with /proc: its sampler."""
    path = f"/proc/{service}/task/{service}/children"
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return file.read().split()


def test_the_sdk_trains_the_built_in_model_over_tcp(home: str) -> None:
    command = [sys.executable, "-m", "fttui.server", "--home", home, "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            url = re.search(r"http://\S+/v1", line)
            assert url is not None, line
            with openai.OpenAI(api_key="sk-anything", base_url=url[0], max_retries=0, timeout=30) as sdk:
                assert [model.id for model in sdk.models.list()] == ["fttui-tiny-1"]
                file = sdk.files.create(file=("t.jsonl", GOOD), purpose="fine-tune")
                job = sdk.fine_tuning.jobs.create(
                    model="fttui-tiny-1",
                    training_file=file.id,
                    validation_file=file.id,
                    hyperparameters={"n_epochs": 1},
                )
                seen: set[str] = set()
                while (found := sdk.fine_tuning.jobs.retrieve(job.id)).status not in ("succeeded", "failed"):
                    seen |= {event.id for event in sdk.fine_tuning.jobs.list_events(job.id, limit=100)}
                assert found.status == "succeeded", found.error
                events = list(sdk.fine_tuning.jobs.list_events(job.id, limit=5))
                assert seen <= {event.id for event in events}
                metrics = [event.data for event in events if event.type == "metrics"][::-1]
                assert [data["step"] for data in metrics] == list(range(13))
                for data in metrics[1:]:
                    assert {"total_steps", "train_loss", "train_mean_token_accuracy", "valid_loss"} <= set(data)
                assert metrics[-1]["train_loss"] < metrics[1]["train_loss"]
                assert metrics[-1]["full_valid_loss"] < metrics[0]["full_valid_loss"]
                assert base64.b64decode(sdk.files.content(found.result_files[0]).read()).count(b"\n") == 13
                assert found.fine_tuned_model is not None
                answers = [answer(sdk, found.fine_tuned_model), answer(sdk, "fttui-tiny-1")]
                assert answers[0] != answers[1]
                assert answer(sdk, found.fine_tuned_model) == answers[0]
                children = children_of(process.pid)
                with pytest.raises(openai.NotFoundError):
                    sdk.fine_tuning.jobs.retrieve("ftjob-x")
        finally:
            process.terminate()  # a failure must not wait for a process that never ends
        process.stderr.read()
        assert process.wait(30) == 0
        assert not any(os.path.exists(f"/proc/{id}/cwd") for id in children)
