"""Findings of a check as rows."""

import json
from pathlib import Path

import pytest

from fttui.data.check import check_file
from fttui.data.report import Report
from fttui.text import width
from fttui.ui.create_form.check_pane import marked_line
from fttui.ui.create_form.finding_rows import FindingRows, finding_line, findings_words, header_line, member_width
from fttui.ui.render.glyphs import ASCII, UNICODE, Glyphs


def example(number: int, role: str = "user") -> str:
    return json.dumps({"messages": [{"role": role, "content": f"{number}?"}, {"role": "assistant", "content": "Yes."}]})


@pytest.fixture
def report(tmp_path: Path) -> Report:
    lines = [example(number, "human" if number % 2 else "user") for number in range(20)]
    lines += [lines[0], "{", example(99, "User")]
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return check_file(str(path), kept=1000)


def texts(rows: FindingRows, report: Report, cells: int = 80, glyphs: Glyphs = UNICODE) -> list[str]:
    member = member_width(rows.rows, cells)
    lines = [finding_line(row, cells, member, glyphs, report.path) for row in rows.rows]
    return ["".join(text for text, _ in line) for line in lines]


def test_groups_are_shown_with_errors_first(report: Report) -> None:
    rows = FindingRows(report)
    assert [" ".join(text.split()) for text in texts(rows, report)] == [
        "! error 2 …23 messages[0].role the role is unknown, 11 times e",
        "! error 22 the line is not JSON: Expecting prop… you",
        "~ warning 21 the example occurs earlier in the fi… e",
    ]
    assert findings_words(report) == "13 findings: 12 errors, 1 warning"


def test_open_group_has_a_row_for_every_finding(report: Report) -> None:
    rows = FindingRows(report)
    rows.toggle(rows.rows[0])
    opened = texts(rows, report)
    assert len(opened) == 3 + 11
    assert opened[1].split()[0] == "2"
    assert opened[1].rstrip().endswith("you"), "no repair knows which role is meant"
    assert opened[11].rstrip().endswith("e"), "a repair writes User as user"
    rows.toggle(rows.rows[3])
    assert len(rows.rows) == 3


def test_levels_are_hidden_one_after_the_other(report: Report) -> None:
    rows = FindingRows(report)
    rows.next_level()
    assert rows.hidden_words == ""
    rows.next_level()
    assert len(rows.rows) == 2
    assert rows.hidden_words == "1 hidden: warning and advice. L shows them."
    rows.next_level()
    assert len(rows.rows) == 3


def test_search_finds_single_findings(report: Report) -> None:
    rows = FindingRows(report)
    rows.search("role HUMAN")
    assert len(rows.rows) == 10
    rows.search("nothing like it")
    assert (rows.rows, rows.hidden_words) == ([], 'Nothing matches "nothing like it".')


def test_number_of_repaired_findings_is_exact(report: Report) -> None:
    assert FindingRows(report).repaired == "2 of 13 findings"


@pytest.mark.parametrize("cells", [56, 60, 80, 120])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_rows_have_the_width_of_the_screen(report: Report, cells: int, glyphs: Glyphs) -> None:
    rows = FindingRows(report)
    rows.toggle(rows.rows[0])
    header = header_line(cells, member_width(rows.rows, cells))
    assert {width(text) for text in texts(rows, report, cells, glyphs)} == {width(header[0][0])} == {cells - 1}


def test_marked_part_of_a_long_line_is_visible() -> None:
    text = "x" * 300 + "MARKED" + "y" * 300
    line, pointer = marked_line(text, 300, 306, 58, "column 301", UNICODE)
    assert ("MARKED", "match") in line
    assert width("".join(part for part, _ in line)) <= 59
    at = "".join(part for part, _ in line).index("MARKED")
    assert pointer[0][0].index("▴") == at
