"""Filter language and order of lists."""

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.models.summary import Summary
from fttui.store.filter_fields import FIELDS
from fttui.store.filter_terms import QueryError, unknown_status
from fttui.store.query import NEWEST, Sort, parse, parse_sort, select, sort_of

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86400.0

ROWS = [
    JobRow(
        "ftjob-aaa",
        "running",
        "gpt-4o-mini-2024-07-18",
        "support-v3",
        "supervised",
        created_at=NOW - 10 * 60,
        step=412,
        total_steps=1200,
        loss=0.83,
    ),
    JobRow("ftjob-bbb", "queued", "gpt-4o-mini-2024-07-18", "support-v4", "dpo", created_at=NOW - HOUR),
    JobRow(
        "ftjob-ccc",
        "SUCCESS",
        "gpt-4.1-nano",
        "Tagger",
        "supervised",
        "ft:gpt-4.1-nano:acme:tagger:9x",
        created_at=NOW - 2 * DAY,
        step=600,
        loss=0.331,
        trained_tokens=1_200_000,
    ),
    JobRow("ftjob-ddd", "failed", "gpt-4.1-mini", "router", "reinforcement", created_at=NOW - 5 * DAY),
    JobRow("eee", "brand_new", "", "", created_at=None),
]


def ids(text: str, **more: Any) -> str:
    return " ".join(row.id[-1] for row in select(ROWS, parse(text), now=NOW, **more))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a b c d e"),
        ("mini", "a b d"),
        ("MINI", "a b d"),
        ("mini support", "a b"),
        ("ftjob-ccc", "c"),
        ("succeeded", "c"),
        ("SUCCESS", "c"),
        ("nano,router", "c d"),
        ("!mini", "c e"),
        ("status:failed", "d"),
        ("status:fail", "d"),
        ("status:succeeded", "c"),
        ("status:done", "c"),
        ("status:completed", "c"),
        ("status:success", "c"),
        ("status:brand_new", "e"),
        ("status:waiting", "b"),
        ("status:live", "a b e"),
        ("status:final", "c d"),
        ("status:running,queued", "a b"),
        ("!status:running,queued", "c d e"),
        ("status~succ", "c"),
        ("status:unheard_of", ""),
        ("model:gpt-4.1-nano", "c"),
        ("model:gpt", ""),
        ("model~4.1", "c d"),
        ("model~4o,nano", "a b c"),
        ("suffix:TAGGER", "c"),
        ("suffix=tagger", "c"),
        ("method:dpo,reinforcement", "b d"),
        ("id:eee", "e"),
        ("id~ftjob", "a b c d"),
        ("fine_tuned_model~acme", "c"),
        ("ft:gpt-4.1-nano:acme", ""),
        ("step>412", "c"),
        ("step>=412", "a c"),
        ("step<412", ""),
        ("step<=412", "a"),
        ("step:600,412", "a c"),
        ("loss<0.8", "c"),
        ("loss:none", "b d e"),
        ("!loss<0.8", "a b d e"),
        ("tokens>1.1M", "c"),
        ("tokens<1_300_000", "c"),
        ("tokens>2000k", ""),
        ("age<2d", "a b"),
        ("age<=2d", "a b c"),
        ("age>1d12h", "c d"),
        ("age>1.5h", "c d"),
        ("!age<2d", "c d e"),
        ("status:live age<30m model~4o", "a"),
        ('"support-v3"', "a"),
        ('suffix:"support-v3","support-v4"', "a b"),
        ('model~"gpt 4"', ""),
        ("  mini   router ", "d"),
    ],
)
def test_filter_selects_the_expected_rows(text: str, expected: str) -> None:
    assert ids(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("ftjob-x7", "1"),  # the start
        ("91LK", "1"),  # the end
        ("..91lk", "1"),  # the end as lists show it
        ("…k", "1"),
        ("Qa91", "2"),  # the middle of an id matches nothing, a suffix matches anywhere
        ("1lk", ""),  # three characters
        ("work/ftjob-x", "2"),
        ("!91lk", "2"),
    ],
)
def test_plain_word_matches_start_and_end_of_an_id_from_four_characters(word: str, expected: str) -> None:
    rows = [
        JobRow("ftjob-x7Qa91Lk", suffix="1"),
        JobRow("work/ftjob-xx7Qa91Lm", suffix="2-Qa91-x", profile="work"),
    ]
    assert "".join(row.suffix[0] for row in select(rows, parse(word))) == expected


