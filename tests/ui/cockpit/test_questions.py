"""Questions before something is cancelled or deleted: the words, that no row of them is cut, and what answers them."""

import pytest

from fttui.core.questions import (
    JobLoss,
    cancel_question,
    delete_checkpoint_question,
    delete_checkpoints_question,
    delete_copies_question,
    delete_files_question,
    delete_jobs_question,
    delete_models_question,
    typed_number,
)
from fttui.models.row import JobRow
from fttui.text import width
from fttui.ui.widgets.question import Menu, NumberQuestion, Question


def row(number: int, status: str = "succeeded", **members: object) -> JobRow:
    return JobRow(f"ftjob-{number:024}", status, suffix=f"lr-{number}")._replace(**members)  # type: ignore[arg-type]


ONE, TWO, THREE, FOUR = (row(number) for number in (1, 3, 40, 5))
RUNNING = row(7, "running", suffix="ten-epochs", step=640, total_steps=900)
OTHER = RUNNING._replace(id="ftjob-b")
QUEUED = row(8, "queued", suffix="support-v4")
GONE = ONE._replace(gone=True)
TUNED = ONE._replace(fine_tuned_model="ft:fttui-tiny-1:local:lr-1:8zkkbwKd")
LONG = [
    row(number, suffix="suffixes-of-openai-have-at-most-64-letters-of-which-this-has-" + str(number))
    for number in range(9)
]

TEXTS = [
    (
        delete_checkpoint_question(RUNNING, 360, [], is_best=True),
        "Delete the model of step 360 of ten-epochs? It is the best one.",
    ),
    (
        delete_checkpoint_question(TUNED, 270, [ONE, QUEUED], is_tuned_model=True),
        "Delete the model of step 270 of lr-1? It is the tuned model of the job. support-v4 is queued to be tuned from "
        "it and will fail. 1 job was tuned from it.",
    ),
    (delete_checkpoint_question(ONE, None, []), "Delete the model of a checkpoint of lr-1?"),
    (
        cancel_question([RUNNING], [RUNNING], 7),
        "Cancel ten-epochs (..00000007), step 640 of 900? It cannot be resumed. Its 7 checkpoints stay.",
    ),
    (cancel_question([QUEUED], [QUEUED]), "Cancel support-v4 (..00000008), queued? It cannot be resumed."),
    (
        cancel_question([RUNNING, OTHER, QUEUED], [RUNNING, OTHER, QUEUED, ONE]),
        "Cancel 3 jobs (2 running, 1 queued)? They cannot be resumed. 1 marked job has already ended.",
    ),
    (
        delete_files_question(["sample-train.jsonl (..14D82gK9)"], "local", [ONE, TWO, THREE, FOUR]),
        "Delete sample-train.jsonl (..14D82gK9) from local? 4 jobs used it: lr-1, lr-3, lr-40 and 1 more. They keep "
        "their models and curves, but clones of them will need the file again.",
    ),
    (
        delete_files_question(["support-train.jsonl (..14D82gK9)"], "openai", [QUEUED]),
        "Delete support-train.jsonl (..14D82gK9) from openai? support-v4 is queued with it and will fail.",
    ),
    (
        delete_files_question(["a.jsonl (..14D82gK9)"], "openai", [QUEUED, QUEUED._replace(suffix="b"), ONE]),
        "Delete a.jsonl (..14D82gK9) from openai? 2 jobs wait with it and will fail: support-v4 and b. lr-1 used it. "
        "It keeps its model and curve, but a clone of it will need the file again.",
    ),
    (
        delete_files_question(["a.jsonl (..14D82gK9)"], "openai", [], without_copy=1),
        "Delete a.jsonl (..14D82gK9) from openai? No copy of it is known on this disk.",
    ),
    (
        delete_files_question(["a", "b", "c"], "openai", [ONE], without_copy=2),
        "Delete 3 files from openai? lr-1 used them. It keeps its model and curve, but a clone of it will need the "
        "files again. No copy of 2 of them is known on this disk.",
    ),
    (
        delete_files_question(["step_metrics.csv (..a)"], "local", [], results_of="lr-1"),
        "Delete step_metrics.csv (..a) from local? It has the results of lr-1.",
    ),
    (
        delete_jobs_question([ONE], [ONE], JobLoss(1, 3, 2)),
        "Delete lr-1 (..00000001) with its model, 3 checkpoints and 2 files that no other job uses?",
    ),
    (
        delete_jobs_question([ONE, TWO], [ONE, TWO, RUNNING], JobLoss(2, 0, None, [THREE, FOUR])),
        "Delete 2 jobs with 2 models and the files that no other job uses? 2 jobs were tuned from them. 1 marked job "
        "cannot be deleted and stays.",
    ),
    (
        delete_jobs_question([ONE], [ONE], JobLoss(), "azure"),
        "Delete lr-1 (..00000001) from azure? Its archived copy stays on this disk.",
    ),
    (
        delete_models_question([TUNED.fine_tuned_model], [TUNED], [TWO, THREE], 3),
        "Delete the model of lr-1 (ft:fttui-tiny-1:local:lr-1:8zkkbwKd)? Requests to it will fail. 2 jobs were tuned "
        "from it. Its 3 checkpoints stay.",
    ),
    (
        delete_models_question(["a", "b"], [ONE, TWO], [QUEUED]),
        "Delete 2 tuned models: those of lr-1 and lr-3? Requests to them will fail. support-v4 is queued to be tuned "
        "from them and will fail.",
    ),
    (
        delete_checkpoints_question(TUNED, 2, [THREE]),
        "Delete 2 checkpoints of lr-1 (..00000001)? Requests to them will fail. 1 job was tuned from them. Its tuned "
        "model stays.",
    ),
    (
        delete_copies_question([GONE], [GONE], "openai"),
        "Delete the local copy of lr-1 (..00000001)? openai no longer lists this job, so nothing of it remains.",
    ),
    (
        delete_copies_question([ONE, GONE], [ONE, GONE], "openai"),
        "Delete the local copies of 2 jobs? openai cannot be reached. There is no other copy, unless it still lists "
        "them.",
    ),
    (
        delete_copies_question([ONE], [ONE], "openai", is_reachable=True),
        "Delete the local copy of lr-1 (..00000001)? If openai still lists it, it is archived again, with what is left "
        "there.",
    ),
    (
        delete_copies_question([ONE, TWO, GONE], [ONE, TWO, GONE], "openai", is_reachable=True),
        "Delete the local copies of 3 jobs? openai no longer lists 1 of them, so nothing of it remains. If openai "
        "still lists the others, they are archived again, with what is left there.",
    ),
]
LONGEST = [
    delete_files_question(["x" * 48 + " (..14D82gK9)"], "a-profile-with-a-long-name", [QUEUED, *LONG]),
    cancel_question([LONG[0]], LONG, 3),
    delete_jobs_question([LONG[0]], [LONG[0]], JobLoss(1, 3, 3, [*LONG[1:], QUEUED])),
    delete_models_question(["m"] * 9, LONG, [QUEUED, *LONG]),
]


