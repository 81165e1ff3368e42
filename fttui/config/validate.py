"""Faults of the content of a configuration file. Standard library only.

The structure comes from `schema`; the rules below relate several settings to each other. Messages do not repeat wrong
values, since one may be a key.
"""

import os
from collections.abc import Callable, Iterator

from fttui.config.choose import check_name
from fttui.config.errors import ConfigError
from fttui.config.faults import Fault, Place
from fttui.config.schema import (
    BUILT_IN_MODEL,
    RAY_SETTINGS,
    BuiltInTrainer,
    Engine,
    Local,
    Profile,
    ProfilesFile,
    Settings,
    Table,
    Trainer,
)
from fttui.config.validators import command, did_you_mean, is_variable_name, split_command, variable
from fttui.lean_typing import Any
from fttui.text import is_name

KEY_SOURCES = ("api_key_env", "api_key_command", "api_key_keyring")
SECRET_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "proxy-authorization", "cookie"})
SECRET_ENDS = ("TOKEN", "KEY", "SECRET", "PASSWORD")
"""Ends of the names of variables whose values are not taken in plain text."""
_SLURM_OPTION = r"--?[A-Za-z]"
_RAY_OPTION = r"(num_cpus|num_gpus|memory|resources\.[^=]+|label_selector\.[^=]+)=."
_NO_KEYS = f"Keys are not stored in files. Name the key's source with {KEY_SOURCES[0]} or {KEY_SOURCES[1]}."


def faults(table: type[Table], content: Any, place: Place = ()) -> Iterator[Fault]:
    """Yield the faults of a table of settings, in the order of the file.

    Args:
        place: path of the table in the file.
    """
    if not isinstance(content, dict):
        yield Fault(place, "must be a table")
        return
    settings = table.settings()
    for name, value in content.items():
        inner = (*place, name)
        setting = settings.get(name)
        if setting is None:
            yield Fault(inner, _unknown(name, list(settings), table))
        elif reason := setting.kind.fault(value):
            yield Fault(inner, reason)
        elif setting.table is not None and setting.by_name:
            for key, child in value.items():
                yield from faults(setting.own_tables.get(key, setting.table), child, (*inner, key))
        elif setting.table is not None:
            yield from faults(setting.table, value, inner)
    for name, setting in settings.items():
        if setting.required and not content.get(name):
            yield Fault((*place, name), f"missing. It is the {setting.help}")
    if rule := _RULES.get(table):
        yield from rule(content, place)


def _unknown(name: str, names: list[str], table: type[Table]) -> str:
    if name == "api_key":
        return f"unknown setting. {_NO_KEYS}"
    if table is BuiltInTrainer and name in Trainer.settings():
        return "this trainer is in the box. Give a trainer of your own another name"
    return f"unknown setting. {did_you_mean(name, names) or 'Known: ' + ', '.join(names)}"


def _is_model(id: str) -> bool:
    return is_name(id, "._/-", 100)


def _profile_names(content: dict[str, Any], place: Place) -> Iterator[Fault]:
    for name in _items(content.get("profiles")):
        try:
            check_name(name)
        except ConfigError as error:
            yield Fault(("profiles", name), str(error), "profiles")


def _settings(content: dict[str, Any], place: Place) -> Iterator[Fault]:
    if "title" in _listed(content.get("notify")) and content.get("title") is False:
        yield Fault(("notify",), "'title' needs title = true")
    if isinstance(table := content.get("keys"), dict):
        from fttui.config import key_bindings

        yield from key_bindings.faults(("keys",), table)
    yield from _profile_names(content, place)


def _profile(content: dict[str, Any], place: Place) -> Iterator[Fault]:
    label = ".".join((*place, "headers"))
    for name, value in _items(content.get("headers")).items():
        if name.lower() in SECRET_HEADERS:
            yield Fault((*place, "headers", name), f"{name} is not allowed. {_NO_KEYS}", label)
        elif isinstance(value, str) and not (name.isascii() and value.isascii() and (name + value).isprintable()):
            yield Fault((*place, "headers", name), "must be printable ASCII", label)
    if sum(bool(content.get(name)) for name in KEY_SOURCES) > 1:
        yield Fault(place, f"more than one source of the key. Keep one of {', '.join(KEY_SOURCES)}")


def _local(content: dict[str, Any], place: Place) -> Iterator[Fault]:
    offered: dict[str, str] = {}
    for model in _listed(content.get("models")):
        if not isinstance(model, str):
            continue
        id = os.path.basename(model.rstrip("/")) if model.startswith(("/", "~")) else model
        if not _is_model(id):
            yield Fault((*place, "models"), "must be absolute paths, or ids of the hub such as Qwen/Qwen3-0.6B")
        elif id in offered:
            yield Fault((*place, "models"), f"two models have the id {id}. Rename a directory")
        offered[id] = "models"
    engines = _items(content.get("engines"))
    yield from _engine_names(engines, place)
    for name, trainer in _items(content.get("trainers")).items():
        for model in _listed(_items(trainer).get("models")):
            if isinstance(model, str) and offered.setdefault(model, name) != name:
                yield Fault((*place, "trainers"), f"both {offered[model]} and {name} offer {model}")
        engine = _items(trainer).get("engine")
        if isinstance(engine, str) and engine not in engines:
            advice = did_you_mean(engine, engines) or f"Add [local.engines.{engine}]"
            yield Fault((*place, "trainers", name, "engine"), f"there is no engine {engine}. {advice}")