def test_plain_word_does_not_match_across_fields() -> None:
    assert ids("v3gpt") == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("los<1", "Did you mean loss?"),
        ("colour:red", "No field is called colour. The fields are status, name, model"),
        ("status:", "status: needs a value"),
        ("status:,", "status: needs a value"),
        ("loss<abc", "loss needs a number, not 'abc'"),
        ("loss<nan", "finite"),
        ("loss<1,2", "one value"),
        ("loss~1", "loss is a number"),
        ("model>3", "model is text"),
        ("age<2", "an age is a number with s, m, h, d, w or y"),
        ("age<²d", "an age is a number"),
        ("age<", "needs a value"),
        ("age:2d", "use age with < or >"),
        ("created>yesterday", "write a date as"),
        ("created>2026-02-31", "write a date as"),
        ("created>2026-13", "write a date as"),
        ("created>26", "write a date as"),
        ("!", "! needs a term"),
        (",", "the term is empty"),
        ('""', "the term is empty"),
        ('"mini', "missing closing"),
        (":x", "The name of a field is missing"),
    ],
)
def test_invalid_filter_gives_the_reason(text: str, words: str) -> None:
    with pytest.raises(QueryError, match=re.escape(words)):
        parse(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lr status:foo", "foo is no status. Try valid, queue, run, pause, done, fail, canc, waiting, live, final."),
        ("!status:failled", "failled is no status. Did you mean failed?"),
        ("status:run,runing", "runing is no status. Did you mean running?"),
        ("status:wai status:user_error status:canceled status:f status~foo model:foo", ""),
    ],
)
def test_word_that_is_no_status_is_named(text: str, sentence: str) -> None:
    assert unknown_status(text) == sentence


def at(*date: int) -> float:
    return time.mktime((*date, *[0] * (9 - len(date) - 1), -1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("created:2026-05-31", "b"),
        ("created:2026-05", "a b"),
        ("created:2026", "a b c"),
        ("created>2026-05-31", "c"),
        ("created>=2026-05-31", "c b"),
        ("created<2026-05-31", "a"),
        ("created<=2026-05-31", "b a"),
        ("created:2026-06,2026-05-30", "c a"),
    ],
)
def test_dates_are_in_local_time(text: str, expected: str) -> None:
    rows = [
        JobRow("a", created_at=at(2026, 5, 30, 23)),
        JobRow("b", created_at=at(2026, 5, 31, 12)),
        JobRow("c", created_at=at(2026, 6, 1)),
        JobRow("d"),
    ]
    assert {row.id for row in select(rows, parse(text))} == set(expected.split())


def test_statuses_and_query_both_filter() -> None:
    assert ids("mini", statuses=frozenset({Status.FAILED})) == "d"
    assert ids("", statuses=(Status.VALIDATING, Status.QUEUED)) == "b"
    assert ids("", statuses=()) == ""


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (NEWEST, "a b c d e"),
        (Sort("created", False), "d c b a e"),
        (Sort("age", False), "a b c d e"),
        (Sort("age", True), "d c b a e"),
        (Sort("loss", False), "c a b d e"),
        (Sort("loss", True), "a c b d e"),
        (Sort("suffix", False), "d a b c e"),
        (Sort("suffix", True), "c b a d e"),
        (Sort("status", False), "b a c d e"),
    ],
)
def test_sort_by_each_field(sort: Sort, expected: str) -> None:
    assert " ".join(row.id[-1] for row in select(ROWS, sort=sort)) == expected


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("loss", Sort("loss", False)),
        ("-loss", Sort("loss", True)),
        ("LOSS desc", Sort("loss", True)),
        ("loss asc", Sort("loss", False)),
        ("created", Sort("created", False)),
        ("tuned", Sort("fine_tuned_model", False)),
    ],
)
def test_order_ascends_unless_the_text_says_otherwise(text: str, sort: Sort) -> None:
    assert parse_sort(text) == sort


@pytest.mark.parametrize("text", ["weight", "loss down", ""])
def test_unclear_order_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parse_sort(text)


def run(id: str, best: float | None, noise: float = 0.01, metric: str = "valid_loss") -> JobRow:
    last = None if best is None else best + 1
    return JobRow(id, summary=Summary(metric if best is not None else "", last, 9, best, 5, 0.5, noise=noise))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([run("a", 1.83), run("b", 1.82), run("c", 1.7)], "c a b"),
        ([run("a", 1.83), run("b", 1.82, noise=0.0)], "b a"),
        ([run("a", 1.86), run("b", 1.835), run("c", 1.82)], "b c a"),
        ([run("a", None), run("b", 0.1, metric="train_loss"), run("c", 9.0)], "c b a"),
    ],
)
def test_best_losses_within_twice_the_noise_keep_their_order(rows: list[JobRow], expected: str) -> None:
    assert " ".join(row.id for row in select(rows, sort=Sort("best", False))) == expected


