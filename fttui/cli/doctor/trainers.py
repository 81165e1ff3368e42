"""Checks of the embedded service's trainers: devices, versions, hub, and the environment of the running service."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fttui.cli.doctor.machine import GOOD, NOTE, WARN, Check
from fttui.text import clean_line

if TYPE_CHECKING:
    from fttui.server.control import TrainerFacts

_RESTART = (
    "Its trainers use its own. Stop it (fttui serve --stop): the next command starts it with this environment. "
    "Or set env below [local.trainers.NAME] in config.toml."
)


def trainer_checks(settings: Mapping[str, Any], *, offline: bool) -> list[Check]:
    """Ask the trainers that describe themselves."""
    from fttui.server import control

    return [_trainer(facts) for facts in control.trainer_facts(settings, devices=not offline)]


def _trainer(facts: "TrainerFacts") -> Check:
    name = f"trainer {facts.name}"
    if facts.trouble:
        return Check(name, WARN, facts.trouble)
    parts = [", ".join(facts.devices), ", ".join(facts.versions)]
    if facts.reaches_hub is not None:
        parts.append("the hub answers" if facts.reaches_hub else "the hub does not answer")
    if facts.has_token is not None:
        parts.append("token found" if facts.has_token else "no token")
    text = "; ".join(part for part in parts if part) or "describes itself"
    if facts.reaches_hub is False:
        hint = "Models in the cache and in directories can be trained; others cannot be downloaded."
        return Check(name, NOTE, text, hint)
    if facts.has_token is False:
        return Check(name, GOOD, text, "Gated models need a token: hf auth login, or HF_TOKEN.")
    return Check(name, GOOD, text)


def environment_check(service: Mapping[str, Any]) -> list[Check]:
    """Compare the environment of the running service with that of this shell.

    Args:
        service: the variables of the service, as `control.status` returns them.
    """
    from fttui.server.control import compared_variables

    here = compared_variables(os.environ)
    differing = [name for name in sorted({*service, *here}) if service.get(name) != here.get(name)]
    if not differing:
        return []
    words = [f"{name}: {_words(service.get(name))} there, {_words(here.get(name))} here" for name in differing]
    return [Check("environment", WARN, f"the running service has another environment: {'; '.join(words)}", _RESTART)]


def _words(value: object) -> str:
    if value is True:
        return "set"
    return clean_line(value)[:100] if isinstance(value, str) else "not set"
