"""Completion and hints of the filter prompt."""

import pytest

from fttui.models.row import JobRow
from fttui.models.summary import Summary
from fttui.store.filter_fields import FILTER_FIELDS
from fttui.store.job_values import Known
from fttui.store.query import parse
from fttui.text import width
from fttui.ui.cockpit import filter_line
from fttui.ui.render.hints import Hint, cut_at_word, hint_line

KNOWN = Known(cost=lambda row: 1.5)
NOW = 1_800_000_000.0
ROWS = [
    JobRow(
        "ftjob-00000001",
        *("running", "gpt-4o-mini", "lr-1", "dpo"),
        created_at=NOW - 120,
        step=640,
        epochs="3",
        rate="0.1",
        batch="8",
        alarms="overfitting",
        profile="work",
    ),
    JobRow(
        "ftjob-00000002",
        *("succeeded", "gpt-4o-mini", "lr-40"),
        created_at=NOW - 300,
        trained_tokens=900,
        summary=Summary("full_valid_loss", 1.659, 270, 1.64, 260, 1.471, base=5.61),
    ),
    JobRow("ftjob-00000003", "succeeded", "odd, model", created_at=NOW - 86400, loss=26.42, fine_tuned_model="ft:x:y"),
]


def completions(text: str) -> list[str]:
    return filter_line.completions(text, filter_line.ListedJobs(ROWS, NOW, KNOWN))


def hint(text: str, cells: int = 80) -> str:
    line = "".join(
        part for part, _ in hint_line(filter_line.hint(text, filter_line.ListedJobs(ROWS, NOW, KNOWN)), cells)
    )
    assert width(line) <= cells
    return line.strip()


@pytest.mark.parametrize("field", FILTER_FIELDS, ids=lambda field: field.name)
def test_completion_leads_from_two_letters_to_a_valid_term_of_each_field(field: object) -> None:
    name = field.name  # type: ignore[attr-defined]
    text = f"lr-1 !{name[:2]}"
    for _ in range(4):
        found = [each for each in completions(text) if each[6:].startswith(name)]
        if not found:
            break
        text = found[0]
    assert text.startswith(f"lr-1 !{name}")
    assert parse(text).predicates


@pytest.mark.parametrize("field", FILTER_FIELDS, ids=lambda field: field.name)
def test_example_of_each_field_is_a_valid_filter_with_the_field(field: object) -> None:
    example = field.example  # type: ignore[attr-defined]
    assert parse(example).predicates
    assert filter_line.LastTerm.of(example).field == field.name  # type: ignore[attr-defined]


def test_completion_of_a_value_offers_the_values_in_the_list() -> None:
    assert completions("status:") == ["status:succeeded", "status:running", "status:live", "status:final"]
    assert completions("status:SUC") == ["status:succeeded"]
    assert completions("x status:running,s") == ["x status:running,succeeded"]
    assert completions("loss<") == ["loss<1.659", "loss<26.42"]
    assert completions('model:"odd') == ['model:"odd, model"']
    assert completions("foo<2")[0] == "status:"
    assert completions("lass<2")[0] == "loss"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "words, or field:value:  status:run loss<1.7 age<2d !lr-1  tab fields  f1 more"),
        ("lr-1 ", "words, or field:value:  status:run loss<1.7 age<2d !lr-1  tab fields  f1 more"),
        ("st", "status:  step  tab takes it  · field:value is, ~ contains, < > compare, ! not"),
        ("loss", "loss: newest loss  for example loss<1.7  operators < > :"),
        ("loss<", "loss: newest loss, here 1.659 to 26.42  for example loss<1.7"),
        ("status:", "succeeded 2  running 1  live 1  final 2  comma means or"),
        ("lass<2", "! No field is called lass. Did you mean loss?  tab lists the fields"),
        ("lr-1 age<soon", "! age<soon: an age is a number with s, m, h, d, w or y, for example 30m or 2d"),
        ("model>3", "! model is text: use model:value or model~part"),
        ("suffix:lr-1 loss<9", "Nothing matches. Without loss<9: 1 job."),
        ("nowhere", "Nothing matches."),
        ("status:runing", "runing is no status. Did you mean running?"),
        ("lr-4", "suffix, model or status contains lr-4; an id begins or ends with it"),
    ],
)
def test_hint_tells_what_may_come_next_or_the_error_and_its_place(text: str, expected: str) -> None:
    assert hint(text) == expected


def test_hint_in_60_columns_is_cut_at_a_word_and_keeps_its_example() -> None:
    assert hint("", 60) == "words, or field:value:  status:run loss<1.7 age<2d !lr-1"
    assert hint("loss<", 60) == "loss: newest loss  for example loss<1.7"
    whole_clause = cut_at_word("status of the job, or its first letters, no job here has one", 48)
    assert whole_clause == "status of the job, or its first letters"
    assert hint("st", 40) == "status:  step  tab takes it"
    assert hint_line(Hint("aaaa bbbb", is_error=True), 9)[0] == (" ! aaaa", "fail")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("st", ""),
        ("lr-1 !st", "lr-1 !st"),
        ("lr-1 loss<", "lr-1 "),
        ("lr-1 foo<2", "lr-1 "),
        ("model:gp", ""),
        ("nowhere", "nowhere"),
        ("run", "run"),
    ],
)
def test_list_is_filtered_by_the_terms_before_an_unfinished_one(text: str, shown: str) -> None:
    assert filter_line.applied(text, filter_line.ListedJobs(ROWS, NOW, KNOWN)) == shown
