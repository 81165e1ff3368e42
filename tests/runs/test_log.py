"""Logs of runs: several sources as one, ids that stay the same, limits."""

import math
from collections.abc import Iterable
from pathlib import Path

import pytest

from fttui.models.job import Job
from fttui.runs import log as logs
from fttui.runs.directory import FoundRun
from fttui.runs.formats.base import Found, FoundCheckpoint, FoundLine, FoundPoint, FoundSample, Source
from fttui.runs.job import job_of
from fttui.runs.log import RunLog
from fttui.runs.names import canonical_name, settings


class Reader:
    def __init__(self, found: Iterable[Found | Exception]) -> None:
        self._found = iter(found)

    def read(self) -> Found:
        found = next(self._found, Found())
        if isinstance(found, Exception):
            raise found
        return found


def log(*sources: list[Found | Exception]) -> RunLog:
    readers = [(Source("csv", f"/run/{number}"), Reader(found)) for number, found in enumerate(sources)]
    return RunLog(FoundRun("run", "/run", ()), readers)


def point(step: int, time: float | None = None, **values: float) -> FoundPoint:
    return FoundPoint(step, time, values)


def test_two_sources_of_one_number_are_one_event() -> None:
    exact = Found(points=[point(1, loss=1.25), point(2, loss=1.0)])
    rounded = Found(points=[FoundPoint(1, 10.0, {"train/loss": 1.2500001}), FoundPoint(2, 20.0, {"train/lr": 0.5})])
    made = log([exact], [rounded])
    made.read_all()
    assert [(event["created_at"], event["data"]) for event in made.events] == [
        (10.0, {"step": 1, "train_loss": 1.25}),
        (20.0, {"step": 2, "train_loss": 1.0, "learning_rate": 0.5}),
    ]


def test_ids_are_the_same_in_another_process_and_repeated_steps_are_told_once() -> None:
    found = Found(points=[point(1, loss=1.0)], lines=[FoundLine(None, "info", "hi"), FoundLine(None, "info", "hi")])
    first, second = log([found, found]), log([found])
    for made in (first, second):
        made.read_all()
    first.read()
    ids = [event["id"] for event in first.events if event["type"] == "metrics"]
    assert ids == [event["id"] for event in second.events if event["type"] == "metrics"]
    assert len({event["id"] for event in first.events}) == len(first.events)


def test_resumed_step_is_told_again_with_its_new_values() -> None:
    made = log([Found(points=[point(1, loss=1.0), point(2, loss=0.5)]), Found(points=[point(2, loss=0.7)])])
    made.read()
    made.read()
    assert [event["data"]["train_loss"] for event in made.events] == [1.0, 0.5, 0.7]


def test_purged_steps_are_gone_and_values_of_other_sources_stay() -> None:
    made = log(
        [
            Found(points=[point(step, loss=float(step)) for step in (1, 2, 3)]),
            Found(purged=2, points=[point(4, loss=0.5)]),
        ],
        [Found(points=[point(2, lr=0.1)])],
    )
    made.read()
    made.read()
    assert [event["data"] for event in made.events] == [
        {"step": 1, "train_loss": 1.0},
        {"step": 2, "learning_rate": 0.1},
        {"step": 4, "train_loss": 0.5},
    ]
    assert made.facts["trained_steps"] == 4


@pytest.mark.parametrize(
    ("format", "metric", "method"),
    [("csv", "loss", ""), ("csv", "rewards/margins", "dpo"), ("trainer_state", "loss", "supervised")],
)
def test_method_is_told_where_the_library_or_a_metric_tells_it(format: str, metric: str, method: str) -> None:
    run = FoundRun("run", "/run", ())
    made = RunLog(run, [(Source(format, "/run"), Reader([Found(points=[FoundPoint(1, None, {metric: 1.0})])]))])
    made.read()
    assert made.facts["method"] == method
    job = Job.read(job_of(run, {**made.facts, "hyperparameters": {"batch_size": 8}}, 1.0, 2.0))
    assert (job.method, job.hyperparameters) == (method, {"batch_size": "8"})


def test_lines_come_between_the_points_of_their_time() -> None:
    made = log(
        [Found(points=[point(1, 10.0, loss=1.0), point(2, 20.0, loss=1.0)], lines=[FoundLine(15.0, "warn", "hot")])]
    )
    made.read()
    assert [event["type"] for event in made.events] == ["metrics", "message", "metrics"]


