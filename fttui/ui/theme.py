"""Colours: two themes, and the roles that pieces of text play.

A role is a short name (`run`, `dim`, `error`) that pure builders put beside text; here it gets its look.
"""

from textual.theme import Theme

FTTUI_DARK = Theme(
    name="fttui-dark",
    dark=True,
    primary="#6cb6ff",
    secondary="#d2a8ff",
    accent="#56d4dd",
    foreground="#d7dde5",
    background="#0f1419",
    surface="#0f1419",
    panel="#1b222b",
    success="#8fd18f",
    warning="#e3b341",
    error="#ff7b72",
    variables={"line-cursor": "#24405e", "line-rule": "#46525f", "line-dim": "#8b98a5"},
)

ANSI_VARIABLES = {"line-cursor": "ansi_default", "line-rule": "ansi_default", "line-dim": "ansi_default"}
"""What the themes that use the terminal's own colours have in place of ours."""

ROLES = {
    "text": "color: $foreground;",
    "bold": "text-style: bold;",
    "dim": "color: $line-dim;",
    "head": "color: $line-dim; text-style: bold;",
    "rule": "color: $line-rule;",
    "title": "color: $accent; text-style: bold;",
    "key": "color: $accent; text-style: bold;",
    "off": "color: $line-rule; text-style: dim;",
    "wait": "color: $secondary;",
    "run": "color: $primary; text-style: bold;",
    "pause": "color: $warning;",
    "done": "color: $success;",
    "fail": "color: $error; text-style: bold;",
    "warn": "color: $warning; text-style: bold;",
    "error": "color: $error; text-style: bold reverse;",
    "ask": "color: $warning; text-style: bold;",
    "caret": "text-style: reverse;",
    "match": "color: $warning; text-style: bold underline;",
}


def role_css() -> str:
    """The style rules of all roles. Without colours a role still differs where it must: by weight or reverse."""
    rules = [f".role--{name} {{ {look} }}" for name, look in ROLES.items()]
    rules.append(".role--cursor { background: $line-cursor; }")
    # In the terminal's own colours weight and reverse say what shades say elsewhere.
    rules.append("Screen:ansi .role--cursor { text-style: reverse; }")
    rules.append("Screen:ansi .role--dim, Screen:ansi .role--rule { text-style: dim; }")
    rules.append("Screen:ansi .role--head { text-style: dim bold; }")
    return "\n".join(rules)


COMPONENTS = {f"role--{name}" for name in (*ROLES, "cursor")}
