"""Tables, sentences, CSV and SVG of compared jobs."""

import csv
import io
import xml.etree.ElementTree as xml
from typing import Any

from fttui.core.comparing import ComparedJob, JobComparison, compare_jobs, compared_job, comparison_csv, comparison_svg
from fttui.core.curve_svg import drawing_of_run, svg
from fttui.core.pricing import Cost
from fttui.learning.alarms import check_job
from fttui.learning.finding import JobState
from fttui.learning.metric_groups import MetricGroup
from fttui.models.job import Job
from fttui.models.status import Status
from fttui.store.merged import MergedStore
from tests.support.fake_store import FakeStore, job
from tests.support.simulated_runs import real_run

FREE = Cost(0.0, "free")


def _store(**suffixes: str) -> FakeStore:
    """Return a store with a real run a job, by suffix."""
    store = FakeStore()
    for number, (suffix, name) in enumerate(suffixes.items()):
        raw = job(
            number,
            "succeeded",
            user_provided_suffix=suffix.replace("_", "-"),
            validation_file="file-valid",
            trained_tokens=68_300,
            seed=1,
            method={"type": "supervised", "supervised": {"hyperparameters": _hyperparameters(name)}},
        )
        store.put(raw)
        run = store.runs[raw["id"]] = real_run(name)
        store.reports[raw["id"]] = check_job(JobState(run, Status.SUCCEEDED, has_validation_file=True))
    store.publish()
    return store


def _hyperparameters(name: str) -> dict[str, Any]:
    rate = {"good": 1, "lr-x3": 3, "diverge-x40": 40, "overfit": 2}[name]
    return {"n_epochs": 10 if name == "overfit" else 3, "batch_size": 1, "learning_rate_multiplier": rate}


def _compared(store: FakeStore, cost: Cost = FREE) -> list[ComparedJob]:
    return [compared_job(store, row, cost) for row in store.snapshot.rows.values()]


def _three() -> JobComparison:
    return compare_jobs(_compared(_store(lr_40="diverge-x40", ten_epochs="overfit", lr_1="good")))


def test_table_has_what_differs_then_how_each_run_ended() -> None:
    compared = _three()
    titles = [column.title for column in compared.columns]
    assert titles == [
        *("EPOCHS", "LR", "BEST", "AT", "LAST", "TRAIN", "GAP", "TIME", "ALARM", "TOKENS", "TOK/S", "ST"),
    ]
    rows = {
        job.entry.name: dict(zip(titles, (column.cells[index] for column in compared.columns), strict=True))
        for index, job in enumerate(compared.jobs)
    }
    assert list(rows) == ["lr-1", "ten-epochs", "lr-40"]
    assert rows["lr-1"] | {"TIME": "", "TOK/S": ""} == {
        "EPOCHS": "3", "LR": "1", "BEST": "1.659", "AT": "270", "LAST": "1.659", "TRAIN": "1.471", "GAP": "+0.19",
        "TIME": "", "ALARM": "-", "TOKENS": "68.3k", "TOK/S": "", "ST": "succeeded",
    }  # fmt: skip
    assert (rows["ten-epochs"]["ALARM"], rows["lr-40"]["ALARM"]) == ("overfit", "diverged")


def test_sentences_say_what_is_the_same_and_which_is_best() -> None:
    compared = _three()
    assert compared.same_line() == (
        "Same for all: gpt-4o-mini-2024-07-18, supervised, batch size 1, seed 1, free, training file train.jsonl, "
        "and 1 more"
    )
    assert compared.same_line(60) == "Same for all: gpt-4o-mini-2024-07-18, supervised, and 5 more"
    assert compared.result.startswith("lr-1 is best: validation 1.659 at step 270, 0.079 below ten-epochs. lr-40")
    assert [compared.is_best(index) for index in range(3)] == [True, False, False]


def test_sentences_come_with_the_checkpoint_of_an_overfitted_run() -> None:
    compared = compare_jobs(_compared(_store(ten_epochs="overfit", lr_40="diverge-x40")))
    assert compared.order == "best"
    assert list(compared.sentences[1:3]) == [
        "ten-epochs overfitted (last 2.503): use its checkpoint of step 360.",
        "lr-40 diverged.",
    ]


def test_settings_of_one_provider_alone_come_after_the_ends_of_the_runs() -> None:
    store = _store(a="good", b="lr-x3")
    hyperparameters = {"n_epochs": 3, "learning_rate": 1e-5, "lora_r": 8}
    store.raw["ftjob-00000000"] |= {"method": None, "hyperparameters": hyperparameters}
    store.publish()
    jobs = [
        compared_job(store, row, Cost(), profile=profile)
        for row, profile in zip(store.snapshot.rows.values(), ("near", "work"), strict=True)
    ]
    titles = [column.title for column in compare_jobs(jobs).columns]
    assert titles.index("PROFILE") < titles.index("BEST") < titles.index("LORA R")
    assert {"LR", "LR X"} <= set(titles[: titles.index("BEST")])


