"""Names of jobs: matching, messages about unclear names, and suffixes that name a job."""

import pytest

from fttui.core.job_names import UnclearName, completions, matching, only_match, with_unique_suffix
from fttui.models.row import JobRow

NOW = 1_800_000_000.0
ROWS = [
    JobRow("ftjob-aaaaaaaaaaaax7Qa91Lk", "running", suffix="lr-1", created_at=NOW - 540),
    JobRow("ftjob-bbbbbbbbbbbbx7Qa91Lk", "succeeded", suffix="lr-1", created_at=NOW - 2 * 86400, gone=True),
    JobRow("ftjob-cccccccccccc8zkkbwKd", "failed", suffix="support-v4"),
    JobRow("1234", suffix="99991234"),
    JobRow("99991234"),
    JobRow("lr-2", suffix="ftjob-cccccccccccc8zkkbwKd"),
]
MERGED = [
    JobRow("work/ftjob-aaaaaaaaaaaax7Qa91Lk", suffix="lr-1", profile="work"),
    JobRow("local/ftjob-dddddddddddd5W0a3zQk", suffix="lr-1", profile="local"),
    JobRow("local/ftjob-eeeeeeeeeeeeZt51fw0c", suffix="work/lr-1", profile="local"),
]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("support-v4", [2]),
        ("lr-1", [0, 1]),
        ("Lr-1", []),
        ("support", []),
        ("8zkkbwKd", [2]),
        ("..kKd", []),
        ("..wKd", [2]),
        ("wKd", []),  # without dots, four characters
        ("…8zkkbwKd", [2]),
        ("x7Qa91Lk", [0, 1]),
        ("ftjob-cccccccccccc8zkkbwKd", [2]),  # an id, also when it is the suffix of another job
        ("1234", [3]),
        ("99991234", [4]),
        ("..1234", [3, 4]),
        ("lr-2", [5]),
        ("cccccccccccc8zkkbwKd", [2]),  # the id without its prefix
        ("ccccccccccc8zkkbwKd", []),
        ("..", []),
        ("", []),
    ],
)
def test_name_matches_its_jobs(name: str, numbers: list[int]) -> None:
    assert matching(ROWS, name) == [ROWS[number] for number in numbers]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("lr-1", [0, 1]),
        ("local/lr-1", [1]),
        ("local/..5W0a3zQk", [1]),
        ("5W0a3zQk", [1]),
        ("ftjob-aaaaaaaaaaaax7Qa91Lk", [0]),
        ("work/ftjob-aaaaaaaaaaaax7Qa91Lk", [0]),
        ("work/lr-1", [0, 2]),
    ],
)
def test_name_in_a_view_of_several_profiles_may_follow_a_profile(name: str, numbers: list[int]) -> None:
    assert matching(MERGED, name) == [MERGED[number] for number in numbers]


def test_ambiguous_suffix_lists_ids_ages_and_statuses() -> None:
    with pytest.raises(UnclearName) as raised:
        only_match(ROWS, "lr-1", NOW)
    assert str(raised.value) == (
        "2 jobs have the suffix lr-1: ftjob-aaaaaaaaaaaax7Qa91Lk (running, 9m old), "
        "ftjob-bbbbbbbbbbbbx7Qa91Lk (succeeded, 2d old, gone)\n"
        "Give the id of one of them"
    )


def test_message_about_many_jobs_names_the_first_ones_and_their_number() -> None:
    rows = [JobRow(f"ftjob-{number:012}", suffix="same") for number in range(20)]
    with pytest.raises(UnclearName, match=r"^20 jobs have the suffix same: .* and 12 more\n") as raised:
        only_match(rows, "same", NOW)
    assert str(raised.value).count("ftjob-") == 8
    assert str(raised.value).endswith("or its end: ..00000000")


def test_suffix_of_several_jobs_and_suffix_that_is_an_id_are_not_offered() -> None:
    assert [row.suffix for row in with_unique_suffix(ROWS)] == ["support-v4"]
    assert completions(ROWS) == ["support-v4", *(row.id for row in ROWS)]
