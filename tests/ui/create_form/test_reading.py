"""Texts of the create form as a job, and a job as texts of the form."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.models.hyperparameters import LOCAL_RANGES, RANGES
from fttui.models.job import METHODS, TOKEN_KEY, Job
from fttui.models.offer import Offer
from fttui.models.spec import HYPERPARAMETERS, JobSpec, like
from fttui.text import clean_line
from fttui.ui.create_form.fields import EMPTY, fields_of
from fttui.ui.create_form.reading import read_form, values_of
from tests.support.fake_store import job

GOOD = EMPTY | {"model": "m", "training_file": "file-1"}
GRADER = {"type": "string_check", "name": "g", "input": "{{item.x}}", "reference": "y, z", "operation": "eq"}
REINFORCED = GOOD | {"method": "reinforcement", "grader": json.dumps(GRADER)}


def spec_of(values: dict[str, str]) -> JobSpec:
    reading = read_form(values)
    assert reading.spec is not None, reading.errors
    return reading.spec


def errors_of(values: dict[str, str]) -> dict[str, str]:
    reading = read_form(values)
    assert reading.spec is None
    return reading.errors


def test_defaults_are_not_sent() -> None:
    assert spec_of(GOOD) == JobSpec(model="m", training_file="file-1", method="supervised")
    assert "reinforcement" in spec_of(REINFORCED).body()["method"]
    assert spec_of(REINFORCED).hyperparameters == {}


def test_numbers_are_sent_as_numbers() -> None:
    spec = spec_of(GOOD | {"n_epochs": "3", "batch_size": "8", "learning_rate_multiplier": "1.8", "seed": "0"})
    assert spec.hyperparameters == {"n_epochs": 3, "batch_size": 8, "learning_rate_multiplier": 1.8}
    assert spec.seed == 0


def test_several_values_describe_a_sweep() -> None:
    reading = read_form(GOOD | {"n_epochs": "1, 3", "learning_rate_multiplier": "0.5,auto", "seed": "7", "suffix": "s"})
    assert reading.sweep is not None
    assert [job.name for job in reading.sweep.jobs] == ["s-e1-lr0.5", "s-e1-lrauto", "s-e3-lr0.5", "s-e3-lrauto"]
    assert {job.spec.seed for job in reading.sweep.jobs} == {7}
    assert reading.sweep.jobs[1].spec.hyperparameters == {"n_epochs": 1, "learning_rate_multiplier": "auto"}
    assert read_form(GOOD | {"n_epochs": "3"}).sweep is None


def test_settings_without_a_field_may_have_several_values() -> None:
    reading = read_form(GOOD | {"n_epochs": "1,2", "more": 'lora_r=8,16, warmup=0.1, targets=["q","k"], "s"="a,b"'})
    assert reading.sweep is not None
    assert [job.name for job in reading.sweep.jobs][:2] == ["epochs 1, lora r 8", "epochs 1, lora r 16"]
    common = {"warmup": 0.1, "targets": ["q", "k"], "s": "a,b"}
    assert reading.sweep.jobs[3].spec.hyperparameters == {"n_epochs": 2, "lora_r": 16, **common}


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"more": "lora_r=8,8"}, {"more": "lora r: 8 is there twice; use several seeds to repeat a setting"}),
        ({"more": "method.x=1,2"}, {"more": "method.x takes one value"}),
        ({"more": "8, lora_r=8"}, {"more": "8, lora_r=8 is not key=value"}),
        ({"n_epochs": "1,99"}, {"n_epochs": "auto, or 1 to 50"}),
        ({"n_epochs": "1,"}, {"n_epochs": "a value is missing beside a comma"}),
        ({"seed": "1,1"}, {"seed": "seed: 1 is there twice; use several seeds to repeat a setting"}),
        (
            {"n_epochs": ",".join(map(str, range(1, 13))), "seed": ",".join(map(str, range(10)))},
            {"seed": "120 jobs; a sweep makes at most 50"},
        ),
        (
            {"n_epochs": "1,2", "suffix": "x" * 64},
            {"suffix": f"{'x' * 64}-e1 has 67 characters; a suffix has at most 64"},
        ),
    ],
)
def test_values_that_make_no_sweep_are_errors(values: dict[str, str], errors: dict[str, str]) -> None:
    assert errors_of(GOOD | values) == errors


def test_method_decides_which_fields_are_shown() -> None:
    for method in METHODS:
        names = [field.name for field in fields_of(method)]
        assert [name for name in names if name in EMPTY and name in {*RANGES, "reasoning_effort"}] == [
            *HYPERPARAMETERS[method]
        ]
        assert ("grader" in names) == (method == "reinforcement")
    assert fields_of("") == fields_of("supervised")


def test_hidden_fields_are_neither_sent_nor_checked() -> None:
    hidden = {"beta": "9", "grader": "no such file.json", "eval_samples": "0", "reasoning_effort": "much"}
    assert spec_of(GOOD | hidden) == spec_of(GOOD)
    assert spec_of(GOOD | {"method": "dpo"} | hidden | {"beta": "0.5"}).hyperparameters == {"beta": 0.5}


def test_every_setting_of_reinforcement_is_sent() -> None:
    spec = spec_of(
        REINFORCED
        | {"compute_multiplier": "1.5", "eval_interval": "2", "eval_samples": "3", "reasoning_effort": "low"}
        | {"n_epochs": "4"}
    )
    assert spec.body()["method"] == {
        "type": "reinforcement",
        "reinforcement": {
            "hyperparameters": {
                "n_epochs": 4,
                "compute_multiplier": 1.5,
                "eval_interval": 2,
                "eval_samples": 3,
                "reasoning_effort": "low",
            },
            "grader": GRADER,
        },
    }


def test_kinds_that_stop_the_job_travel_as_metadata() -> None:
    spec = spec_of(GOOD | {"stop_on": "plateau, overfitting", "metadata": "a=b"})
    assert spec.metadata == {"a": "b", "fttui.stop_on": "overfitting,plateau"}
    assert (
        values_of(Job.read({"id": "j", "model": "m", "metadata": spec.metadata}))["stop_on"] == "overfitting, plateau"
    )
    assert errors_of(GOOD | {"stop_on": "stalled"}) == {
        "stop_on": "some of: non_finite, diverging, overfitting, plateau"
    }
    assert errors_of(GOOD | {"metadata": "fttui.stop_on=x"}) == {"metadata": "fttui.stop_on has a field of its own"}


def test_grader_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "grader.json"
    path.write_text(json.dumps(GRADER, indent=2), encoding="utf-8")
    assert spec_of(REINFORCED | {"grader": str(path)}).grader == GRADER


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff\xfe", "is not a text"),
        (b'{"type": "magic"}', "grader.type"),
        (json.dumps(GRADER | {"operation": "is"}).encode(), "grader.operation"),
    ],
)
def test_errors_of_a_grader_are_shown_at_its_field(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "grader.json"
    path.write_bytes(content)
    assert words in errors_of(REINFORCED | {"grader": str(path)})["grader"]
    assert "no such file" in errors_of(REINFORCED | {"grader": str(tmp_path / "none.json")})["grader"]
    assert "directory" in errors_of(REINFORCED | {"grader": str(tmp_path)})["grader"]
    assert "needed" in errors_of(REINFORCED | {"grader": ""})["grader"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", ""),
        ("training_file", ""),
        ("training_file", "none.jsonl"),
        ("validation_file", "./none"),
        ("validation_file", "/"),
        ("suffix", "s" * 65),
        ("method", "magic"),
        ("n_epochs", "0"),
        ("n_epochs", "51"),
        ("n_epochs", "3.5"),
        ("n_epochs", "9" * 5000),
        ("batch_size", "257"),
        ("learning_rate_multiplier", "0"),
        ("learning_rate_multiplier", "nan"),
        ("learning_rate_multiplier", "inf"),
        ("metadata", "team"),
        ("metadata", "=x"),
        ("metadata", ",".join(f"k{n}=v" for n in range(17))),
        ("metadata", f"{'k' * 65}=v"),
        ("metadata", f"k={'v' * 513}"),
        ("metadata", f"{TOKEN_KEY}=x"),
        ("seed", "-1"),
        ("seed", "1.5"),
        ("seed", "2147483648"),
        ("more", "lora"),
        ("more", "n_epochs=3"),
        ("more", "hyperparameters.n_epochs=3"),
        ("more", "method.grader=3"),
    ],
)
def test_value_out_of_range_is_an_error_of_its_field(name: str, value: str) -> None:
    assert list(errors_of(GOOD | {name: value})) == [name]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("beta", ["0", "2.1", "x"]),
        ("compute_multiplier", ["0.00001", "10.5"]),
        ("eval_interval", ["0", "1.5"]),
        ("eval_samples", ["0"]),
        ("reasoning_effort", ["auto", "most"]),
    ],
)
def test_value_out_of_range_of_one_method_is_an_error_of_its_field(name: str, values: list[str]) -> None:
    form = GOOD | {"method": "dpo"} if name == "beta" else REINFORCED
    for value in values:
        assert list(errors_of(form | {name: value})) == [name]


def test_all_errors_are_found_at_once_in_the_order_of_the_form() -> None:
    assert list(errors_of(EMPTY | {"seed": "x", "suffix": "s" * 65})) == ["model", "training_file", "suffix", "seed"]


def test_file_without_permission_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "train.jsonl"
    path.touch()
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "permission denied" in errors_of(GOOD | {"training_file": str(path)})["training_file"]


def test_settings_without_a_field_are_sent_with_their_types() -> None:
    more = 'lora=true, lora_r=8, warmup_ratio=0.1, method.response_format={"type": "text"}, wandb.tags=["a"]'
    body = spec_of(GOOD | {"more": more, "wandb_project": "p"}).body()
    assert body["method"] == {
        "type": "supervised",
        "supervised": {
            "response_format": {"type": "text"},
            "hyperparameters": {"lora": True, "lora_r": 8, "warmup_ratio": 0.1},
        },
    }
    assert body["integrations"] == [{"type": "wandb", "wandb": {"tags": ["a"], "project": "p"}}]
    assert "wandb_project" in errors_of(GOOD | {"more": more})


def test_sixteen_pairs_of_metadata_are_sent_with_advice() -> None:
    reading = read_form(GOOD | {"metadata": ",".join(f"k{n}=v" for n in range(16))})
    assert reading.spec is not None
    assert [*reading.advice] == ["metadata"]
    assert read_form(GOOD).advice == {}


# A clone

WORDS = st.text(alphabet="abcXYZ019-_:. ", min_size=1, max_size=20).map(str.strip).filter(bool)
LONG = st.text(
    alphabet=st.one_of(st.sampled_from(',="\n\u202e '), st.characters(exclude_categories=["Cs"])), max_size=60
)
SETTINGS = {
    "n_epochs": st.integers(1, 50),
    "batch_size": st.integers(1, 256),
    "learning_rate_multiplier": st.floats(1e-6, 100),
    "beta": st.floats(0.01, 2),
    "compute_multiplier": st.floats(0.001, 10),
    "eval_interval": st.integers(1, 10**6),
    "eval_samples": st.integers(1, 10**6),
    "reasoning_effort": st.sampled_from(["low", "medium", "high"]),
}
OTHERS = st.dictionaries(
    st.text(alphabet="abc.,= ", min_size=1, max_size=8).filter(lambda name: name.strip()) | st.just("wandb.x"),
    st.booleans() | st.integers(-(10**6), 10**6) | st.floats(-10, 10) | LONG | st.lists(st.integers(0, 9)),
    max_size=3,
)
EXTRAS = st.dictionaries(st.sampled_from(["entity", "name", "tags"]), LONG.filter(bool), max_size=3)


@st.composite
def specs(draw: st.DrawFn) -> JobSpec:
    method = draw(st.sampled_from(METHODS))
    own = {name: draw(SETTINGS[name]) for name in HYPERPARAMETERS[method] if draw(st.booleans())}
    project = draw(st.none() | WORDS)
    return JobSpec(
        model=draw(WORDS),
        training_file="file-" + draw(WORDS),
        validation_file=draw(st.none() | WORDS.map(lambda text: "file-" + text)),
        suffix=draw(st.none() | WORDS),
        seed=draw(st.none() | st.integers(0, 2147483647)),
        method=method,
        hyperparameters=own | draw(OTHERS),
        grader=GRADER | {"note": draw(LONG)} if method == "reinforcement" else None,
        method_more=draw(st.dictionaries(st.sampled_from(["response_format", "x"]), st.just({"a": [1, "b,c"]}))),
        metadata=draw(st.dictionaries(LONG.filter(bool), LONG, max_size=16)),
        wandb_project=project,
        wandb_more=draw(EXTRAS) if project else {},
    )


@given(specs())
def test_texts_of_a_clone_give_the_same_job(spec: JobSpec) -> None:
    body = spec.body()
    body["metadata"] = body.get("metadata", {}) | {TOKEN_KEY: "1f2e"}
    for integration in body.get("integrations", []):
        integration["wandb"]["run_id"] = "ftjob-1"
    raw = job(1) | {"user_provided_suffix": body.get("suffix")} | body
    values = values_of(Job.read(raw))
    assert values.keys() == EMPTY.keys()
    assert all(clean_line(text) == text == text.strip() for text in values.values()), "each fits into a field"
    assert spec_of(values) == spec == like(Job.read(raw))


@pytest.mark.parametrize(
    ("members", "values"),
    [
        # Nothing about the method was sent, so nothing is sent.
        ({}, {"method": "", "n_epochs": "auto"}),
        ({"hyperparameters": {"n_epochs": -1, "batch_size": "auto"}}, {"n_epochs": "auto", "batch_size": "auto"}),
        ({"hyperparameters": {"n_epochs": 3.0, "lora": True}}, {"n_epochs": "3", "more": "lora=true"}),
        ({"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1}}}}, {"method": "dpo", "beta": "0.1"}),
        ({"metadata": {"a": "x, y", TOKEN_KEY: "t"}}, {"metadata": 'a="x, y"'}),
        ({"metadata": {"n": 7}, "integrations": None, "seed": 7}, {"metadata": "n=7", "seed": "7"}),
        (
            {
                "integrations": [
                    {"type": "wandb", "wandb": {"project": "p", "entity": "e", "name": None, "run_id": "r"}}
                ]
            },
            {"wandb_project": "p", "more": "wandb.entity=e"},
        ),
        ({"method": [], "metadata": "x", "hyperparameters": 3}, {"metadata": "", "more": ""}),
    ],
)
def test_texts_of_a_clone(members: dict[str, Any], values: dict[str, str]) -> None:
    found = values_of(Job.read(job(1, **members)))
    assert {name: found[name] for name in values} == values
    assert found["suffix"] == "run-1"


def test_lone_surrogate_in_metadata_does_not_stop_a_clone() -> None:
    assert values_of(Job.read(job(1, metadata={"a": "x\ud800"})))["metadata"] == "a=x?"


def test_change_of_method_drops_settings_of_the_old_method() -> None:
    spec = spec_of(REINFORCED | {"n_epochs": "2", "eval_samples": "3", "more": "lora=true, method.x=1"})
    other = spec.with_method("dpo")
    assert other.body()["method"] == {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 2, "lora": True}}}
    assert spec.with_method("reinforcement") == spec


def test_ranges_of_the_provider_are_checked_before_anything_is_priced() -> None:
    values = GOOD | {"learning_rate_multiplier": "2000000"}
    assert read_form(values).errors == {}
    found = read_form(values, Offer(LOCAL_RANGES))
    assert (found.spec, set(found.errors)) == (None, {"learning_rate_multiplier"})
