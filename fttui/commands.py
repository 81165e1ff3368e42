"""Table of the cockpit's commands. Bindings, footer, help and docs/keys.md are made from it."""

from collections.abc import Iterable

from fttui.lean_typing import NamedTuple


class Command(NamedTuple):
    """Command of the cockpit."""

    id: str
    """Stable name. Users write it in `[keys]` of config.toml to change the keys."""
    keys: str
    """Textual key names, separated by commas."""
    shown: str
    """The keys as shown to the user."""
    title: str
    """Effect, as an imperative."""
    group: str
    """Key of `GROUPS`."""
    shell_command: str = ""
    """Shell command with the same effect."""


GROUPS = {
    "jobs": "Jobs",
    "find": "Find and sort",
    "panes": "Panes",
    "move": "Move",
    "view": "View",
    "curve": "Curve",
    "program": "Program",
}
"""Groups of commands by purpose, in the order of the help, with their titles."""

# fmt: off
COMMANDS: tuple[Command, ...] = (
    Command("move.down", "j,down", "j ↓", "move to the next line", "move"),
    Command("move.up", "k,up", "k ↑", "move to the previous line", "move"),
    Command("move.first", "g,home", "g home", "move to the first line", "move"),
    Command("move.last", "G,end", "G end", "move to the last line", "move"),
    Command("move.half_down", "ctrl+d", "ctrl+d", "move down half a page", "move"),
    Command("move.half_up", "ctrl+u", "ctrl+u", "move up half a page", "move"),
    Command("move.page_down", "pagedown", "pgdn", "move down a page", "move"),
    Command("move.page_up", "pageup", "pgup", "move up a page", "move"),
    Command("move.left", "h,left", "h ←", "scroll left", "move"),
    Command("move.right", "l,right", "l →", "scroll right", "move"),
    Command("pane.next", "tab", "tab", "go to the next pane", "panes"),
    Command("pane.previous", "shift+tab", "shift+tab", "go to the previous pane", "panes"),
    Command("tab.next", "right_square_bracket", "]", "show the next tab: curve, detail, log, checkpoints, files", "panes"),
    Command("tab.previous", "left_square_bracket", "[", "show the previous tab", "panes"),
    Command("open", "enter", "enter", "open: detail, then log, then wrapped lines", "panes"),
    Command("back", "escape", "esc", "go back: close prompt, pane or filter", "panes"),
    Command("filter.text", "slash", "/", "filter the list; search detail and log", "find", shell_command="jobs list --filter"),
    Command("search.next", "n", "n", "go to the next match", "find"),
    Command("search.previous", "N", "N", "go to the previous match", "find"),
    Command("filter.all", "0", "0", "show all jobs", "find"),
    Command("filter.running", "1", "1", "show running jobs only, stalled ones too", "find", shell_command="jobs list --status"),
    Command("filter.waiting", "2", "2", "show waiting jobs only (validating, queued)", "find"),
    Command("filter.succeeded", "3", "3", "show succeeded jobs only", "find"),
    Command("filter.failed", "4", "4", "show failed jobs only", "find"),
    Command("filter.cancelled", "5", "5", "show cancelled jobs only", "find"),
    Command("filter.paused", "6", "6", "show paused jobs only", "find"),
    Command("sort.next", "s", "s", "sort by the next column", "find", shell_command="jobs list --sort"),
    Command("sort.reverse", "S", "S", "reverse the order", "find"),
    Command("mark.toggle", "space", "space", "mark the job and move down", "jobs"),
    Command("mark.range", "v", "v", "start or end a range of marks", "jobs"),
    Command("mark.all", "asterisk", "*", "mark all jobs shown, or none", "jobs"),
    Command("undo", "u", "u", "undo the last change of the view", "view"),
    Command("job.create", "a", "a", "create a job", "jobs", shell_command="jobs create"),
    Command("job.clone", "A", "A", "create a job with the same settings", "jobs", shell_command="jobs clone"),
    Command("job.cancel", "c", "c", "cancel the job or the marked jobs (asks)", "jobs", shell_command="jobs cancel"),
    Command("job.pause", "P", "P", "pause or resume, if the provider can", "jobs", shell_command="jobs pause"),
    Command("job.delete", "D", "D", "delete the job, model, checkpoints or copy (asks)", "jobs", shell_command="jobs delete"),
    Command("jobs.compare", "C", "C", "compare the marked jobs (two to nine)", "jobs", shell_command="jobs compare"),
    Command("model.try", "p", "p", "try the model beside its base model; at a checkpoint, its answers in the training", "jobs", shell_command="models try"),
    Command("copy.id", "y", "y", "copy the id or the marked ids", "jobs"),
    Command("copy.more", "Y", "Y", "copy the model, file, JSON, curl or log", "jobs"),
    Command("job.link", "o", "o", "show and copy the job's web address", "jobs"),
    Command("export", "e", "e", "write the pane to a file; download a file", "jobs", shell_command="jobs metrics --csv"),
    Command("detail.raw", "J", "J", "show the job's JSON or its detail", "view", shell_command="jobs get --json"),
    Command("curve.open", "b", "b", "show the curve on the whole screen", "curve"),
    Command("curve.scale", "i", "i", "draw the curve on a linear or log axis", "curve"),
    Command("curve.range", "I", "I", "show the usual or the whole range of the curve", "curve"),
    Command("curve.smooth", "m", "m", "smooth the curve: auto, 0.6, 0.9, off", "curve"),
    Command("curve.next_metric", "full_stop", ".", "show the next metric", "curve"),
    Command("curve.previous_metric", "comma", ",", "show the previous metric", "curve"),
    Command("curve.axis", "X", "X", "draw the curve by step, epoch or time", "curve"),
    Command("log.follow", "f", "f", "follow the end of the log, or stop", "view"),
    Command("log.level", "L", "L", "set the lowest level: info, warn, error", "view", shell_command="jobs events --level"),
    Command("log.only", "ampersand", "&", "show matching lines only, or all", "view"),
    Command("log.wrap", "w", "w", "wrap or cut long lines", "view"),
    Command("log.metrics", "x", "x", "hide or show the rows of metrics", "view"),
    Command("time.mode", "t", "t", "show times as local, UTC or relative", "view"),
    Command("zoom", "z", "z", "show this pane only, or all panes", "panes"),
    Command("layout.smaller", "minus", "-", "make the list smaller", "panes"),
    Command("layout.larger", "plus", "+", "make the list larger", "panes"),
    Command("layout.reset", "equals_sign", "=", "reset the sizes", "panes"),
    Command("theme.next", "T", "T", "use the next theme", "view"),
    Command("refresh", "r", "r", "refresh now", "program"),
    Command("refresh.hold", "R", "R", "stop or resume automatic refresh", "program"),
    Command("errors", "exclamation_mark", "!", "show past errors", "program"),
    Command("profile", "at", "@", "switch to a different profile", "program", shell_command="profile list"),
    Command("suspend", "ctrl+z", "ctrl+z", "suspend (fg resumes)", "program"),
    Command("redraw", "ctrl+l", "ctrl+l", "redraw the screen", "program"),
    Command("command", "colon", ":", "run a command by name", "program"),
    Command("help", "question_mark,f1,ctrl+p", "? f1 ctrl+p", "show all commands; enter runs one", "program"),
    Command("quit", "q", "q", "close the top window or quit (jobs continue)", "program"),
)
# fmt: on

