"""The configuration files, read strictly, before anything is drawn. Standard library only.

Every face refuses a bad file in the same words: `config.toml: KEY is not a setting; did you mean ...?`
"""

import os
import re
from collections.abc import Iterator
from typing import Any

from fttui.config import validators
from fttui.config.choose import check_name
from fttui.config.errors import ConfigError
from fttui.config.paths import config_file, profiles_file
from fttui.config.schema import LOCAL, OWN, PROFILE, TOP, TRAINER, Setting
from fttui.config.toml_file import read_toml
from fttui.text import clean_line

SECRET_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "proxy-authorization", "cookie"})
BUILT_IN = "fttui-tiny-1"
"""The model of the trainer in the box."""
_MODEL = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}"


def person() -> dict[str, Any]:
    """The person's `config.toml`; empty when there is none.

    Raises:
        ConfigError: it cannot be read, or holds what is no setting.
    """
    return _read(config_file(), TOP)


def own() -> dict[str, Any]:
    """The program's `profiles.toml`; empty when there is none.

    Raises:
        ConfigError: it cannot be read, or holds what is no setting.
    """
    return _read(profiles_file(), OWN)


def both() -> dict[str, Any]:
    """The person's file; the program's is checked as well.

    Raises:
        ConfigError: one of them cannot be read, or holds what is no setting.
    """
    content = person()
    own()
    return content


def _read(path: str, settings: tuple[Setting, ...]) -> dict[str, Any]:
    content = read_toml(path)
    found = list(faults(content, settings))
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise ConfigError(f"{os.path.basename(path)}: {clean_line(found[0])}{more}\nThe file is {path}")
    return content


def faults(content: dict[str, Any], settings: tuple[Setting, ...] = TOP) -> Iterator[str]:
    """What is wrong in a file, each in words; values are not named, since one may be a key."""
    yield from _table("", content, settings)
    if "title" in _listed(content.get("notify")) and content.get("title") is False:
        yield "notify has title, and title is false"
    if isinstance(table := content.get("keys"), dict):
        from fttui.config import keys

        yield from keys.faults("keys", table)
    for name, table in _tables(content.get("profiles")):
        try:
            check_name(name)
        except ConfigError as error:
            yield f"profiles: {error}"
        yield from profile(f"profiles.{name}", table)
    if isinstance(table := content.get("local"), dict):
        yield from _local(table)


def profile(where: str, table: Any) -> Iterator[str]:
    """What is wrong with one service; `where` is what it is called."""
    if not isinstance(table, dict):
        yield f"{where} must be a table"
        return
    yield from _table(f"{where}.", table, PROFILE)
    headers = table.get("headers")
    for name, value in headers.items() if isinstance(headers, dict) else ():
        if name.lower() in SECRET_HEADERS:
            yield f"{where}.headers must not hold {name}: name the key with api_key_env or api_key_command"
        elif isinstance(value, str) and not (name.isascii() and value.isascii() and (name + value).isprintable()):
            yield f"{where}.headers must be plain ASCII"
    if sum(bool(table.get(name)) for name in ("api_key_env", "api_key_command", "api_key_keyring")) > 1:
        yield f"{where} names its key more than once: keep one of api_key_env, api_key_command, api_key_keyring"


def _local(local: dict[str, Any]) -> Iterator[str]:
    yield from _table("local.", local, LOCAL)
    offered: dict[str, str] = {}
    for name, trainer in _tables(local.get("trainers")):
        where = f"local.trainers.{name}"
        if not isinstance(trainer, dict):
            yield f"{where} must be a table"
            continue
        yield from _table(f"{where}.", trainer, TRAINER)
        yield from _runnable(where, trainer.get("command"))
        models = _listed(trainer.get("models"))
        if not models:
            yield f"{where}.models is missing: name the base models it offers"
        for model in models:
            if not isinstance(model, str):
                continue
            if not re.fullmatch(_MODEL, model):
                yield f"{where}.models must be made of letters, digits, '.', '_', '-' and '/'"
            elif model == BUILT_IN:
                yield f"{where}.models must not hold {BUILT_IN}, which the built-in trainer offers"
            elif offered.setdefault(model, name) != name:
                yield f"local.trainers offer {model} twice ({offered[model]} and {name})"


def _runnable(where: str, command: Any) -> Iterator[str]:
    try:
        words = command_words(command) if isinstance(command, str | list) else []
    except (ValueError, TypeError) as error:
        yield f"{where}.command cannot be read: {error}"
        return
    if not words or not words[0]:
        yield f"{where}.command is missing: name the program to run"
    elif "/" in words[0] and not os.path.isabs(words[0]):
        yield f"{where} has a command with a relative path; write the whole one, or begin it with ~/"


def command_words(command: str | list[str]) -> list[str]:
    """The words of a command, `~` expanded.

    Raises:
        ValueError: a quote is not closed.
    """
    if isinstance(command, str):
        import shlex  # late: few people have one, and the first frame must not pay for it

        command = shlex.split(command)
    return [os.path.expanduser(word) for word in command]


def _table(path: str, content: dict[str, Any], settings: tuple[Setting, ...]) -> Iterator[str]:
    named = {setting.name: setting for setting in settings}
    for name, value in content.items():
        if name in named:
            yield from named[name].kind(path + name, value)
        elif name == "api_key":
            yield (
                f"{path}{name} is not a setting: keys are not written into files; name the key's place with "
                "api_key_env or api_key_command"
            )
        else:
            near = validators.nearest(name, named) or f"; there are {', '.join(named)}"
            yield f"{path}{name} is not a setting{near}"


def _tables(value: Any) -> Any:
    return value.items() if isinstance(value, dict) else ()


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
