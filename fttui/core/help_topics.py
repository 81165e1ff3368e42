"""Help topics: Markdown files in `topics/`, which `fttui help` prints and the cockpit shows.

A topic is its title, paragraphs and two-column tables. `{{name}}` is replaced by text from the tables of the program.
Standard library only, apart from the tables.
"""

import os
import re
from collections.abc import Callable, Iterable

from fttui.text import wrap

WIDTH = 78
"""Cells of a line, unless the caller has fewer."""
NARROW_TABLE = 26
"""Most cells of the first column of a table."""


def title(topic: str) -> str:
    """Return the title of a topic."""
    return _blocks(topic)[0].removeprefix("# ")


def text(topic: str, generate: Callable[[str], str] | None = None, *, cells: int = WIDTH) -> str:
    """Return a topic as plain text, without its title.

    Args:
        generate: returns the text for a placeholder that `generated` does not know.
        cells: width of the lines.
    """
    replace = _Replace(generate, cells)
    return "\n\n".join(_rendered(block, replace, cells) for block in _blocks(topic)[1:])


def rows(topic: str) -> list[tuple[str, str]]:
    """Return the rows of the tables in a topic."""
    return [row for block in _blocks(topic) if block.startswith("|") for row in _rows(block)]


def table(rows: Iterable[tuple[object, str]], *, cells: int = WIDTH) -> str:
    """Return two aligned columns. A long second cell continues on the next lines."""
    pairs = [(str(name), meaning) for name, meaning in rows]
    width = min(NARROW_TABLE, max(len(name) for name, _ in pairs))
    lines = []
    for name, meaning in pairs:
        first, *more = wrap(meaning, cells - width - 4)
        if len(name) <= width:
            lines.append(f"  {name:<{width}}  {first}")
        else:
            lines += [f"  {line}" for line in wrap(name, cells - 2)] + [" " * (width + 4) + first]
        lines += [" " * (width + 4) + line for line in more]
    return "\n".join(lines)


class _Replace:
    """Replacement of placeholders, for one width."""

    def __init__(self, generate: Callable[[str], str] | None, cells: int) -> None:
        self._generate = generate
        self._cells = cells

    def __call__(self, name: str) -> str:
        match name:
            case "fields":
                from fttui.store.filter_fields import FILTER_FIELDS

                rows = ((field.name, f"{field.help}: {field.example}") for field in FILTER_FIELDS)
                return table(rows, cells=self._cells)
            case "states":
                from fttui.store.filter_fields import STATES

                return ", ".join(STATES)
            case "rules":
                return _rules(self._cells)
        assert self._generate is not None, name
        return self._generate(name)


def _blocks(topic: str) -> list[str]:
    path = os.path.join(os.path.dirname(__file__), "topics", f"{topic}.md")
    with open(path, encoding="utf-8") as file:
        return file.read().strip().split("\n\n")


def _rows(block: str) -> list[tuple[str, str]]:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]
    return [(name, meaning) for name, meaning in cells]


def _rendered(block: str, replace: Callable[[str], str], cells: int) -> str:
    if block.startswith("|"):
        return table(_rows(block), cells=cells)
    if whole := re.fullmatch(r"\{\{(\w+)\}\}", block):
        return replace(whole[1])
    return "\n".join(wrap(re.sub(r"\{\{(\w+)\}\}", lambda name: replace(name[1]), block), cells))


def _rules(cells: int) -> str:
    from fttui.data.rules import LEVELS, RULES, Rule

    def other_levels(rule: Rule) -> str:
        levels = "; ".join(f"{level or 'nothing'} at {provider}" for provider, level in rule.others.items())
        return f" ({levels})" if levels else ""

    parts = []
    for level in LEVELS:
        found = [
            (rule.code, f"{rule.problem}: {rule.remedy}{' (fix)' if rule.is_fixable else ''}{other_levels(rule)}")
            for rule in RULES
            if rule.level == level
        ]
        parts.append(f"{level}\n{table(found, cells=cells)}")
    return "\n\n".join(parts)