BY_ID = {command.id: command for command in COMMANDS}


class Family(NamedTuple):
    """Commands that share a row of the help."""

    ids: tuple[str, ...]
    title: str = ""
    """Effect of all of them, in the order of `ids`."""
    labels: tuple[str, ...] = ()
    """Names of the commands, shown after the key of each, instead of a title."""
    short_labels: tuple[str, ...] = ()
    """The labels for a narrow row."""


FAMILIES = (
    Family(("move.down", "move.up"), "next, previous line"),
    Family(("move.first", "move.last"), "first, last line"),
    Family(("move.half_down", "move.half_up"), "half a page down, up"),
    Family(("move.page_down", "move.page_up"), "a page down, up"),
    Family(("move.left", "move.right"), "scroll left, right"),
    Family(("pane.next", "pane.previous"), "next, previous pane"),
    Family(("tab.next", "tab.previous"), "next, previous tab: curve, detail, log, checkpoints, files"),
    Family(("search.next", "search.previous"), "next, previous match"),
    Family(
        tuple(f"filter.{name}" for name in ("all", "running", "waiting", "succeeded", "failed", "cancelled", "paused")),
        labels=("all", "running", "waiting", "done", "failed", "cancelled", "paused"),
        short_labels=("all", "run", "wait", "done", "fail", "canc", "pause"),
    ),
    Family(("sort.next", "sort.reverse"), "sort by the next column, reverse"),
    Family(("mark.toggle", "mark.range", "mark.all"), "mark one, a range, all"),
    Family(("layout.smaller", "layout.larger", "layout.reset"), "list smaller, larger, as usual"),
    Family(("curve.next_metric", "curve.previous_metric"), "next, previous metric"),
    Family(("copy.id", "copy.more"), "copy the id, or something else"),
)

