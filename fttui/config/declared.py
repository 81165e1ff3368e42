"""Every setting once: its name, what it may be, its default and its meaning. Standard library only.

The check of `config.toml`, the file that `config init` writes and `config show` are made from it; tests compare it
with the models of `settings.py` and with the README.
"""

from typing import Any, NamedTuple

from fttui.config import kinds
from fttui.config.choice import PROVIDERS
from fttui.config.interval import INTERVAL_FLOOR
from fttui.config.kinds import Kind

THEMES = (
    *("fttui-dark", "textual-dark", "textual-light", "nord", "gruvbox", "dracula", "tokyo-night", "monokai"),
    *("flexoki", "catppuccin-mocha", "catppuccin-latte", "catppuccin-frappe", "catppuccin-macchiato"),
    *("solarized-light", "solarized-dark", "rose-pine", "rose-pine-moon", "rose-pine-dawn"),
    *("atom-one-dark", "atom-one-light", "ansi-dark", "ansi-light"),
)
"""Names of themes; the cockpit knows them only when Textual is there, which is after the first frame."""

NOTES = ("bell", "osc9", "osc777", "title", "off")
GLYPHS = ("auto", "unicode", "ascii")
LINKS = ("fast", "slow")


class Setting(NamedTuple):
    """One thing that a person may set."""

    name: str
    kind: Kind
    default: Any
    """None where something else decides."""
    meaning: str
    """One line for a person."""
    example: str = ""
    """A value as TOML, for the file to start with; the default where there is none."""


# fmt: off
SHARED = (
    Setting("interval", kinds.at_least(INTERVAL_FLOOR, "seconds"), None, "seconds between two polls while a job is live, at least 2", "4"),  # noqa: E501
    Setting("read_only", kinds.flag, False, "refuse everything that changes something at the provider"),
    Setting("link", kinds.one_of(*LINKS), None, "or slow: the terminal's own colours; also in a profile", '"fast"'),
)
"""What stands at the top, and in a profile for that profile alone."""

COCKPIT = (
    Setting("theme", kinds.one_of(*THEMES), None, "T walks through the themes", '"nord"'),
    Setting("notify", kinds.some_of(*NOTES, alone="off"), ["bell"], "or osc9, osc777, title, off, or a list: how the end of a job you created or watch is told", '"bell"'),  # noqa: E501
    Setting("notify_command", kinds.words, [], "run as well, once a job, with FTTUI_JOB_ID, FTTUI_JOB_STATUS and so on", '["notify-send", "fttui"]'),  # noqa: E501
    Setting("title", kinds.flag, True, "the terminal's title counts jobs by state: `fttui ▸2 ✓14`"),
    Setting("glyphs", kinds.one_of(*GLYPHS), "auto", "or unicode, ascii"),
    Setting("mouse", kinds.flag, True, "false leaves the mouse to the terminal"),
)
"""The cockpit's own."""
# fmt: on

PROFILE = (
    *SHARED,
    Setting("provider", kinds.one_of(*PROVIDERS), None, "its dialect; guessed from the host when not given"),
    Setting("base_url", kinds.text, None, "where /fine_tuning/jobs hangs; OpenAI's own when not given"),
    Setting("api_key_env", kinds.text, None, "the name of the variable that holds the key"),
    Setting("api_key_command", kinds.command, None, "a program whose first line of output is the key"),
    Setting("api_key_keyring", kinds.text, None, "service/user in the system's keyring"),
    Setting("auth", kinds.one_of("bearer", "api-key"), None, "how the key is sent, if not in the provider's own way"),
    Setting("organization", kinds.text, None, "sent with every request"),
    Setting("project", kinds.text, None, "sent with every request"),
    Setting("api_version", kinds.text, None, "Azure's dated API; not given for /openai/v1"),
    Setting("headers", kinds.texts, {}, "more headers of every request; no keys"),
    Setting("query", kinds.texts, {}, "more query parameters of every request"),
    Setting("create", kinds.table, {}, "more members of the body that creates a job"),
    Setting("ca_file", kinds.text, None, "a PEM file with the authorities to trust"),
    Setting("verify_tls", kinds.flag, True, "false trusts anybody who answers"),
)

TRAINER = (
    Setting("command", kinds.command, None, "what to run in the job's directory"),
    Setting("models", kinds.words, None, "the base models it offers"),
    Setting("methods", kinds.many_of("supervised", "dpo"), ["supervised"], "the methods it does"),
    Setting("hang_after", kinds.above_zero, 900.0, "seconds without a line of progress after which it is ended"),
    Setting("log_limit_mb", kinds.whole, 16, "megabytes of log beyond which it is ended"),
)

# fmt: off
LOCAL = (
    Setting("max_running", kinds.whole, 1, "jobs that train at a time; the others wait their turn"),
    Setting("plain_results", kinds.flag, False, "true: result files are plain CSV, not base64 as the hosted service sends them"),  # noqa: E501
    Setting("empty_error", kinds.flag, False, "true: a job without an error has {} there, as the hosted service sends it"),  # noqa: E501
    Setting("trainers", kinds.table, {}, "programs that train, by name"),
)
# fmt: on

TOP = (
    Setting("profile", kinds.text, None, "the profile to use when no flag and no FTTUI_PROFILE names one", '"work"'),
    *COCKPIT,
    *SHARED,
    Setting("keys", kinds.table, {}, "other keys, by the id of the command"),
    Setting("profiles", kinds.table, {}, "services, by name"),
    Setting("local", kinds.table, {}, "the embedded service"),
)
"""The whole of `config.toml`."""

OWN = (
    Setting("use", kinds.text, None, "the profile in use"),
    Setting("profiles", kinds.table, {}, "services, by name"),
)
"""The whole of `profiles.toml`, which the program writes."""