def test_jobs_of_one_name_get_the_end_of_their_id() -> None:
    store = _store(a="good", b="overfit", c="lr-x3")
    for id in ("ftjob-00000000", "ftjob-00000001"):
        store.raw[id]["user_provided_suffix"] = "same"
    store.publish()
    names = {each.entry.name for each in compare_jobs(_compared(store)).jobs}
    assert names == {"same ..00000000", "same ..00000001", "c"}


def test_files_of_one_content_are_the_same_data() -> None:
    store = _store(a="good", b="lr-x3")
    store.raw["ftjob-00000001"] |= {"training_file": "file-again", "validation_file": "file-valid-again"}
    assert compare_jobs(_compared(store)).found.is_warning
    store.digests = {"file-train": "1", "file-again": "1", "file-valid": "2", "file-valid-again": "2"}
    compared = compare_jobs(_compared(store))
    assert not compared.found.is_warning
    assert compared.found.differs == ["learning_rate_multiplier"]


def test_csv_has_exact_numbers_and_no_formulas() -> None:
    store = _store(a="good", b="lr-x3")
    store.raw["ftjob-00000000"]["user_provided_suffix"] = "=1+1"
    store.publish()
    rows = list(csv.DictReader(io.StringIO(comparison_csv(compare_jobs(_compared(store))))))
    assert {row["name"] for row in rows} == {"'=1+1", "b"}
    best = {row["name"]: float(row["best"]) for row in rows}
    assert best["b"] == real_run("lr-x3").judged()[2][-1]
    assert rows[0]["learning_rate_multiplier"] in ("1", "3")


def test_svg_escapes_names_and_tells_runs_apart_without_colour() -> None:
    store = _store(a="good", b="diverge-x40")
    store.raw["ftjob-00000000"]["user_provided_suffix"] = '<script>&\x1b"'
    store.publish()
    text = comparison_svg(compare_jobs(_compared(store)))
    root = xml.fromstring(text)
    texts = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert '<script>&"' in texts
    assert "<script>" not in text
    assert {"step", "validation loss", "1", "2"} <= set(texts)
    lines = [path for path in root.iter("{http://www.w3.org/2000/svg}path") if path.get("class", "").startswith("line")]
    assert len({path.get("stroke-dasharray") for path in lines}) == 2
    assert "prefers-color-scheme:dark" in text


def test_svg_of_another_metric_names_it() -> None:
    accuracy = MetricGroup("mean_token_accuracy", "train_mean_token_accuracy", "valid_mean_token_accuracy")
    text = comparison_svg(_three(), accuracy)
    assert "<title>mean token accuracy of 3 runs</title>" in text
    assert ">validation mean token accuracy</text>" in text


def test_svg_of_one_run_marks_the_best_point_and_stays_small() -> None:
    text = svg(drawing_of_run("ten-epochs", real_run("overfit")))
    xml.fromstring(text)
    assert "best 1.74 at step 360" in text
    assert len(text) < 120_000


def test_running_job_without_numbers_is_compared_last() -> None:
    store = _store(a="good").put(job(5, "queued"))
    store.runs["ftjob-00000005"] = type(real_run("good"))()
    store.publish()
    compared = compare_jobs(_compared(store))
    assert compared.jobs[-1].row.id == "ftjob-00000005"
    assert compared.result == "Fewer than two runs have a loss: nothing to compare."
    assert Job.read(store.raw["ftjob-00000005"]).status is Status.QUEUED


def test_jobs_of_two_profiles_are_compared_and_their_files_by_content() -> None:
    stores = {"home": _store(a="good"), "work": _store(b="overfit")}
    stores["work"].raw["ftjob-00000000"]["training_file"] = "file-other"
    for store, name in zip(stores.values(), ("file-train", "file-other"), strict=True):
        store.digests = {name: "same", "file-valid": "same-too"}
    merged = MergedStore(stores)
    jobs = [compared_job(merged, row, FREE, profile=row.profile) for row in merged.snapshot.rows.values()]
    compared = compare_jobs(jobs)
    assert compared.found.differs == ["n_epochs", "learning_rate_multiplier", "profile"]
    assert [job.entry.id for job in compared.jobs] == ["home/ftjob-00000000", "work/ftjob-00000000"]
    assert compared.columns[2].title == "PROFILE"
    assert compared.result.startswith("a is best: validation 1.659 at step 270, 0.079 below b.")