def test_jobs_with_validation_come_first_then_by_training_loss_in_both_directions() -> None:
    rows = [JobRow("a", loss=0.1), run("b", 2.0), JobRow("c"), run("d", 1.0), JobRow("e", loss=0.05)]
    assert [row.id for row in select(rows, sort=Sort("loss", False))] == ["d", "b", "e", "a", "c"]
    assert [row.id for row in select(rows, sort=Sort("loss", True))] == ["b", "d", "a", "e", "c"]


def test_alarms_are_sorted_by_importance_and_jobs_without_one_are_last() -> None:
    rows = [JobRow("a"), JobRow("b", alarms="plateau"), JobRow("c", alarms="diverging,overfitting")]
    assert [row.id for row in select(rows, sort=Sort("alarm", False))] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alarm:overfit", "b"),
        ("alarm:diverging", "b c"),
        ("alarm~over", "b"),
        ("alarm:any", "b c"),
        ("alarm:none", "a"),
        ("lr<1", "a"),
        ("lr:auto", "b"),
        ("batch:8", "a"),
        ("gap>2", "b"),
        ("gain>1.5", "b"),
        ("gain<2", ""),
        ("at:5", "b c"),
        ("name:c", "c"),
        ("cost:none", "a b c"),
    ],
)
def test_fields_of_a_run_are_compared(text: str, expected: str) -> None:
    failed = run("b", 2.0, metric="full_valid_loss")
    failed = failed._replace(summary=failed.summary._replace(base=4.0), status_text="failed")
    rows = [
        JobRow("a", rate="1e-05", batch="8"),
        failed._replace(alarms="diverging,overfitting", rate="auto"),
        run("c", 1.0)._replace(alarms="diverging"),
    ]
    assert " ".join(row.id for row in select(rows, parse(text))) == expected
    assert parse(text).fields


def test_sort_by_an_unknown_field_is_refused() -> None:
    assert sort_of("loss", reverse=True) == Sort("loss", True)
    with pytest.raises(QueryError, match="Did you mean loss"):
        sort_of("los")


rows_of_any_kind = st.lists(
    st.builds(
        JobRow,
        st.sampled_from([f"job-{n}" for n in range(30)]),
        st.sampled_from(["running", "succeeded", "odd", ""]),
        st.sampled_from(["", "m1", "M2"]),
        created_at=st.one_of(st.none(), st.integers(1, 5).map(float)),
        step=st.one_of(st.none(), st.integers(0, 3)),
        loss=st.one_of(st.none(), st.floats(-2, 2)),
        trained_tokens=st.one_of(st.none(), st.integers(0, 3)),
    ),
    unique_by=lambda row: row.id,
    max_size=12,
)


OLDEST = (("created", False), ("age", True))
"""Orders that reverse the list and its equal rows."""


@given(rows=rows_of_any_kind, field=st.sampled_from(FIELDS), reverse=st.booleans())
def test_sort_keeps_the_order_of_equal_rows(rows: list[JobRow], field: str, reverse: bool) -> None:
    ordered = select(rows, sort=Sort(field, reverse))
    assert sorted(ordered) == sorted(rows)
    if field in ("created", "age", "loss", "step"):
        name = {"age": "created_at", "created": "created_at", "loss": "judged_loss"}.get(field, field)
        values = [getattr(row, name) for row in ordered]
        assert None not in values[: len(values) - values.count(None)]
        given = rows[::-1] if (field, reverse) in OLDEST else rows
        for value in set(values):
            tied = [row for row in ordered if getattr(row, name) == value]
            assert tied == [row for row in given if getattr(row, name) == value]


@given(rows=rows_of_any_kind, term=st.sampled_from(["m", "status:live", "loss<0", "age<1d", "model~m", "step:none"]))
def test_negated_term_selects_the_other_rows(rows: list[JobRow], term: str) -> None:
    chosen, rest = select(rows, parse(term), now=2.0), select(rows, parse("!" + term), now=2.0)
    assert sorted(chosen + rest) == sorted(rows)
    assert not set(chosen) & set(rest)


alphabet = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from([*FIELDS, *':~<>=!," .', "1", "2d", "2026-05", "mini"]), max_size=8).map("".join),
)


@given(text=alphabet)
def test_any_text_parses_or_raises_query_error(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        assert str(error)  # noqa: PT017
        return
    assert set(select(ROWS, query, now=NOW)) <= set(ROWS)
