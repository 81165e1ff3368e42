"""Every setting once: its name, what it may be, its default and its meaning. Standard library only.

The check of `config.toml`, the file that `config init` writes and `config show` are made from it; tests compare it
with the models of `settings.py` and with the README.
"""

from typing import Any, NamedTuple

from fttui.config import validators
from fttui.config.choose import PROVIDERS
from fttui.config.interval import INTERVAL_FLOOR
from fttui.config.validators import Kind

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
    Setting("interval", validators.at_least(INTERVAL_FLOOR, "seconds"), None, "seconds between two polls while a job is live, at least 2", "4"),  # noqa: E501
    Setting("read_only", validators.flag, False, "refuse everything that changes something at the provider"),
    Setting(
        "link", validators.one_of(*LINKS), None, "or slow: the terminal's own colours; also in a profile", '"fast"'
    ),
)
"""What stands at the top, and in a profile for that profile alone."""

COCKPIT = (
    Setting("theme", validators.one_of(*THEMES), None, "T walks through the themes", '"nord"'),
    Setting("notify", validators.some_of(*NOTES, alone="off"), ["bell"], "or osc9, osc777, title, off, or a list: how the end of a job you created or watch is told", '"bell"'),  # noqa: E501
    Setting("notify_command", validators.words, [], "run as well, once a job, with FTTUI_JOB_ID, FTTUI_JOB_STATUS and so on", '["notify-send", "fttui"]'),  # noqa: E501
    Setting("title", validators.flag, True, "the terminal's title counts jobs by state: `fttui ▸2 ✓14`"),
    Setting("glyphs", validators.one_of(*GLYPHS), "auto", "or unicode, ascii"),
    Setting("mouse", validators.flag, True, "false leaves the mouse to the terminal"),
)
"""The cockpit's own."""
# fmt: on

PROFILE = (
    *SHARED,
    Setting("provider", validators.one_of(*PROVIDERS), None, "its dialect; guessed from the host when not given"),
    Setting("base_url", validators.text, None, "where /fine_tuning/jobs hangs; OpenAI's own when not given"),
    Setting("api_key_env", validators.text, None, "the name of the variable that holds the key"),
    Setting("api_key_command", validators.command, None, "a program whose first line of output is the key"),
    Setting("api_key_keyring", validators.text, None, "service/user in the system's keyring"),
    Setting(
        "auth", validators.one_of("bearer", "api-key"), None, "how the key is sent, if not in the provider's own way"
    ),
    Setting("organization", validators.text, None, "sent with every request"),
    Setting("project", validators.text, None, "sent with every request"),
    Setting("api_version", validators.text, None, "Azure's dated API; not given for /openai/v1"),
    Setting("headers", validators.texts, {}, "more headers of every request; no keys"),
    Setting("query", validators.texts, {}, "more query parameters of every request"),
    Setting("create", validators.table, {}, "more members of the body that creates a job"),
    Setting("ca_file", validators.text, None, "a PEM file with the authorities to trust"),
    Setting("verify_tls", validators.flag, True, "false trusts anybody who answers"),
)

TRAINER = (
    Setting("command", validators.command, None, "what to run in the job's directory"),
    Setting("models", validators.words, None, "the base models it offers"),
    Setting("methods", validators.many_of("supervised", "dpo"), ["supervised"], "the methods it does"),
    Setting("hang_after", validators.above_zero, 900.0, "seconds without a line of progress after which it is ended"),
    Setting("log_limit_mb", validators.whole, 16, "megabytes of log beyond which it is ended"),
)

# fmt: off
LOCAL = (
    Setting("max_running", validators.whole, 1, "jobs that train at a time; the others wait their turn"),
    Setting("plain_results", validators.flag, False, "true: result files are plain CSV, not base64 as the hosted service sends them"),  # noqa: E501
    Setting("empty_error", validators.flag, False, "true: a job without an error has {} there, as the hosted service sends it"),  # noqa: E501
    Setting("trainers", validators.table, {}, "programs that train, by name"),
)
# fmt: on

TOP = (
    Setting(
        "profile", validators.text, None, "the profile to use when no flag and no FTTUI_PROFILE names one", '"work"'
    ),
    *COCKPIT,
    *SHARED,
    Setting("keys", validators.table, {}, "other keys, by the id of the command"),
    Setting("profiles", validators.table, {}, "services, by name"),
    Setting("local", validators.table, {}, "the embedded service"),
)
"""The whole of `config.toml`."""

OWN = (
    Setting("use", validators.text, None, "the profile in use"),
    Setting("profiles", validators.table, {}, "services, by name"),
)
"""The whole of `profiles.toml`, which the program writes."""