def test_reader_that_fails_costs_only_its_source() -> None:
    broken = [OSError(13, "Permission denied"), ZeroDivisionError(), OSError(13, "Permission denied")]
    made = log([Found(points=[point(1, loss=1.0)])], list(broken))
    for _ in broken:
        made.read()
    assert [(event["level"], event["message"]) for event in made.events[1:]] == [
        ("warn", "Cannot read /run/1: Permission denied."),
        ("warn", "Cannot read /run/1: ZeroDivisionError."),
    ]
    assert len(made.facts["problems"]) == 2


def test_restart_forgets_the_training_before() -> None:
    made = log([Found(points=[point(900, loss=1.0)]), Found(restarted=True), Found(points=[point(1, loss=2.0)])])
    for _ in range(3):
        made.read()
    assert [event["data"]["step"] for event in made.events] == [1]
    assert made.facts["trained_steps"] == 1


def test_rotated_log_continues_the_training() -> None:
    rotated = [Found(points=[point(1, loss=2.0)]), Found(restarted=True, points=[point(2, loss=1.0)])]
    alone, with_other = log(list(rotated)), log([*rotated[:1], Found(restarted=True, points=[point(1, loss=9.0)])], [
        Found(points=[point(2, eval_loss=1.0)])
    ])  # fmt: skip
    for made in (alone, with_other):
        made.read()
        made.read()
    assert [event["data"]["step"] for event in alone.events] == [1, 2]
    assert [event["data"]["step"] for event in with_other.events] == [1, 2, 1]


def test_long_run_is_thinned_but_keeps_its_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_POINTS", 100)
    made = log([Found(points=[point(step, loss=1.0 / step) for step in range(1, 1001)] + [point(501, eval_loss=1.0)])])
    made.read()
    assert 50 <= len(made.events) <= 100
    assert any("full_valid_loss" in event["data"] for event in made.events)


def test_numbers_that_are_not_finite_are_text_in_json() -> None:
    made = log([Found(points=[point(1, loss=math.nan, eval_loss=math.inf)])])
    made.read()
    assert made.events[0]["data"] == {"step": 1, "train_loss": "nan", "full_valid_loss": "inf"}


def test_facts_of_the_first_source_count_and_the_earliest_start() -> None:
    made = log(
        [Found(facts={"model": "a", "created_at": 20.0, "hyperparameters": {"lr": 1}, "status": None})],
        [Found(facts={"model": "b", "created_at": 10.0, "hyperparameters": {"lr": 2, "r": 8}, "status": "failed"})],
    )
    made.read()
    facts = made.facts
    assert (facts["model"], facts["created_at"], facts["status"]) == ("a", 10.0, "failed")
    assert facts["hyperparameters"] == {"learning_rate": 1, "r": 8}


def test_samples_are_grouped_by_step_and_removed_checkpoints_left_out() -> None:
    samples = [FoundSample(5, None, "Hi?", "Yes.", "No."), FoundSample(5, None, "Who?", "Me.")]
    made = log([Found(samples=samples, checkpoints=[FoundCheckpoint("/nowhere/checkpoint-5", 5, 10)])])
    made.read()
    assert made.checkpoints() == []
    (found,) = made.samples()
    assert (found["step_number"], len(found["samples"])) == (5, 2)
    assert found["samples"][0]["prompt"] == [{"role": "user", "content": "Hi?"}]


def test_many_lines_leave_the_curve_and_the_newest_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_POINTS", 20)
    monkeypatch.setattr(logs, "MOST_LINES", 30)
    lines = [FoundLine(None, "info", text) for text in ("Saved", *map(str, range(50)), "Saved")]
    made = log([Found(points=[point(step, loss=1.0 / step) for step in range(1, 11)], lines=lines)])
    made.read()
    assert sum(event["type"] == "metrics" for event in made.events) == 10
    assert [event["message"] for event in made.events[10:]] == [line.text for line in lines[-30:]]
    assert len({event["id"] for event in made.events}) == len(made.events)


def test_line_numbers_are_kept_as_long_as_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_LINES", 3)
    saved, other = (FoundLine(None, "info", text) for text in ("Saved", "other"))
    made = log([Found(lines=[saved, saved]), Found(lines=[other]), Found(lines=[other, saved])])
    for _ in range(3):
        made.read()
        assert len({event["id"] for event in made.events}) == len(made.events)
    assert [event["message"] for event in made.events] == ["other", "other", "Saved"]


