"""`--check`: jobs are refused before they are queued, with a sentence that says what to do."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.trainers.hf.models import make_model, progress, write_job

pytestmark = pytest.mark.hf


def check(job: Path) -> dict[str, Any]:
    from fttui.server.trainers.hf.check import check
    from fttui.server.trainers.protocol import RunSettings

    return check(RunSettings.read(str(job)))


def refusal(job: Path) -> Any:
    from fttui.server.trainers.hf.refusal import Refusal

    with pytest.raises(Refusal) as refused:
        check(job)
    return refused.value


def test_check_says_what_the_training_will_be(trained: Path) -> None:
    answer = check(trained)
    assert answer["tokens"] == progress(trained, "result")[0]["trained_tokens"]
    assert answer["steps"] == progress(trained, "metrics")[0]["total_steps"]
    assert answer["examples"] == 12
    assert answer["warnings"] == []
    peak = max(line["device_memory_gib"] for line in progress(trained, "metrics")[1:])
    assert 0.9 * peak < answer["memory_bytes"] / 2**30 < 2 * peak
    assert answer["seconds"] >= 0


def test_check_of_a_job_for_an_engine_does_not_judge_the_devices_of_this_machine(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fttui.server.trainers.hf import devices

    monkeypatch.setattr(devices, "memory", lambda: 1)
    answer = check(write_job(tmp_path / "job", tiny_model, settings={"quantize": "4bit"}, engine="slurm"))
    assert answer["steps"] == 9
    assert not {"seconds", "memory_bytes"} & answer.keys()


def test_check_refuses_a_batch_that_the_nodes_of_a_job_cannot_share(tiny_model: Path, tmp_path: Path) -> None:
    refused = refusal(write_job(tmp_path / "job", tiny_model, engine="slurm", nodes=3))
    assert (refused.code, refused.param) == ("invalid_setting", "batch_size")
    assert "3 nodes, which cannot share a batch of 4 evenly" in str(refused)


def test_check_warns_of_what_is_left_out(trained: Path, tiny_model: Path, tmp_path: Path) -> None:
    long = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "word " * 50}]}
    late = {"messages": [{"role": "user", "content": "?" * 200}, {"role": "assistant", "content": "No."}]}
    short = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "No."}]}
    settings = {"max_length": "128", "lora_r": "4"}
    job = write_job(
        tmp_path / "job", tiny_model, training=[long, late, short], start=trained / "step-12", settings=settings
    )
    answer = check(job)
    assert answer["warnings"] == [
        "2 examples are longer than max_length (128) and will be cut.",
        "1 examples have no answer within max_length and will be left out.",
        "lora_r: not used, because the adapter to start from has its own.",
    ]
    assert answer["steps"] == 3


def test_answers_with_weight_zero_and_prompts_are_not_learned(tiny_model: Path, tmp_path: Path) -> None:
    from fttui.server.trainers.hf.dataset import prepare
    from fttui.server.trainers.hf.load import load_tokenizer
    from fttui.server.trainers.hf.masks import masks_of

    line = {
        "messages": [
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": [{"type": "text", "text": "one"}]},
            {"role": "assistant", "content": "two", "weight": 0},
            {"role": "user", "content": "three"},
            {"role": "assistant", "refusal": "four", "content": None},
        ]
    }
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps(line) + "\n")
    tokenizer = load_tokenizer(str(tiny_model), "tiny")
    prepared = prepare(masks_of(tokenizer, "tiny"), str(path), "supervised", "training_file", 512)
    row = prepared.rows[0]
    assert tokenizer.decode([label for label in row["labels"] if label != -100]) == "four<|im_end|>\n"
    assert tokenizer.decode(row["input_ids"]).startswith("<|im_start|>system\nBe kind.<|im_end|>")
    assert prepared.tokens == len(row["input_ids"])


def with_config(model: Path, **members: Any) -> Path:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**config, **members}))
    return model


def test_unusable_models_are_refused_before_the_job_is_queued(tiny_model: Path, tmp_path: Path) -> None:
    template = "{{ messages[-1].content }}"
    pickled = make_model(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    foreign = with_config(make_model(tmp_path / "foreign"), model_type="own", auto_map={"AutoConfig": "own.Config"})
    cases = {
        tmp_path / "missing": ("model_not_loaded", "is not a directory"),
        make_model(tmp_path / "base", None): ("no_chat_template", "base has no chat template"),
        make_model(tmp_path / "odd", template): ("unverified_mask", "The loss mask of odd cannot be verified"),
        pickled: ("model_not_loaded", "no weights in the safetensors format"),
        foreign: ("model_not_loaded", "foreign needs code from its repository, which fttui never runs"),
    }
    for number, (model, (code, words)) in enumerate(cases.items()):
        refused = refusal(write_job(tmp_path / f"job-{number}", model))
        assert (refused.code, refused.param) == (code, "model"), refused
        assert words in str(refused)


def test_unusable_lines_are_refused_by_their_number(tiny_model: Path, tmp_path: Path) -> None:
    def said(*contents: Any) -> dict[str, Any]:
        roles = ("user", "assistant")
        return {"messages": [{"role": role, "content": text} for role, text in zip(roles, contents, strict=True)]}

    image = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    broken = [said("Hello", "Hi"), said(image, "A cat.")]
    refused = refusal(write_job(tmp_path / "image", tiny_model, training=broken))
    assert "Line 2 of the training file: language models read text only, not 'image_url'" in str(refused)
    refused = refusal(
        write_job(tmp_path / "late", tiny_model, training=[said("?" * 90, "No.")], settings={"max_length": "32"})
    )
    assert str(refused).endswith("Raise max_length, or shorten the examples.")
    refused = refusal(write_job(tmp_path / "bits", tiny_model, settings={"quantize": "4bit"}))
    assert "quantize=4bit needs" in str(refused)


def test_model_that_is_too_large_is_refused_with_what_would_help(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fttui.server.trainers.hf import devices

    answer = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "word " * 700}]}
    job = write_job(tmp_path / "job", tiny_model, training=[answer] * 4, settings={"max_length": "4096"})
    needed = check(job)["memory_bytes"]
    monkeypatch.setattr(devices, "memory", lambda: needed - 1)
    message = str(refusal(job))
    assert "Training a LoRA adapter of tiny-llama needs about" in message
    assert "Set micro_batch=1 or max_length=" in message
    monkeypatch.setattr(devices, "memory", lambda: 1)
    assert str(refusal(job)).endswith("Choose a smaller model, or a machine with more memory.")


class Hub(http.server.BaseHTTPRequestHandler):
    """Stand-in for the hub: one model of each kind."""

    files: dict[str, bytes] = {}

    def do_GET(self) -> None:
        self._respond()

    def do_HEAD(self) -> None:
        self._respond()

    def _respond(self) -> None:
        path, sha = self.path.partition("?")[0], "0" * 40
        if "/org/gated" in path:
            return self._send(403, b"{}", {"X-Error-Code": "GatedRepo"})
        if "/org/tiny" not in path:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        if "/tree/" in path:
            entries = [
                {"type": "file", "path": name, "size": len(data), "oid": f"{len(data):040}"}
                for name, data in self.files.items()
            ]
            return self._send(200, json.dumps(entries).encode())
        if path.startswith("/api/"):
            siblings = [{"rfilename": name} for name in self.files]
            return self._send(200, json.dumps({"id": "org/tiny", "sha": sha, "siblings": siblings}).encode())
        data = self.files.get(path.rpartition("/")[2])
        if data is None:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        return self._send(200, data, {"ETag": f'"{len(data)}"', "X-Repo-Commit": sha})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub(tiny_model: Path) -> Iterator[str]:
    Hub.files = {path.name: path.read_bytes() for path in tiny_model.iterdir()}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_models_of_the_hub_are_refused_or_downloaded(hub: str, tiny_model: Path, tmp_path: Path) -> None:
    code = (
        "import json, sys\n"
        "from fttui.server.trainers.hf import load, refusal\n"
        "for id in ('org/gated', 'org/nothing', 'org/tiny'):\n"
        "    seen = []\n"
        "    try: print(json.dumps([load.fetch(id, None, on_bytes=lambda *at: seen.append(at)), seen]))\n"
        "    except refusal.Refusal as error: print(json.dumps([error.code, str(error), error.param]))\n"
    )
    environ = {
        **os.environ,
        "HF_ENDPOINT": hub,
        "HF_HOME": str(tmp_path),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
    }
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=False)
    assert run.returncode == 0, run.stderr
    gated, unknown, (path, seen) = map(json.loads, run.stdout.splitlines())
    assert gated == [
        "gated_model",
        "org/gated is gated at the hub. Accept its licence on its page there, then give the trainer your token: set "
        "HF_TOKEN, or run `hf auth login`.",
        "model",
    ]
    assert unknown[0] == "model_not_found"
    assert unknown[1].startswith("The hub has no model org/nothing, or your token may not read it.")
    weights = (tiny_model / "model.safetensors").read_bytes()
    assert Path(path, "model.safetensors").read_bytes() == weights
    assert seen[0] == [0, 0]
    assert seen[-1][0] == seen[-1][1] >= len(weights)


def test_check_prints_one_line(tiny_model: Path, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", tiny_model, settings={"lora_r": "none"})
    command = [sys.executable, "-P", "-m", "fttui.server.trainers.hf", "--check", str(job)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    (line,) = run.stdout.splitlines()
    assert json.loads(line) == {
        "type": "error",
        "code": "invalid_setting",
        "message": "lora_r is 'none': use a whole number from 1 to 512.",
        "param": "lora_r",
    }
