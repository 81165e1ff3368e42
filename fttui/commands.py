"""Every action of the cockpit once: bindings, footer, help, and docs/keys.md come from here."""

from collections.abc import Iterable
from typing import NamedTuple


class Command(NamedTuple):
    """One thing a key does. `id` is stable: people rebind by it."""

    id: str
    keys: str
    """Textual key names, separated by commas."""
    shown: str
    """The keys as people write them."""
    title: str
    """What it does, as an imperative."""
    group: str
    twin: str = ""
    """The shell command that does the same."""


# fmt: off
COMMANDS: tuple[Command, ...] = (
    Command("move.down", "j,down", "j ↓", "next line", "move"),
    Command("move.up", "k,up", "k ↑", "previous line", "move"),
    Command("move.first", "g,home", "g home", "first line", "move"),
    Command("move.last", "G,end", "G end", "last line", "move"),
    Command("move.half_down", "ctrl+d", "ctrl+d", "half a page down", "move"),
    Command("move.half_up", "ctrl+u", "ctrl+u", "half a page up", "move"),
    Command("move.page_down", "pagedown", "pgdn", "page down", "move"),
    Command("move.page_up", "pageup", "pgup", "page up", "move"),
    Command("move.left", "h,left", "h ←", "scroll to the left", "move"),
    Command("move.right", "l,right", "l →", "scroll to the right", "move"),
    Command("pane.next", "tab", "tab", "next pane", "panes"),
    Command("pane.previous", "shift+tab", "shift+tab", "previous pane", "panes"),
    Command("tab.next", "right_square_bracket", "]", "next tab: detail, log, files", "panes"),
    Command("tab.previous", "left_square_bracket", "[", "previous tab", "panes"),
    Command("open", "enter", "enter", "go in: detail, then log, then whole lines", "panes"),
    Command("back", "escape", "esc", "one level out: prompt, pane, filter", "panes"),
    Command("filter.text", "slash", "/", "narrow the list; search in detail and log", "filter", twin="jobs list --filter"),
    Command("search.next", "n", "n", "next match", "filter"),
    Command("search.previous", "N", "N", "previous match", "filter"),
    Command("filter.all", "0", "0", "show all jobs", "filter"),
    Command("filter.running", "1", "1", "only running jobs", "filter", twin="jobs list --status"),
    Command("filter.waiting", "2", "2", "only waiting jobs (validating, queued)", "filter"),
    Command("filter.succeeded", "3", "3", "only succeeded jobs", "filter"),
    Command("filter.failed", "4", "4", "only failed jobs", "filter"),
    Command("filter.cancelled", "5", "5", "only cancelled jobs", "filter"),
    Command("filter.paused", "6", "6", "only paused jobs", "filter"),
    Command("sort.next", "s", "s", "sort by the next column", "list", twin="jobs list --sort"),
    Command("sort.reverse", "S", "S", "reverse the order", "list"),
    Command("mark.toggle", "space", "space", "mark the job and step down", "list"),
    Command("mark.range", "v", "v", "start a range of marks, or end it", "list"),
    Command("mark.all", "asterisk", "*", "mark all that are shown, or none", "list"),
    Command("undo", "u", "u", "take back the last change of the view", "list"),
    Command("job.create", "a", "a", "add: create a job", "jobs", twin="jobs create"),
    Command("job.clone", "A", "A", "add one like this: its settings in the form", "jobs", twin="jobs clone"),
    Command("job.cancel", "c", "c", "cancel the job, or the marked ones (asks)", "jobs", twin="jobs cancel"),
    Command("job.pause", "P", "P", "pause or resume, where the provider can", "jobs", twin="jobs pause"),
    Command("job.delete", "D", "D", "delete: files, tuned models, kept jobs (asks)", "jobs", twin="files delete"),
    Command("copy.id", "y", "y", "copy the id, or the marked ones", "jobs"),
    Command("copy.more", "Y", "Y", "copy: model, file, JSON, curl, log", "jobs"),
    Command("job.link", "o", "o", "show the job's web address and copy it", "jobs"),
    Command("export", "e", "e", "write the pane to a file; download a file", "view", twin="jobs metrics --csv"),
    Command("detail.raw", "J", "J", "the job's JSON as it was sent, or its detail", "detail", twin="jobs get --json"),
    Command("log.follow", "f", "f", "follow the log's end, or stop following", "log"),
    Command("log.level", "L", "L", "least level shown: info, warn, error", "log", twin="jobs events --level"),
    Command("log.only", "ampersand", "&", "only matching lines, or all", "log"),
    Command("log.wrap", "w", "w", "wrap long lines, or cut them", "log"),
    Command("log.metrics", "x", "x", "show or hide the numbers of metrics events", "log"),
    Command("time.mode", "t", "t", "times: local, UTC, relative", "view"),
    Command("zoom", "z", "z", "only this pane, or all panes", "panes"),
    Command("layout.smaller", "minus", "-", "a smaller list", "panes"),
    Command("layout.larger", "plus", "+", "a larger list", "panes"),
    Command("layout.reset", "equals_sign", "=", "the usual sizes", "panes"),
    Command("theme.next", "T", "T", "the next theme", "view"),
    Command("refresh", "r", "r", "ask the provider now", "view"),
    Command("refresh.hold", "R", "R", "hold the automatic refresh, or go on", "view"),
    Command("errors", "exclamation_mark", "!", "what went wrong so far", "view"),
    Command("profile", "at", "@", "look at another service", "view", twin="profile list"),
    Command("suspend", "ctrl+z", "ctrl+z", "suspend; fg comes back", "view"),
    Command("redraw", "ctrl+l", "ctrl+l", "draw the screen again", "view"),
    Command("command", "colon", ":", "a command by name, with completion and history", "view"),
    Command("help", "question_mark,f1,ctrl+p", "? f1 ctrl+p", "all commands: type to find, enter does it", "view"),
    Command("quit", "q", "q", "close the top layer, or leave (jobs go on)", "view"),
)
# fmt: on