def _engine_names(engines: dict[str, Any], place: Place) -> Iterator[Fault]:
    for name in engines:
        if not is_name(name, "._-", 32):
            yield Fault((*place, "engines", name), "names of engines consist of letters, digits, '.', '_' and '-'")


def _engine(content: dict[str, Any], place: Place) -> Iterator[Fault]:
    directory = content.get("directory")
    if isinstance(directory, str) and not directory.startswith(("/", "~/")):
        yield Fault((*place, "directory"), "must be an absolute path or begin with ~/")
    is_ray = content.get("kind") == "ray"
    if isinstance(directory, str) and "%" in directory and not is_ray:
        yield Fault((*place, "directory"), "must not contain %, which Slurm replaces in names of files")
    form, example = (_RAY_OPTION, "num_gpus=1") if is_ray else (_SLURM_OPTION, "--time=8:00:00")
    import re

    for option in _listed(content.get("options")):
        if isinstance(option, str) and not re.match(form, option):
            engine = "Ray" if is_ray else "sbatch"
            yield Fault((*place, "options"), f'must be options of {engine} with their values, such as "{example}"')
    if is_ray:
        yield from _ray(content, place)
        return
    for name in RAY_SETTINGS:
        if name in content:
            yield Fault((*place, name), 'is a setting of an engine with kind = "ray"')


def _ray(content: dict[str, Any], place: Place) -> Iterator[Fault]:
    address = content.get("address")
    if not address:
        yield Fault((*place, "address"), "missing. It is the address of the dashboard, such as http://head:8265")
    elif isinstance(address, str) and "@" in address:
        yield Fault((*place, "address"), "must be a URL without user and password. Name the token with token_env")
    environment = _items(content.get("runtime_env"))
    if not _is_json(environment):
        yield Fault((*place, "runtime_env"), "must be text, numbers, lists and tables")
    variables = environment.get("env_vars", {})
    if not isinstance(variables, dict):
        yield Fault((*place, "runtime_env", "env_vars"), "must be a table of variables")
    for name, value in _items(variables).items():
        at = (*place, "runtime_env", "env_vars", name)
        if not isinstance(value, str):
            yield Fault(at, "must be text in quotes")
        elif name.upper().endswith(SECRET_ENDS):
            yield Fault(at, "a key in plain text is refused. Name its source in env of the trainer")


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    if isinstance(value, list):
        return all(map(_is_json, value))
    return isinstance(value, str | bool | int | float)


def _trainer(content: dict[str, Any], place: Place) -> Iterator[Fault]:
    command = content.get("command")
    try:
        words = split_command(command) if isinstance(command, str | list) else []
    except (ValueError, TypeError) as error:
        yield Fault((*place, "command"), f"cannot be split into words: {error}")
    else:
        if command and not (words and words[0]):
            yield Fault((*place, "command"), "names no program")
        elif words and "/" in words[0] and not os.path.isabs(words[0]):
            yield Fault((*place, "command"), "must be an absolute path, begin with ~/ or be found on PATH")
    for model in _listed(content.get("models")):
        if model == BUILT_IN_MODEL:
            yield Fault((*place, "models"), f"{model} is the model of the built-in trainer")
        elif isinstance(model, str) and not _is_model(model):
            yield Fault((*place, "models"), "names of models consist of letters, digits, '.', '_', '-' and '/'")
    yield from _environment(content, place)


def _environment(content: dict[str, Any], place: Place) -> Iterator[Fault]:
    """Yield the faults of the environment of a trainer. Values are never repeated."""
    for name, value in _items(content.get("env")).items():
        at = (*place, "env", name)
        if not is_variable_name(name):
            yield Fault(at, "names of variables consist of letters, digits and '_'")
        elif isinstance(value, str):
            if name.upper().endswith(SECRET_ENDS):
                yield Fault(at, 'a key in plain text is refused. Use { env = "NAME" } or { command = "…" }')
            elif "\0" in value:
                yield Fault(at, "has a NUL character")
        elif not isinstance(value, dict) or len(value) != 1 or not value.keys() <= {"env", "command"}:
            yield Fault(at, 'must be text, { env = "NAME" } or { command = "…" }')
        elif "env" in value and (reason := variable.fault(value["env"])):
            yield Fault(at, f"env {reason}")
        elif "command" in value and (reason := _command_fault(value["command"])):
            yield Fault(at, f"command {reason}")


def _command_fault(value: Any) -> str:
    if reason := command.fault(value):
        return reason
    try:
        words = split_command(value)
    except ValueError as error:
        return f"cannot be split into words: {error}"
    return "" if words and words[0] else "names no program"


_RULES: dict[type[Table], Callable[[dict[str, Any], Place], Iterator[Fault]]] = {
    Settings: _settings,
    ProfilesFile: _profile_names,
    Profile: _profile,
    Local: _local,
    Trainer: _trainer,
    Engine: _engine,
    BuiltInTrainer: _environment,
}


def _items(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
