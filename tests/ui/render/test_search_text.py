"""Search in the text of a pane."""

import pytest

from fttui.ui.render.search_text import contains, marked


@pytest.mark.parametrize(
    ("search", "text", "found"),
    [
        ("loss", "Train_Loss=1.5", True),
        ('"loss"', "train_loss=1.5", False),
        ('"loss"', "train_loss=1.5 LOSS=2", True),
        ('"step 3"', "step 30, step 3", True),
        ('"lo', 'a "loss"', True),
        ('""', 'a ""', True),
        ("", "text", False),
    ],
)
def test_search_ignores_case_and_quotes_mean_whole_words(search: str, text: str, found: bool) -> None:
    assert contains(text, search) is found
    assert any(role == "match" for _, role in marked([(text, "")], search)) is found


def test_every_occurrence_is_marked() -> None:
    assert list(marked([("a-a ab", "dim")], '"a"')) == [("a", "match"), ("-", "dim"), ("a", "match"), (" ab", "dim")]
