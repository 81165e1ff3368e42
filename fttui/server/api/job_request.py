"""Validation of requests to create a job."""

import os
from collections.abc import Callable
from typing import Any

from fttui.learning.alarms import stop_kinds
from fttui.models.auto_hyperparameters import AUTO
from fttui.models.hyperparameters import LOCAL_RANGES, MAX_SUFFIX, SEED
from fttui.models.labels import STOP_ON
from fttui.server.api.body_members import checked_unicode, object_member, text_member, whole, wrong_type
from fttui.server.api.errors import invalid, missing
from fttui.server.jobs.base_models import ChosenModel, NoModel
from fttui.server.storage.records import NewJob

_MEMBERS = frozenset(
    [
        "model",
        "training_file",
        "validation_file",
        "suffix",
        "seed",
        "method",
        "hyperparameters",
        "integrations",
        "metadata",
    ]
)
_METHODS = ("supervised", "dpo", "reinforcement")
_NAMES = {
    "supervised": ("n_epochs", "batch_size", "learning_rate_multiplier"),
    "dpo": ("n_epochs", "batch_size", "learning_rate_multiplier", "beta"),
}
MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE, LONGEST_SUFFIX = 16, 64, 512, MAX_SUFFIX
LARGEST_SEED = int(SEED.most)


def new_job(body: object, choose_model: Callable[[str], ChosenModel]) -> NewJob:
    """Return the job that a decoded body requests. The caller checks that its files exist.

    Args:
        choose_model: returns the model with this name. Raises `NoModel` for one that cannot be tuned.

    Raises:
        RequestError: 400 with the member and the reason.
    """
    if not isinstance(body, dict):
        raise invalid(None, "The body of the request is not a JSON object.", None)
    for name in body:
        if name not in _MEMBERS:
            raise invalid(name, f"Unknown parameter: '{name}'.", "unknown_parameter")
    model = text_member(body, "model", required=True)
    training_file = text_member(body, "training_file", required=True)
    validation_file = text_member(body, "validation_file")
    assert model is not None
    assert training_file is not None
    method, hyperparameters = _method(body)
    try:
        chosen = choose_model(model)
    except NoModel as error:
        raise invalid(None, str(error), "model_not_available") from None
    methods = chosen.trainer.methods
    if method not in methods:
        message = f"Model {model} cannot be fine-tuned with the method '{method}'; it supports {' and '.join(methods)}."
        raise invalid("method", message, "unsupported_method")
    if body.get("integrations"):
        raise invalid("integrations", "This service supports no integrations.", "unsupported_value")
    return NewJob(
        model=chosen.id,
        base=chosen.base,
        training_file=training_file,
        validation_file=validation_file,
        suffix=_suffix(body),
        seed=_seed(body),
        method=method,
        hyperparameters=hyperparameters,
        metadata=_metadata(body.get("metadata")),
        trainer=chosen.trainer.name,
        source=chosen.source,
    )


def _suffix(body: dict[str, Any]) -> str | None:
    suffix = text_member(body, "suffix")
    if suffix is not None and not 1 <= len(suffix) <= LONGEST_SUFFIX:
        message = f"Invalid 'suffix': its length must be 1 to {LONGEST_SUFFIX} characters, not {len(suffix)}."
        raise invalid("suffix", message)
    return suffix


def _seed(body: dict[str, Any]) -> int:
    seed = body.get("seed")
    if seed is None:
        return int.from_bytes(os.urandom(4), "big") & LARGEST_SEED
    number = whole(seed, "seed")
    if not 0 <= number <= LARGEST_SEED:
        raise invalid("seed", f"Invalid 'seed': {number} is not within 0 to {LARGEST_SEED}.")
    return number


def _metadata(value: object) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong_type("metadata", "an object", value)
    if len(value) > MOST_PAIRS:
        raise invalid("metadata", f"Invalid 'metadata': {len(value)} pairs exceed the limit of {MOST_PAIRS}.")
    for key, text in value.items():
        checked_unicode(key, "metadata")
        if not 1 <= len(key) <= LONGEST_KEY:
            raise invalid("metadata", f"Invalid 'metadata': a key must have 1 to {LONGEST_KEY} characters.")
        if not isinstance(text, str):
            raise wrong_type(f"metadata.{key}", "a string", text)
        checked_unicode(text, f"metadata.{key}")
        if len(text) > LONGEST_VALUE:
            message = f"Invalid 'metadata.{key}': the value is longer than {LONGEST_VALUE} characters."
            raise invalid(f"metadata.{key}", message)
    if STOP_ON in value:
        try:
            stop_kinds(value[STOP_ON])
        except ValueError as error:
            raise invalid(f"metadata.{STOP_ON}", f"Invalid 'metadata.{STOP_ON}': {error}.") from None
    return dict(value)


def _method(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the method and all of its hyperparameters, with `auto` for the ones not given."""
    top = object_member(body, "hyperparameters", "hyperparameters")
    method = body.get("method")
    if method is None:
        return "supervised", _hyperparameters(top, "supervised", "hyperparameters")
    if not isinstance(method, dict):
        raise wrong_type("method", "an object", method)
    kind = method.get("type")
    if kind is None:
        raise missing("method.type")
    if kind not in _METHODS:
        raise invalid("method.type", f"Invalid 'method.type': {kind!r} is not one of {', '.join(_METHODS)}.")
    for name in method:
        if name != "type" and name not in _METHODS:
            raise invalid(f"method.{name}", f"Unknown parameter: 'method.{name}'.", "unknown_parameter")
    if kind == "reinforcement":
        return kind, {}
    inside = object_member(method, kind, f"method.{kind}")
    for name in inside:
        if name != "hyperparameters":
            param = f"method.{kind}.{name}"
            raise invalid(param, f"Unknown parameter: '{param}'.", "unknown_parameter")
    where = f"method.{kind}.hyperparameters"
    own = object_member(inside, "hyperparameters", where)
    if top and kind != "supervised":
        message = f"'hyperparameters' is for supervised jobs only; use '{where}'."
        raise invalid("hyperparameters", message)
    old = {name: value for name, value in top.items() if own.get(name) is None}
    return kind, {**_hyperparameters(old, kind, "hyperparameters"), **_given(own, kind, where)}


def _hyperparameters(given: dict[str, Any], kind: str, where: str) -> dict[str, Any]:
    return {**dict.fromkeys(_NAMES[kind], AUTO), **_given(given, kind, where)}


def _given(given: dict[str, Any], kind: str, where: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        param = f"{where}.{name}"
        if name not in _NAMES[kind]:
            raise invalid(param, f"Unknown parameter: '{param}'.", "unknown_parameter")
        if value is not None:
            found[name] = AUTO if value == AUTO else _in_range(name, value, param)
    return found


def _in_range(name: str, value: object, param: str) -> int | float:
    range = LOCAL_RANGES[name]
    if range.whole:
        number = whole(value, param)
        if not range.contains(number):
            raise invalid(param, f"Invalid '{param}': {number} is not within {range.above + 1:g} to {range.most:g}.")
        return number
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(param, "a number or 'auto'", value)
    if not range.contains(value):
        raise invalid(param, f"Invalid '{param}': it must be more than {range.above:g} and at most {range.most:.0f}.")
    return value