def test_rewritten_file_takes_its_end_samples_and_checkpoints_with_it(tmp_path: Path) -> None:
    checkpoint = FoundCheckpoint(str(tmp_path), 900, 1)
    ended = {"status": "failed", "error": "ValueError", "model": "a"}
    before = Found(
        points=[point(900, loss=1.0)],
        samples=[FoundSample(900, None, "a", "b")],
        checkpoints=[checkpoint],
        facts=ended,
    )
    made = log([before, Found(restarted=True), Found(points=[point(1, loss=2.0)], facts={"model": "b"})])
    for _ in range(3):
        made.read()
    assert (made.facts.get("status"), made.facts["model"]) == (None, "b")
    assert (made.samples(), made.checkpoints()) == ([], [])
    without_points = log([Found(facts=ended), Found(restarted=True)])
    for _ in range(2):
        without_points.read()
    assert without_points.facts.get("status") is None


def test_rotated_log_keeps_what_it_said_but_its_end() -> None:
    first = Found(points=[point(1, loss=2.0)], facts={"status": "failed", "error": "x", "total_steps": 9})
    made = log([first, Found(restarted=True, points=[point(2, loss=1.0)])])
    for _ in range(2):
        made.read()
    assert (made.facts.get("status"), made.facts["total_steps"]) == (None, 9)


def test_lines_and_samples_of_a_replaced_file_are_told_once() -> None:
    lines = [FoundLine(None, "info", "hi"), FoundLine(None, "info", "hi")]
    samples = [FoundSample(1, None, "a", "b")]
    again = Found(restarted=True, lines=[*lines, FoundLine(None, "info", "new")], samples=samples)
    made = log([Found(points=[point(1, loss=1.0)])], [Found(lines=lines, samples=samples), again, again])
    for _ in range(3):
        made.read()
    assert [event["message"] for event in made.events[1:]] == ["hi", "hi", "new"]
    assert len(made.samples()[0]["samples"]) == 1


def test_rotated_log_tells_lines_that_it_had_before_and_a_long_one_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, saved, end = (FoundLine(None, "info", text) for text in ("start", "Saved", "end"))
    other = [Found(points=[point(1, loss=1.0)])]
    made = log(other, [Found(lines=[start, saved]), Found(restarted=True, lines=[saved, end])])
    for _ in range(2):
        made.read()
    assert [event["message"] for event in made.events[1:]] == ["start", "Saved", "Saved", "end"]
    monkeypatch.setattr(logs, "MOST_LINES", 2)
    made = log(other, [Found(lines=[start, saved, end]), Found(restarted=True, lines=[start, saved, end])])
    made.read()
    before = made.events
    made.read()
    assert made.events == before


def test_rounded_value_that_comes_later_does_not_replace_the_exact_one() -> None:
    exact, rounded = [Found(points=[point(1, loss=1.2345678)])], [Found(), Found(points=[point(1, loss=1.23, lr=0.5)])]
    made = log(exact, list(rounded))
    for _ in range(2):
        made.read()
    assert made.first == (1, {"train_loss": 1.2345678, "learning_rate": 0.5})
    made = log([Found(), *exact], rounded[1:])
    for _ in range(2):
        made.read()
    assert made.first == (1, {"train_loss": 1.2345678, "learning_rate": 0.5})


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("loss", "train_loss"),
        ("train/loss", "train_loss"),
        ("train_loss_step", "train_loss"),
        ("eval_loss", "full_valid_loss"),
        ("eval/loss", "full_valid_loss"),
        ("val_loss", "full_valid_loss"),
        ("validation/loss", "full_valid_loss"),
        ("train/grad_norm", "grad_norm"),
        ("train/learning_rate", "learning_rate"),
        ("lr-AdamW", "learning_rate"),
        ("mean_token_accuracy", "train_mean_token_accuracy"),
        ("eval_mean_token_accuracy", "full_valid_mean_token_accuracy"),
        ("rewards/chosen", "rewards_chosen"),
        ("eval_rewards/chosen", "full_valid_rewards_chosen"),
        ("eval_runtime", ""),
        ("train/train_loss", ""),
        ("epoch", ""),
    ],
)
def test_spellings_of_libraries_get_the_names_of_providers(name: str, ours: str) -> None:
    assert canonical_name(name) == ours


def test_of_a_whole_configuration_only_the_known_settings_are_shown() -> None:
    own = {"num_train_epochs": 3, "lr": 1e-4, "data": {"path": "x"}, "dropout": 0.1, "epochs": 9}
    assert settings(own) == {"n_epochs": 3, "learning_rate": 1e-4, "dropout": 0.1}
    whole = own | {f"setting_{number}": number for number in range(200)}
    assert settings(whole) == {"n_epochs": 3, "learning_rate": 1e-4}