BY_ID = {command.id: command for command in COMMANDS}

FOOTERS: dict[str, tuple[tuple[str, str], ...]] = {
    "jobs": (
        ("job.create", "add"),
        ("job.cancel", "cancel"),
        ("filter.text", "filter"),
        ("filter.running", "status"),
        ("refresh", "refresh"),
        ("pane.next", "pane"),
        ("open", "open"),
    ),
    "detail": (
        ("filter.text", "search"),
        ("detail.raw", "JSON"),
        ("copy.more", "copy"),
        ("export", "write"),
        ("job.cancel", "cancel"),
        ("pane.next", "pane"),
        ("open", "log"),
    ),
    "log": (
        ("filter.text", "search"),
        ("log.follow", "follow"),
        ("log.level", "level"),
        ("open", "wrap"),
        ("log.metrics", "numbers"),
        ("pane.next", "pane"),
        ("export", "write"),
    ),
    "files": (
        ("export", "download"),
        ("job.delete", "delete"),
        ("copy.id", "copy id"),
        ("mark.toggle", "mark"),
        ("pane.next", "pane"),
    ),
}
"""What the footer offers in each pane, and the words it has for it, the most useful first."""
ALWAYS = (("help", "help"), ("quit", "quit"))
"""What it offers in all of them, at its end."""

# A family of keys is shown as one.
_FAMILIES = {"filter.running": "1-6"}


def footer_entries(commands: Iterable[Command] = COMMANDS, pane: str = "jobs") -> list[tuple[Command, str, str]]:
    """(command, key, word) in the order of the footer; of several keys the handier."""
    by_id = {command.id: command for command in commands}
    found = []
    for id, word in (*FOOTERS[pane], *ALWAYS):
        command = by_id[id]
        usual = _FAMILIES.get(id) if command == BY_ID[id] else None
        found.append((command, usual or command.shown.split()[0], word))
    return found


def key_table() -> str:
    """The keys as a Markdown table for docs/keys.md."""
    lines = ["| key | does | id |", "| --- | --- | --- |"]
    for command in COMMANDS:
        keys = " ".join(f"`{key}`" for key in command.shown.split())
        lines.append(f"| {keys} | {command.title} | `{command.id}` |")
    return "\n".join(lines)
