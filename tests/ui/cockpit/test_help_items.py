"""Content of the help: sections, families, search and pages."""

import pytest

from fttui.commands import BY_ID, COMMANDS, FAMILIES, FOOTERS, GROUPS, HERE, Command
from fttui.ui.cockpit.command_line import WORDS
from fttui.ui.cockpit.help_items import HelpItem, browsed, item_lines, matches, no_match, page_of, searched
from fttui.ui.cockpit.layout import PANES
from fttui.ui.render.rows import line_width


def never(_: Command) -> str:
    return ""


CHARTS = ("chart", "compare", "samples")
"""Screens over the whole terminal with commands of their own."""


def members(item: HelpItem) -> tuple[str, ...]:
    """Return the ids of the commands in a row."""
    is_family = item.id.endswith("…")
    return next(family.ids for family in FAMILIES if family.ids[0] == item.key) if is_family else (item.key,)


def test_every_command_has_a_group() -> None:
    assert {command.group for command in COMMANDS} == set(GROUPS)
    assert {id for ids in HERE.values() for id in ids} | {
        id for family in FAMILIES for id in family.ids
    } <= BY_ID.keys()
    assert HERE.keys() == {*PANES, *CHARTS, "try"}
    assert FOOTERS.keys() == HERE.keys()


@pytest.mark.parametrize("pane", [*PANES, *CHARTS])
def test_help_of_a_pane_has_every_command_word_and_topic_once_in_the_order_of_the_groups(pane: str) -> None:
    items = browsed(COMMANDS, pane, never)
    ids = [id for item in items if item.id for id in members(item)]
    assert sorted(ids) == sorted(BY_ID)
    assert {f":{word}" for word in WORDS} | {"topic filter", "topic data"} <= {item.key for item in items}
    order = [f"Here: {pane.capitalize()}", *GROUPS.values(), "Commands after :", "Topics"]
    seen = list(dict.fromkeys(item.section for item in items))
    assert seen == [title for title in order if title in seen]


@pytest.mark.parametrize("cells", [60, 80, 120, 200])
@pytest.mark.parametrize("is_search", [False, True])
def test_lines_of_an_item_wrap_its_title_and_cut_nothing(cells: int, is_search: bool) -> None:
    for item in (*browsed(COMMANDS, "jobs", never), *searched(COMMANDS, never)):
        lines = item_lines(item, cells, shows_section=is_search)
        assert all(line_width(line) <= cells for line in lines)
        assert " ".join(" ".join(line[1][0] for line in lines).split()) == " ".join(item.title.split())
        assert "".join(line[0][0] for line in lines).split() == item.keys.split()
        assert (item.section if is_search else item.id) in "".join(text for text, _ in lines[0])


def test_keys_are_shown_as_bound() -> None:
    commands = tuple(each._replace(shown="f8") if each.id == "filter.all" else each for each in COMMANDS)
    family = next(item for item in browsed(commands, "jobs", never) if item.key == "filter.all")
    assert (family.keys, family.title.split("\xa0")[0]) == ("f8", "all  1")


def test_command_that_cannot_run_is_dim_and_says_why() -> None:
    items = browsed(COMMANDS, "jobs", lambda command: "already failed" if command.id == "job.cancel" else "")
    item = next(item for item in items if item.key == "job.cancel")
    assert item.title == "cancel: already failed"
    assert [role for _, role in item_lines(item, 80)[0]][:2] == ["off", "dim"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("s", "sort.next"),
        ("sort", "sort.next"),
        ("goto", ":goto"),
        ("jobs cancel", "job.cancel"),
        ("filter expressions", "topic filter"),
        ("only failed", "filter.failed"),
    ],
)
def test_search_finds_keys_titles_ids_words_and_shell_commands(text: str, first: str) -> None:
    assert matches(searched(COMMANDS, never), text)[0].key == first


def test_search_without_a_match_suggests_the_nearest_word() -> None:
    items = searched(COMMANDS, never)
    assert matches(items, "srot") == []
    assert no_match(items, "srot") == 'Nothing matches "srot". Did you mean sort?'
    assert no_match(items, "qqqqqq") == 'Nothing matches "qqqqqq".'


def test_page_of_a_command_tells_its_shell_command_and_how_to_rebind_it() -> None:
    title, rows = page_of("job.cancel", COMMANDS, lambda _: "already failed", "/x/config.toml")
    assert title == BY_ID["job.cancel"].title
    assert {("shell", "fttui jobs cancel"), ("now", "cannot run: already failed"), ("", '"job.cancel" = "c"')} <= set(
        rows
    )
    assert ("rebind", "in /x/config.toml:") in rows
    _, family = page_of("sort.next", COMMANDS, never, "")
    assert ("id", "sort.reverse") in family
    assert page_of(":profile", COMMANDS, never, "")[1][0] == ("line", ":profile NAME")