HERE: dict[str, tuple[str, ...]] = {
    "jobs": (
        *("job.create", "job.clone", "job.cancel", "job.pause", "job.delete", "jobs.compare", "curve.open"),
        "model.try",
        *("mark.toggle", "mark.range", "mark.all", "sort.next", "sort.reverse"),
        *("copy.id", "copy.more", "job.link", "export"),
    ),
    "curve": (
        *("curve.scale", "curve.range", "curve.smooth", "curve.next_metric", "curve.previous_metric", "curve.axis"),
        *("curve.open", "export"),
    ),
    "detail": (
        "model.try",
        "detail.raw",
        "filter.text",
        "search.next",
        "search.previous",
        "copy.id",
        "copy.more",
        "export",
    ),
    "log": (
        *("log.follow", "log.level", "log.wrap", "log.metrics", "filter.text", "search.next", "search.previous"),
        *("log.only", "time.mode", "export"),
    ),
    "checkpoints": ("model.try", "copy.id", "job.delete", "sort.next", "export", "open"),
    "files": ("export", "job.delete", "copy.id", "mark.toggle", "mark.all"),
    "chart": (
        *("move.left", "move.right", "search.next", "search.previous", "mark.range", "move.down", "move.up"),
        *("curve.scale", "curve.range", "curve.smooth", "curve.next_metric", "curve.previous_metric", "curve.axis"),
        *("model.try", "copy.id", "export", "open"),
    ),
    "samples": (
        *("search.next", "search.previous", "tab.next", "tab.previous", "move.down", "move.up"),
        *("model.try", "log.metrics", "copy.id"),
    ),
    "compare": (
        *("move.down", "move.up", "mark.toggle", "open", "move.left", "move.right", "search.next", "search.previous"),
        *("mark.range", "zoom", "curve.scale", "curve.range", "curve.smooth"),
        *("curve.next_metric", "curve.previous_metric", "curve.axis", "model.try", "export"),
    ),
    "try": (
        *("search.next", "search.previous", "move.first", "move.last", "filter.text", "open"),
        *("job.clone", "job.create", "pane.next", "tab.next", "tab.previous", "job.cancel", "command", "refresh"),
        *("copy.id", "copy.more", "export", "log.metrics", "zoom", "move.down", "move.up"),
    ),
}
"""Commands that the help of each pane shows first, in this order."""

TITLES_HERE: dict[str, dict[str, str]] = {
    "samples": {
        "search.next": "next, previous step of the training",
        "tab.next": "next, previous prompt",
        "move.down": "scroll",
        "model.try": "try the model of this step",
        "log.metrics": "show or hide the expected answer",
        "copy.id": "copy the answer",
    },
    "chart": {
        "move.left": "move the cross-hair by a point",
        "search.next": "cross-hair to the next, previous checkpoint",
        "mark.range": "start a range of steps, then show it; esc leaves it",
        "move.down": "show the next, previous job of the list",
        "copy.id": "copy the model of the checkpoint at the cross-hair",
        "export": "write the metrics as CSV, or the curve as SVG",
        "open": "show the job",
    },
    "compare": {
        "move.down": "bring the next, previous run to the front",
        "mark.toggle": "hide or show the run",
        "open": "show the job of the run",
        "move.left": "move the cross-hair by a point",
        "search.next": "cross-hair to the next, previous checkpoint",
        "mark.range": "start a range of steps, then show it; esc leaves it",
        "zoom": "show the chart only, or the table too",
        "export": "write the comparison as CSV, JSON or SVG",
        "model.try": "try the models of two runs, or of the run under the cursor",
    },
    "try": {
        "search.next": "next, previous prompt",
        "move.first": "first, last prompt",
        "filter.text": "go to the next prompt with a text",
        "open": "ask, or ask again",
        "job.clone": "edit this prompt",
        "job.create": "write a prompt of your own",
        "pane.next": "go to the other answer",
        "tab.next": "next, previous model for this answer: base, tuned, checkpoints",
        "job.cancel": "stop writing",
        "command": "change a setting: temperature, max-tokens, top-p, seed, system",
        "refresh": "try again after a refusal",
        "copy.id": "copy the answer; the prompt, both, JSON, curl or the shell command",
        "export": "write all answers so far as Markdown, JSONL or CSV",
        "log.metrics": "show or hide the expected answer",
        "zoom": "show one answer or both",
        "move.down": "scroll the answer",
    },
}
"""Effects of commands in a pane where they differ from the usual ones. Those of a family have one title together."""

