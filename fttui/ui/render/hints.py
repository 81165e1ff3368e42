"""Hint of a text input: what may be typed next, in one row. Pure."""

from fttui.lean_typing import NamedTuple
from fttui.text import fit, width
from fttui.ui.render.rows import Line


class Hint(NamedTuple):
    """Hint of one row. An error begins with `!`."""

    text: str
    """Cut at a word when space is short."""
    example: str = ""
    """Stays when space is short."""
    more: str = ""
    """Left out first."""
    is_error: bool = False


def hint_line(hint: Hint, cells: int) -> Line:
    """Build the row of a hint."""
    room = cells - 1
    text, more = f"! {hint.text}" if hint.is_error else hint.text, hint.more
    if width("  ".join(filter(None, (text, hint.example, more)))) > room:
        more = ""
    example = cut_at_word(hint.example, room)
    text = cut_at_word(text, room - (width(example) + 2 if example else 0))
    head = f" {text}"
    if example:
        head += "  " if text else ""
    return [(head, "fail" if hint.is_error else ""), (example, "key"), (f"  {more}" if more else "", "dim")]


def cut_at_word(text: str, cells: int) -> str:
    """Cut a text to at most `cells` cells without an ellipsis: between items, else clauses, else words."""
    if width(text) <= cells:
        return text
    head = fit(text, cells, ellipsis="")
    clause = max(head.rfind(", "), head.rfind("; "))
    if "  " not in head and clause > cells // 3:
        head = head[:clause]  # half of a clause says less than none
    elif text[len(head) : len(head) + 1] != " ":
        head = head.rpartition("  " if "  " in head else " ")[0] or head
    return head.rstrip(" ,·;:(")
