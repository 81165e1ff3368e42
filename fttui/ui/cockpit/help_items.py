"""Content of the help: commands by section, words of the command line, topics, and the search in them. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from fttui.commands import BY_ID, FAMILIES, GROUPS, TITLES_HERE, Command, sections
from fttui.core import help_topics
from fttui.text import nearest, pad, width, wrap
from fttui.ui.cockpit.command_line import WORDS
from fttui.ui.cockpit.help_commands import TOPIC_PREFIX
from fttui.ui.render.rows import Line

TOPICS = ("filter", "data", "sweeps")
"""Help topics that matter in the cockpit."""
AFTER_COLON = "Commands after :"

KEY_CELLS = 13
WORD_CELLS = 20
"""Cells of a word of the command line with its argument."""
RIGHT_CELLS = 21
"""Cells of an id, or of the section while a search is shown."""
WIDE = 110
"""Fewest columns in which the shell command is shown."""
SHELL_CELLS = 32
LARGEST_TITLE = 66

Refusal = Callable[[Command], str]
"""Returns the reason why a command cannot run now; empty when it can."""


class HelpItem(NamedTuple):
    """Row of the help."""

    key: str
    """Id of a command, `:` and a word of the command line, or `topic ` and its name."""
    section: str
    keys: str
    title: str
    id: str = ""
    shell_command: str = ""
    refusal: str = ""
    """Reason why the command cannot run now."""
    search_text: str = ""


def browsed(commands: Sequence[Command], pane: str, refusal: Refusal) -> list[HelpItem]:
    """Return the items of the help on a pane. Families of commands share an item."""
    found: list[HelpItem] = []
    here = TITLES_HERE.get(pane, {})
    for title, members in sections(pane, commands):
        ids = [command.id for command in members]
        by_id = {command.id: command for command in members}
        families = {id: family for family in FAMILIES if set(family.ids) <= by_id.keys() for id in family.ids}
        for id in ids:
            if id not in families:
                found.append(_command_item(by_id[id], title, refusal))
            elif families[id].ids[0] == id:
                found.append(_family_item([by_id[each] for each in families[id].ids], title, refusal))
    found = [item._replace(title=here.get(item.key, item.title)) for item in found]
    return [*found, *_words(), *_topics()]


def searched(commands: Iterable[Command], refusal: Refusal) -> list[HelpItem]:
    """Return an item for each command, word and topic. A search finds each on its own."""
    return [*(_command_item(each, GROUPS[each.group], refusal) for each in commands), *_words(), *_topics()]


def matches(items: Iterable[HelpItem], text: str) -> list[HelpItem]:
    """Return the items that contain every word of a text: first those whose key or name it is."""
    words = text.lower().split()
    phrase = " ".join(words)

    def rank(item: HelpItem) -> int:
        if text.strip() in item.keys.split():
            return 0
        names = re.split(r"[ .:]", f"{item.key} {item.title}".lower())
        is_name = bool(words) and any(name.startswith(words[0]) for name in names)
        return 1 if is_name and phrase in item.search_text else 2 if is_name else 3

    return sorted((item for item in items if all(word in item.search_text for word in words)), key=rank)


def no_match(items: Iterable[HelpItem], text: str) -> str:
    """Return the message for a search without a match, with the nearest word of the help."""
    words = dict.fromkeys(word for item in items for word in re.findall(r"[a-z]{3,}", item.search_text))
    near = nearest(text, words)
    return f'Nothing matches "{text}".' + (f" Did you mean {near}?" if near else "")


def item_lines(item: HelpItem, cells: int, *, shows_section: bool = False) -> list[Line]:
    """Build the lines of an item. Titles are wrapped, never cut."""
    key_cells = WORD_CELLS if item.section == AFTER_COLON and not shows_section else KEY_CELLS
    right = item.section if shows_section else item.id
    right_cells = RIGHT_CELLS + 1 if cells >= 60 and (shows_section or item.id) else 0
    shell_cells = SHELL_CELLS if cells >= WIDE and item.id else 0
    room = max(10, min(LARGEST_TITLE, cells - key_cells - 3 - right_cells - shell_cells))
    keys, titles = wrap(item.keys, key_cells), [line.replace("\xa0", " ") for line in wrap(item.title, room)]
    key_role, title_role = ("off", "dim") if item.refusal else ("key", "")
    shell = f" fttui {item.shell_command}" if item.shell_command and cells >= WIDE else ""
    lines: list[Line] = []
    for index in range(max(len(keys), len(titles))):
        key = keys[index] if index < len(keys) else ""
        title = titles[index] if index < len(titles) else ""
        line = [(f" {pad(key, key_cells)} ", key_role), (pad(title, room), title_role)]
        if right_cells and index == 0:
            line += [(f" {pad(right, RIGHT_CELLS)}", "dim"), (shell, "dim")]
        lines.append(line)
    return lines


def _command_item(command: Command, section: str, refusal: Refusal) -> HelpItem:
    reason = refusal(command)
    title = f"{command.id.rpartition('.')[2]}: {reason}" if reason else command.title
    text = f"{command.shown} {command.title} {command.id} {command.shell_command}"
    return HelpItem(command.id, section, command.shown, title, command.id, command.shell_command, reason, text.lower())


def _family_item(members: Sequence[Command], section: str, refusal: Refusal) -> HelpItem:
    first = members[0]
    family = next(each for each in FAMILIES if each.ids[0] == first.id)
    keys, title = " ".join(command.shown for command in members), family.title
    if family.labels:
        named = [f"{each.shown}\xa0{label}" for each, label in zip(members, family.labels, strict=True)]
        keys, title = first.shown, "  ".join([family.labels[0], *named[1:]])
    reasons = {refusal(command) for command in members}
    reason = reasons.pop() if len(reasons) == 1 else ""
    if reason:
        title = f"{title}: {reason}"
    return HelpItem(first.id, section, keys, title, f"{first.id} …", first.shell_command, reason)


def _words() -> list[HelpItem]:
    found = []
    for word, takes in WORDS.items():
        argument, _, does = takes.rpartition(": ")
        keys = f":{word} {argument}".strip()
        if width(keys) > WORD_CELLS:
            keys, does = f":{word}", takes
        found.append(HelpItem(f":{word}", AFTER_COLON, keys, does, search_text=f":{word} {takes}".lower()))
    return found


def _topics() -> list[HelpItem]:
    return [
        HelpItem(
            TOPIC_PREFIX + name,
            "Topics",
            name,
            help_topics.title(name),
            search_text=f"{name} {help_topics.title(name)} topics fttui help {name}".lower(),
        )
        for name in TOPICS
    ]


def page_of(
    key: str, commands: Iterable[Command], refusal: Refusal, config_file: str
) -> tuple[str, list[tuple[str, str]]]:
    """Return the title of an item's page, and its rows as names and texts."""
    if key.startswith(":"):
        argument, _, does = WORDS[key[1:]].rpartition(": ")
        rows = [("line", f"{key} {argument}".strip()), ("does", does)]
        if key[1:] in BY_ID:
            rows.append(("alone", f"{key} without an argument: {BY_ID[key[1:]].title}"))
        return key, rows
    members = next((family.ids for family in FAMILIES if key in family.ids), (key,))
    rows = []
    for command in (command for command in commands if command.id in members):
        rows += [("key", command.shown), ("does", command.title), ("id", command.id)]
        if reason := refusal(command):
            rows.append(("now", f"cannot run: {reason}"))
        if command.shell_command:
            rows.append(("shell", f"fttui {command.shell_command}"))
        rows.append(("", ""))
    example = BY_ID[key].keys.split(",")[0]
    rows += [("rebind", f"in {config_file}:"), ("", "[keys]"), ("", f'"{key}" = "{example}"')]
    return BY_ID[key].title, rows
