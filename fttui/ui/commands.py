"""Every action of the cockpit once: bindings, footer, help, and the key table in the README come from here."""

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
    """What it does, as an imperative; the footer shows its first word, or `label`."""
    group: str
    action: str
    """The action of the main screen, with its arguments."""
    label: str = ""
    """The word in the footer."""
    footer: int = 0
    """Place in the footer, 1 first; 0 stays out of it."""
    twin: str = ""
    """The shell command that does the same."""


# fmt: off
COMMANDS: tuple[Command, ...] = (
    Command("move.down", "j,down", "j ↓", "next line", "move", "move(1)"),
    Command("move.up", "k,up", "k ↑", "previous line", "move", "move(-1)"),
    Command("move.first", "g,home", "g home", "first line", "move", "move_to('first')"),
    Command("move.last", "G,end", "G end", "last line", "move", "move_to('last')"),
    Command("move.half_down", "ctrl+d", "ctrl+d", "half a page down", "move", "page(0.5)"),
    Command("move.half_up", "ctrl+u", "ctrl+u", "half a page up", "move", "page(-0.5)"),
    Command("move.page_down", "pagedown", "pgdn", "page down", "move", "page(1.0)"),
    Command("move.page_up", "pageup", "pgup", "page up", "move", "page(-1.0)"),
    Command("move.left", "h,left", "h ←", "scroll to the left", "move", "sideways(-8)"),
    Command("move.right", "l,right", "l →", "scroll to the right", "move", "sideways(8)"),
    Command("pane.next", "tab", "tab", "next pane", "panes", "pane(1)", "pane", 6),
    Command("pane.previous", "shift+tab", "shift+tab", "previous pane", "panes", "pane(-1)"),
    Command("tab.next", "right_square_bracket", "]", "next tab: detail, log, files", "panes", "tab(1)"),
    Command("tab.previous", "left_square_bracket", "[", "previous tab", "panes", "tab(-1)"),
    Command("open", "enter", "enter", "go in: detail, then log, then whole lines", "panes", "open", "open", 7),
    Command("back", "escape", "esc", "one level out: prompt, pane, filter", "panes", "back"),
    Command("filter.text", "slash", "/", "narrow the list; search in detail and log", "filter", "slash", "filter", 3, twin="jobs list --filter"),  # noqa: E501
    Command("search.next", "n", "n", "next match", "filter", "match(1)"),
    Command("search.previous", "N", "N", "previous match", "filter", "match(-1)"),
    Command("filter.all", "0", "0", "show all jobs", "filter", "status(0)"),
    Command("filter.running", "1", "1", "only running jobs", "filter", "status(1)", "status", 4, twin="jobs list --status"),  # noqa: E501
    Command("filter.waiting", "2", "2", "only waiting jobs (validating, queued)", "filter", "status(2)"),
    Command("filter.succeeded", "3", "3", "only succeeded jobs", "filter", "status(3)"),
    Command("filter.failed", "4", "4", "only failed jobs", "filter", "status(4)"),
    Command("filter.cancelled", "5", "5", "only cancelled jobs", "filter", "status(5)"),
    Command("filter.paused", "6", "6", "only paused jobs", "filter", "status(6)"),
    Command("sort.next", "s", "s", "sort by the next column", "list", "sort", twin="jobs list --sort"),
    Command("sort.reverse", "S", "S", "reverse the order", "list", "reverse"),
    Command("mark.toggle", "space", "space", "mark the job and step down", "list", "mark"),
    Command("mark.range", "v", "v", "start a range of marks, or end it", "list", "range"),
    Command("mark.all", "asterisk", "*", "mark all that are shown, or none", "list", "mark_all"),
    Command("undo", "u", "u", "take back the last change of the view", "list", "undo"),
    Command("job.create", "a", "a", "add: create a job", "jobs", "create", "add", 1, twin="jobs create"),
    Command("job.clone", "A", "A", "add one like this: its settings in the form", "jobs", "clone", twin="jobs clone"),
    Command("job.cancel", "c", "c", "cancel the job, or the marked ones (asks)", "jobs", "cancel", "cancel", 2, twin="jobs cancel"),  # noqa: E501
    Command("job.pause", "P", "P", "pause or resume, where the provider can", "jobs", "pause", twin="jobs pause"),
    Command("job.delete", "D", "D", "delete files; a tuned model, an archived job (asks)", "jobs", "delete", twin="files delete"),  # noqa: E501
    Command("copy.id", "y", "y", "copy the id, or the marked ones", "jobs", "copy_id"),
    Command("copy.more", "Y", "Y", "copy: model, file, JSON, curl, log", "jobs", "copy_more"),
    Command("job.link", "o", "o", "show the job's web address and copy it", "jobs", "link"),
    Command("export", "e", "e", "write the pane to a file; download a file", "view", "export", twin="jobs metrics --csv"),  # noqa: E501
    Command("detail.raw", "J", "J", "the job's JSON as the provider sent it, or its detail", "detail", "raw", twin="jobs get --json"),  # noqa: E501
    Command("log.follow", "f", "f", "follow the log's end, or stop following", "log", "follow"),
    Command("log.level", "L", "L", "least level shown: info, warn, error", "log", "log_level", twin="jobs events --level"),  # noqa: E501
    Command("log.only", "ampersand", "&", "only matching lines, or all", "log", "log_only"),
    Command("log.wrap", "w", "w", "wrap long lines, or cut them", "log", "log_wrap"),
    Command("log.metrics", "x", "x", "unfold the numbers of metrics events, or fold them", "log", "log_metrics"),
    Command("time.mode", "t", "t", "times: local, UTC, relative", "view", "time_mode"),
    Command("zoom", "z", "z", "only this pane, or all panes", "panes", "zoom"),
    Command("layout.smaller", "minus", "-", "a smaller list", "panes", "split(-1)"),
    Command("layout.larger", "plus", "+", "a larger list", "panes", "split(1)"),
    Command("layout.reset", "equals_sign", "=", "the usual sizes", "panes", "split(0)"),
    Command("theme.next", "T", "T", "the next theme", "view", "theme"),
    Command("refresh", "r", "r", "ask the provider now", "view", "refresh_now", "refresh", 5),
    Command("refresh.hold", "R", "R", "hold the automatic refresh, or go on", "view", "hold"),
    Command("errors", "exclamation_mark", "!", "what went wrong so far", "view", "errors"),
    Command("profile", "at", "@", "look at another service", "view", "profile", twin="profile list"),
    Command("suspend", "ctrl+z", "ctrl+z", "suspend; fg comes back", "view", "suspend"),
    Command("redraw", "ctrl+l", "ctrl+l", "draw the screen again", "view", "redraw"),
    Command("command", "colon", ":", "a command by name, with completion and history", "view", "command"),
    Command("help", "question_mark,f1,ctrl+p", "? f1 ctrl+p", "all commands: type to find, enter does it", "view", "help", "help", 8),  # noqa: E501
    Command("quit", "q", "q", "close the top layer, or leave (jobs go on)", "view", "quit", "quit", 9),
)
# fmt: on

BY_ID = {command.id: command for command in COMMANDS}

# The footer shows a family as one entry, and the handier of several keys.
_FOOTER_KEYS = {"filter.running": "1-6"}


def footer_entries(commands: Iterable[Command] = COMMANDS) -> list[tuple[Command, str, str]]:
    """(command, keys, word) in the order of the footer."""
    chosen = sorted((command for command in commands if command.footer), key=lambda command: command.footer)
    return [
        (
            command,
            _FOOTER_KEYS.get(command.id, command.shown.split()[0]) if command in COMMANDS else command.shown.split()[0],
            command.label or command.title.split()[0],
        )
        for command in chosen
    ]


def key_table() -> str:
    """The keys as a Markdown table, as it stands in the README."""
    lines = ["| key | does | id |", "| --- | --- | --- |"]
    for command in COMMANDS:
        keys = " ".join(f"`{key}`" for key in command.shown.split())
        lines.append(f"| {keys} | {command.title} | `{command.id}` |")
    return "\n".join(lines)
