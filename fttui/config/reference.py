"""The settings as documentation: the tables of docs/settings.md, and a commented `config.toml`."""

from collections.abc import Collection
from json import dumps
from typing import Any

from fttui.config.schema import (
    RAY_SETTINGS,
    Alarms,
    BuiltInTrainer,
    Engine,
    Local,
    Profile,
    Setting,
    Settings,
    Shared,
    Table,
    Trainer,
)

WIDEST = 42
"""Greatest width of `name = value` in the generated file, before the comment."""

_EXAMPLES = """\
# [profiles.azure]
# provider = "azure"
# base_url = "https://RESOURCE.openai.azure.com"
# api_key_env = "AZURE_OPENAI_API_KEY"
# api_version = "2024-10-21"                      # without it: /openai/v1

# [profiles.lab]
# base_url = "http://gpu1:8000/v1"
"""


def settings_tables() -> str:
    """Return the settings as Markdown, one table for each table of `config.toml`."""
    return "\n\n".join(map(_markdown, (Settings, Profile, Local, Trainer, BuiltInTrainer, Engine, Alarms)))


def template() -> str:
    """Return a `config.toml` that explains every setting and sets none."""
    return "\n".join(
        (
            "# fttui reads this file and never changes it. Every setting is optional.",
            "",
            *_lines(Settings),
            "",
            "# Keys by command id; ? in the cockpit lists the ids.",
            "# [keys]",
            '# "job.cancel" = "f8"',
            "",
            "# A service. Keys of the API are never stored here: name one source of the key.",
            "# [profiles.work]",
            *_lines(Profile),
            "",
            _EXAMPLES,
            "# The embedded service.",
            "# [local]",
            *_lines(Local),
            "",
            "# A trainer of your own (fttui/server/trainers/README.md).",
            "# [local.trainers.lora]",
            *_lines(Trainer),
            "",
            "# A trainer in the box: hf or tiny.",
            "# [local.trainers.hf]",
            *_lines(BuiltInTrainer),
            "",
            "# An engine that runs trainers on other machines (docs/clusters.md).",
            "# [local.engines.lab]",
            *_lines(Engine, without=RAY_SETTINGS),
            "",
            "# A Ray cluster.",
            "# [local.engines.ray]",
            '# kind = "ray"',
            '# directory = "/shared/me/fttui"',
            '# options = ["num_gpus=1", "num_cpus=8"]',
            *_lines(Engine, without=[name for name in Engine.settings() if name not in RAY_SETTINGS]),
            "",
            "# Findings about jobs: docs/alarms.md.",
            "# [alarms]",
            *_lines(Alarms),
            "",
        )
    )


def is_plain(setting: Setting[Any]) -> bool:
    """Return whether the setting is one value rather than a table with settings or keys of its own."""
    return setting.table is None and setting is not Settings.keys


def example(setting: Setting[Any]) -> str:
    """Return an example of a value as TOML; the default if the declaration has no example."""
    return setting.example or dumps(setting.default, ensure_ascii=False)


def _lines(table: type[Table], *, without: Collection[str] = ()) -> list[str]:
    plain = [setting for name, setting in table.settings().items() if is_plain(setting) and name not in without]
    texts = [f"{setting.name} = {example(setting)}" for setting in plain]
    width = min(WIDEST, max(map(len, texts)))
    return [f"# {text:<{width}}  # {setting.help}" for text, setting in zip(texts, plain, strict=True)]


def _markdown(table: type[Table]) -> str:
    place = f"`{table.heading}`" if table.heading.startswith("[") else "Top of `config.toml`"
    lines = [f"{place}:", "", "| setting | value | default | meaning |", "| --- | --- | --- | --- |"]
    above = Shared.settings() if table is Profile else {}
    if above:
        names = ", ".join(f"`{name}`" for name in above)
        lines.append(f"| {names} | as at the top | as at the top | For this profile alone |")
    for name, setting in table.settings().items():
        if is_plain(setting) and name not in above:
            meaning = setting.help[0].upper() + setting.help[1:]
            lines.append(f"| `{name}` | {setting.kind.allowed} | {_default(setting)} | {meaning} |")
    return "\n".join(lines)


def _default(setting: Setting[Any]) -> str:
    if setting.required:
        return "required"
    if setting.default in (None, {}):
        return setting.otherwise or "none"
    return f"`{dumps(setting.default, ensure_ascii=False)}`"
