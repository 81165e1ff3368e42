"""Lines of the detail pane for members of any size."""

from fttui.clock import duration
from fttui.models.job import Job
from fttui.models.summary import Summary
from fttui.models.wire import SENT
from fttui.ui.render.detail_fields import MAX_LENGTH
from fttui.ui.render.detail_lines import JobFacts, detail_lines, raw_lines
from fttui.ui.render.glyphs import UNICODE
from fttui.ui.render.rows import Line

MEGABYTE = "word " * 200_000
RAW = {
    "id": "ftjob-1",
    "object": "fine_tuning.job",
    "status": "failed",
    "created_at": 1,
    "error": {"message": MEGABYTE},
    "metadata": {"k": MEGABYTE},
    "method": {"type": "reinforcement", "reinforcement": {"grader": {"type": "x", "prompt": MEGABYTE}}},
    "more": MEGABYTE,
    "objects": {"a": MEGABYTE},
    "short": "two\nlines",
}


def letters(lines: list[Line]) -> int:
    return sum(len(text) for line in lines for text, _ in line)


def texts(lines: list[Line]) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


def test_a_long_member_is_cut_and_its_length_shown() -> None:
    job = Job.read(RAW)
    lines = detail_lines(job, job.row(), JobFacts(), 2.0, 200, UNICODE)
    assert letters(lines) < 8 * MAX_LENGTH
    assert texts(lines).count("(1,000,0") == 5
    assert "press e to export all" in texts(lines)
    assert "two" in texts(lines).splitlines()[-2]
    assert texts(lines).endswith("lines")


def test_a_long_line_of_raw_json_is_cut() -> None:
    lines = raw_lines(RAW, 200)
    assert letters(lines) < 8 * MAX_LENGTH
    assert texts(lines).count("press e to export all") == 5
    assert '"short": "two\\nlines"' in texts(lines)


def test_a_member_at_the_limit_is_shown_whole() -> None:
    job = Job.read({"id": "ftjob-1", "status": "running", "fits": "x" * MAX_LENGTH, "does_not": "x" * (MAX_LENGTH + 1)})
    said = texts(detail_lines(job, job.row(), JobFacts(), 2.0, MAX_LENGTH * 2, UNICODE))
    assert f" {'x' * MAX_LENGTH}\n" in said
    assert f"{'x' * MAX_LENGTH} … ({MAX_LENGTH + 1:,} characters; " in said


def test_sources_of_a_run_are_words_and_other_sources_json() -> None:
    sources = [
        {"format": "trainer_state", "path": "/o/a/trainer_state.json", "key": ""},
        {"format": "mlflow", "path": "/o/mlflow.db", "key": "7f"},
    ]
    job = Job.read({"id": "a", "status": "running", SENT: {"sources": sources}})
    said = texts(detail_lines(job, job.row(), JobFacts(), 2.0, 80, UNICODE)).splitlines()
    assert f" {'sources':<17}trainer_state  /o/a/trainer_state.json" in said
    assert f" {'':<17}mlflow  /o/mlflow.db  7f" in said
    job = Job.read({"id": "a", "status": "running", "sources": [{"format": 1}]})
    assert 'sources          [{"format": 1}]' in texts(detail_lines(job, job.row(), JobFacts(), 2.0, 80, UNICODE))


def test_facts_about_a_run_are_words_and_those_shown_above_are_left_out() -> None:
    facts = {
        "model": "m",
        "pid": 4711,
        "longest_wait": 200.0,
        "error": None,
        "new": "x",
        "problems": ["Cannot read a.", "Cannot read b."],
    }
    job = Job.read({"id": "a", "status": "running", "model": "m", SENT: {"facts": facts}})
    said = texts(detail_lines(job, job.row(), JobFacts(), 2.0, 80, UNICODE)).splitlines()
    assert said[said.index(" other fields") + 1 :] == [
        f" {'process':<17}4711",
        f" {'longest wait':<17}{duration(200.0)} between two changes",
        f" {'new':<17}x",
        f" {'problems':<17}Cannot read a.",
        f" {'':<17}Cannot read b.",
    ]


def test_phase_and_environment_have_rows() -> None:
    environment = {"host": "n2", "device": "2 × NVIDIA H100", "versions": {"torch": "2.13.0", "x\x1b[2J": "1"}}
    sent = {"phase": {"name": "loading"}, "environment": environment, "estimate": {"steps": 8, "seconds": 7200, "x": 1}}
    job = Job.read({"id": "ftjob-1", "status": "running", "model": "m", "fttui": sent})
    said = texts(detail_lines(job, job.row(), JobFacts(), 2.0, 80, UNICODE)).splitlines()
    assert f" {'phase':<17}loading m" in said
    assert f" {'expected':<17}8 steps, about 2 h" in said
    assert f" {'runs on':<17}n2 · 2 × NVIDIA H100 · torch 2.13.0 · x[2J 1" in said
    assert "other fields" not in "".join(said)
    ended = Job.read({**job.raw, "status": "failed"})
    said = texts(detail_lines(ended, ended.row(), JobFacts(), 2.0, 80, UNICODE)).splitlines()
    assert not any(line.startswith(" phase") for line in said)
    assert any(line.startswith(" ran on") for line in said)


def test_job_at_an_engine_has_its_life_beside_the_status_and_its_engine() -> None:
    life = {"state": "running", "host": "n2\x1b[2J", "attempt": 2, "id": "4711", "limit": 28800, "ends_at": 12400}
    sent = {"engine": {"name": "lab", "kind": "slurm"}, "life": life}
    job = Job.read({"id": "ftjob-1", "status": "running", "model": "m", "fttui": sent})
    said = texts(detail_lines(job, job.row(), JobFacts(), 1000.0, 120, UNICODE)).splitlines()
    assert f" {'status':<17}▸ running · on n2[2J, attempt 2" in said
    expected = "lab (Slurm) · job 4711 · 3 h 10 min of 8h 00m left, then it saves and is submitted again"
    assert f" {'engine':<17}{expected}" in said


def _losses(summary: Summary) -> list[str]:
    job = Job.read({"id": "ftjob-1", "status": "succeeded", "model": "m"})
    said = texts(detail_lines(job, job.row()._replace(summary=summary), JobFacts(), 2.0, 80, UNICODE)).splitlines()
    return [line.split(maxsplit=2)[2] for line in said if line.startswith((" validation loss", " training loss"))]


def test_last_loss_is_the_best_only_if_it_is_the_lowest() -> None:
    assert _losses(Summary("valid_loss", 1.7, 300, 1.7, 300, noise=0.02)) == ["1.700 · the best"]
    assert _losses(Summary("valid_loss", 1.729, 300, 1.699, 270, noise=0.02)) == [
        "1.729 · best 1.699 at step 270, equal within noise (±0.040)"
    ]
    assert _losses(Summary("valid_loss", 1.9, 300, 1.699, 270, noise=0.02)) == ["1.900 · best 1.699 at step 270"]


def test_loss_that_is_not_finite_is_nan() -> None:
    assert _losses(Summary("valid_loss", None, 99, 1.6, 90, None, 1.5, not_finite=2)) == [
        "nan · best 1.600 at step 90",
        "nan",
    ]
