"""Progress lines as reports, and the result file."""

import json

from hypothesis import given
from hypothesis import strategies as some

from fttui.models.metric import points_of_result_files
from fttui.server.jobs import result_file
from fttui.server.jobs.progress_reports import reports_of
from fttui.server.storage.reports import (
    Environment,
    FinalReport,
    Message,
    Phase,
    Samples,
    SavedCheckpoint,
    StepMetrics,
)


def report(**line):
    reports = reports_of([line], lambda name: name == "model")
    return reports[0] if reports else None


def test_metrics_lines_become_reports_with_a_message() -> None:
    found = report(
        type="metrics", step=10, total_steps=100, train_loss=0.25, valid_loss=0.374, full_valid_loss=0.4, x=1
    )
    assert isinstance(found, StepMetrics)
    assert found.message == "Step 10/100: training loss=0.25, validation loss=0.37, full validation loss=0.40"
    assert found.data == {
        "step": 10,
        "total_steps": 100,
        "train_loss": 0.25,
        "valid_loss": 0.374,
        "full_valid_loss": 0.4,
        "x": 1,
    }
    assert report(type="metrics", step=2.0, train_mean_reward=0.5) == StepMetrics(
        2, None, "Step 2: train mean reward=0.50", {"step": 2, "train_mean_reward": 0.5}
    )
    base = report(type="metrics", step=0, total_steps=100, full_valid_loss=5.61, full_valid_mean_token_accuracy=0.01)
    assert isinstance(base, StepMetrics)
    assert base.message == "Step 0: full validation loss=5.61 (base model)"
    assert base.data["step"] == 0
    first = report(type="metrics", step=0, total_steps=9, train_loss=5.0)
    assert isinstance(first, StepMetrics)
    assert first.message == "Step 0/9: training loss=5.00"
    assert report(type="metrics", step=3) == StepMetrics(3, None, "Step 3", {"step": 3})


def test_other_lines_become_reports() -> None:
    assert report(type="message", message="Hello\x1b[2J", level="warn") == Message("Hello[2J", "warn")
    assert report(type="message", message="Hello", level="loud") == Message("Hello", "info")
    assert report(type="checkpoint", step=4, path="model", metrics={"train_loss": 1}) == SavedCheckpoint(
        4, "model", {"step": 4, "train_loss": 1}
    )
    assert report(type="result", checkpoint=4, trained_tokens=9) == FinalReport(
        {"checkpoint": 4, "trained_tokens": 9}, False
    )
    assert report(type="result", path="model") == FinalReport(
        {"checkpoint": None, "trained_tokens": None, "path": "model"}, False
    )
    assert report(type="error", code="x", message="why") == FinalReport(
        {"code": "x", "message": "why", "param": None}, True
    )


def test_phases_and_environments_are_cleaned_and_limited() -> None:
    assert report(type="phase", phase="downloading", done=3.2e9, total=16e9, unit="bytes") == Phase(
        {"name": "downloading", "done": 3.2e9, "total": 16e9, "unit": "bytes"}
    )
    hostile = {"phase": "lo\x1b[2Jading" + "x" * 999, "done": -1, "total": "9", "unit": 3, "step": 7}
    found = report(type="phase", **hostile)
    assert isinstance(found, Phase)
    assert found.body == {"name": ("lo[2Jading" + "x" * 999)[:80]}
    versions = {f"package{number}": "1.0\u202e" for number in range(99)} | {"bad": 3}
    found = report(type="environment", host="gpu1\n", device=["x"], versions=versions)
    assert isinstance(found, Environment)
    assert found.body["host"] == "gpu1"
    assert "device" not in found.body
    assert found.body["versions"] == {f"package{number}": "1.0" for number in range(20)}


def test_samples_are_cleaned_and_bounded() -> None:
    parts = [{"type": "text", "text": "Look: "}, {"type": "image_url"}, {"type": "text", "text": "\x1b[31mred"}]
    prompt = [
        {"role": "sys\ntem", "content": "x" * 5000, "name": "n"},
        {"role": "user", "content": parts},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        "no message",
    ]
    found = report(
        type="samples",
        step=0,
        samples=[{"prompt": prompt, "expected": "a\r\nb", "answer": "\u202eyes", "finish_reason": "le\nngth"}, {}, 7],
    )
    assert isinstance(found, Samples)
    assert found.step == 0
    (sample,) = found.samples
    assert sample["prompt"] == [
        {"role": "sys tem", "content": "x" * 3999 + "…"},
        {"role": "user", "content": "Look: [31mred"},
        {"role": "assistant", "content": '[{"id": "1"}]'},
    ]
    assert (sample["expected"], sample["answer"], sample["finish_reason"]) == ("a\nb", "yes", "le ngth")
    many = report(type="samples", step=9, samples=[{"prompt": [{}] * 99, "answer": ""}] * 99)
    assert isinstance(many, Samples)
    assert (len(many.samples), len(many.samples[0]["prompt"])) == (10, 20)
    assert many.samples[0]["expected"] is many.samples[0]["finish_reason"] is None


def test_incomplete_and_unknown_lines_are_skipped() -> None:
    for line in (
        {"type": "phase"},
        {"type": "phase", "phase": "  "},
        {"type": "environment", "versions": []},
        {"type": "samples", "samples": [{"prompt": [], "answer": ""}]},
        {"type": "samples", "step": 1, "samples": []},
        {"type": "samples", "step": 1, "samples": "no"},
        {"type": "samples", "step": 1, "samples": [{"prompt": "no", "answer": ""}, {"prompt": [], "answer": None}]},
        {"type": "metrics"},
        {"type": "metrics", "step": "1"},
        {"type": "metrics", "step": True},
        {"type": "metrics", "step": -1},
        {"type": "metrics", "step": 10**30},
        {"type": "message"},
        {"type": "checkpoint", "step": 1, "path": "../../service.db"},
        {"type": "checkpoint", "step": 1},
        {"type": "dance"},
        {},
    ):
        assert report(**line) is None
    assert reports_of([None, 3, "x", []], lambda name: True) == []


@given(
    some.dictionaries(
        some.sampled_from(["type", "step", "total_steps", "train_loss", "message", "path", "metrics", "checkpoint"]),
        some.none()
        | some.integers()
        | some.floats()
        | some.sampled_from(["metrics", "message", "checkpoint", "result", "error", "model", "\ud800"])
        | some.dictionaries(some.text(max_size=3), some.floats(), max_size=2),
    )
)
def test_any_report_can_be_sent_as_json(line) -> None:
    for found in reports_of([line], lambda name: name == "model"):
        json.dumps(found, allow_nan=False).encode("utf-8")


def test_the_result_file_is_csv_that_the_client_can_parse() -> None:
    rows = [
        {"step": 1, "total_steps": 2, "train_loss": 3.632654, "train_mean_token_accuracy": 0.5},
        {"step": 2, "total_steps": 2, "train_loss": 0.00006, "valid_loss": 1, "full_valid_loss": 9, "margin": 0.25},
    ]
    base = {"step": 0, "total_steps": 3, "full_valid_loss": 5.61, "full_valid_mean_token_accuracy": 0.1}
    csv = result_file.csv_of([base, *rows])
    assert csv.decode() == (
        "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,margin\n"
        "1,3.63265,0.5,,,\n"
        "2,6e-05,,1,,0.25\n"
    )
    points = points_of_result_files([result_file.encoded(csv)])
    assert points[0].values == {"train_loss": 3.63265, "train_mean_token_accuracy": 0.5}
    assert points[1].step == 2