def test_questions_say_what_is_lost_what_is_affected_and_what_stays() -> None:
    for text, wanted in TEXTS:
        assert text == wanted


def rows_of(question: Question, cells: int) -> list[str]:
    return ["".join(part for part, _ in line) for line in question.lines(cells)]


@pytest.mark.parametrize("cells", [80, 60])
def test_no_question_is_cut(cells: int) -> None:
    for text in [*(text for text, _ in TEXTS), *LONGEST]:
        request = typed_number(14, "delete", "jobs")
        for question in (Question(text, {}, 0.0), NumberQuestion(text, request, 14, lambda: None, 0.0)):
            lines = rows_of(question, cells)
            whole = "".join(lines).replace(" ", "")
            assert all(width(line) < cells for line in lines)
            assert whole.startswith(text.replace(" ", ""))
            assert whole.endswith(("y/N", ":_"))
            assert "…" not in whole
            assert whole.isascii(), "a terminal without Unicode shows the same"


@pytest.mark.parametrize("cells", [80, 60])
def test_question_takes_at_most_four_rows(cells: int) -> None:
    for text, _ in TEXTS:
        assert len(rows_of(Question(text, {}, 0.0), cells)) <= 4


@pytest.mark.parametrize("cells", [80, 60])
def test_menu_breaks_between_choices(cells: int) -> None:
    words = {"j": "job", "m": "model", "c": "3 checkpoints", "a": "archived copy"}
    menu = Menu("Delete for lr-1:", {key: (word, lambda: None) for key, word in words.items()}, 0.0, hint="esc nothing")
    lines = rows_of(menu, cells)
    assert lines[0].startswith(" Delete for lr-1:  j job  m model  c 3 checkpoints")
    assert lines[1].split() in (["esc", "nothing"], ["a", "archived", "copy", "esc", "nothing"])
    assert all(width(line) <= cells for line in lines)


def test_keys_of_the_first_moment_are_no_answers() -> None:
    for key in ("y", "n", "escape", "enter"):
        question = Question("Delete it?", {"y": lambda: None}, 10.0)
        question.key(key, 10.149)
        assert not question.is_closed
        question.key(key, 10.151)
        assert question.is_closed
        assert (question.act is not None) == (key == "y")


def test_digits_of_the_first_moment_do_not_count() -> None:
    question = NumberQuestion("Delete them?", typed_number(14, "delete", "jobs"), 14, lambda: None, 10.0)
    for key, now in (("1", 10.1), ("1", 10.2), ("5", 10.3), ("backspace", 10.4), ("4", 10.5), ("enter", 10.6)):
        assert not question.is_closed
        question.key(key, now)
    assert question.is_closed
    assert question.act is not None