FOOTERS: dict[str, tuple[tuple[str, str], ...]] = {
    "jobs": (
        ("job.create", "add"),
        ("job.cancel", "cancel"),
        ("curve.open", "curve"),
        ("jobs.compare", "compare"),
        ("filter.text", "filter"),
        ("filter.running", "status"),
        ("refresh", "refresh"),
        ("pane.next", "pane"),
        ("open", "open"),
    ),
    "curve": (
        ("curve.open", "big curve"),
        ("curve.scale", "log axis"),
        ("curve.smooth", "smooth"),
        ("curve.next_metric", "metric"),
        ("curve.range", "range"),
        ("curve.axis", "x axis"),
        ("tab.next", "tab"),
        ("zoom", "zoom"),
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
        ("log.metrics", "metrics"),
        ("pane.next", "pane"),
        ("export", "write"),
    ),
    "samples": (
        ("search.next", "step"),
        ("tab.next", "prompt"),
        ("model.try", "try"),
        ("log.metrics", "expected"),
        ("copy.id", "copy"),
        ("back", "close"),
    ),
    "checkpoints": (
        ("model.try", "try"),
        ("copy.id", "copy name"),
        ("job.delete", "delete model"),
        ("export", "export"),
        ("sort.next", "sort"),
        ("tab.next", "tab"),
        ("zoom", "zoom"),
    ),
    "files": (
        ("export", "download"),
        ("job.delete", "delete"),
        ("copy.id", "copy id"),
        ("mark.toggle", "mark"),
        ("pane.next", "pane"),
    ),
    "chart": (
        ("move.left", "cross-hair"),
        ("search.next", "checkpoint"),
        ("curve.scale", "log axis"),
        ("curve.smooth", "smooth"),
        ("curve.next_metric", "metric"),
        ("move.down", "job"),
        ("mark.range", "range"),
        ("export", "write"),
    ),
    "compare": (
        ("move.down", "run"),
        ("move.left", "cross-hair"),
        ("mark.toggle", "hide"),
        ("curve.scale", "log axis"),
        ("curve.axis", "x axis"),
        ("curve.next_metric", "metric"),
        ("open", "open"),
        ("export", "write"),
    ),
    "try": (
        ("search.next", "next prompt"),
        ("job.clone", "edit"),
        ("job.create", "own prompt"),
        ("tab.next", "model"),
        ("job.cancel", "stop"),
        ("copy.id", "copy"),
        ("command", "set"),
        ("open", "ask"),
        ("zoom", "zoom"),
        ("export", "write"),
    ),
}
"""Commands in the footer of each pane with their labels, most useful first."""
ALWAYS = (("help", "help"), ("quit", "quit"))
"""Commands at the end of every footer."""

_RANGES = {"filter.running": "1-6", "move.left": "← →", "move.down": "j k"}
"""Keys that the footer shows for a command and those that belong to it: `1-6` for the filters by status."""


def footer_entries(commands: Iterable[Command] = COMMANDS, pane: str = "jobs") -> list[tuple[Command, str, str]]:
    """Return (command, key, label) for each entry of the footer. If a command has several keys, it shows the first."""
    by_id = {command.id: command for command in commands}
    found = []
    for id, word in (*FOOTERS[pane], *ALWAYS):
        command = by_id[id]
        usual = _RANGES.get(id) if command == BY_ID[id] else None
        found.append((command, usual or command.shown.split()[0], word))
    return found


def sections(pane: str, commands: Iterable[Command] = COMMANDS) -> list[tuple[str, list[Command]]]:
    """Return the sections of the help on a pane, as titles and commands: those of the pane, then the other groups."""
    by_id = {command.id: command for command in commands}
    here = [by_id.pop(id) for id in HERE[pane]]
    found = [(f"Here: {pane.capitalize()}", here)]
    found += [(title, [each for each in by_id.values() if each.group == key]) for key, title in GROUPS.items()]
    return [(title, members) for title, members in found if members]


def key_table() -> str:
    """Return the keys as a Markdown table, for docs/keys.md."""
    lines = ["| key | command | id |", "| --- | --- | --- |"]
    for key, title in GROUPS.items():
        lines.append(f"| **{title}** | | |")
        for command in COMMANDS:
            if command.group == key:
                keys = " ".join(f"`{key}`" for key in command.shown.split())
                lines.append(f"| {keys} | {command.title} | `{command.id}` |")
    return "\n".join(lines)
