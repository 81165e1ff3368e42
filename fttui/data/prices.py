"""What a model's training costs, by a dated file in the package that a person's own may override."""

import os
import re
from functools import lru_cache
from typing import Any, NamedTuple

PROVIDER_KINDS = ("openai", "local", "other")


class PriceFileError(Exception):
    """A person's price file cannot be used; says why, with its path."""


class Price(NamedTuple):
    """What is known of a model. None is unknown."""

    model: str = ""
    """The entry that was found; empty when there is none."""
    training: float | None = None
    """Per million trained tokens."""
    per_hour: float | None = None
    """Per hour of training, instead of tokens."""
    currency: str = "USD"
    limit: int | None = None
    """Tokens of the longest example; longer ones are cut."""
    encoding: str | None = None
    kind: str = ""
    local: bool = False
    """Trained on this machine: it costs nothing but time."""
    updated: str = ""
    """The day of the price file."""
    elsewhere: bool = False
    """Whoever is asked is not the provider whose prices are published, so they say nothing."""
    own: bool = False
    """It stands in the person's own file."""


_NUMBERS = {"training": float, "per_hour": float, "limit": int}
_TEXTS = ("encoding", "kind")


def price_of(model: str | None, *, own_file: str | None = None, provider: str = "openai") -> Price:
    """What is known of `model`, an alias or a tuned one of it.

    Args:
        own_file: the path of the person's own price file; it need not exist.
        provider: who trains: `openai`, `local` (free), or `other`, whose prices only the person can know.

    Raises:
        PriceFileError: the person's file is not as it should be.
    """
    price = _found(known(), model, Price())
    if provider == "local":
        return price._replace(training=0.0, per_hour=None, local=True)
    if provider == "other" and not price.local:
        price = price._replace(training=None, per_hour=None, updated="", elsewhere=bool(price.model))
    if own_file and os.path.exists(own_file):
        price = _found(_read(own_file), model, price, own=True)
    return price


def known() -> dict[str, Any]:
    """The price file of the package: `models` by name, `updated`, `currency`, `source`."""
    return _read(os.path.join(os.path.dirname(__file__), "prices.toml"))


def base_model(model: str) -> str:
    """The base of a tuned model: `ft:BASE:org:suffix:id` and Azure's `BASE.ft-…`; other names as they are."""
    if model.startswith("ft:"):
        return model.split(":")[1]
    return model.split(".ft-", 1)[0]


def _found(table: dict[str, Any], model: str | None, base: Price, *, own: bool = False) -> Price:
    models = table["models"]
    name = _entry(models, base_model(model or ""))
    if name is None:
        return base
    entry = models[name]
    update: dict[str, Any] = {key: entry[key] for key in (*_NUMBERS, *_TEXTS, "local") if key in entry}
    if own and "training" in update:
        update.setdefault("per_hour", None)
    update.update(model=name, currency=table["currency"])
    if not own or update.keys() & {"training", "per_hour"}:
        update.update(updated=table["updated"], own=own)
    return base._replace(**update)


def _entry(models: dict[str, Any], model: str) -> str | None:
    """The entry for a model: its own, that of its newest snapshot, or that of the family it is a snapshot of."""
    if not model or model in models:
        return model or None
    snapshot = re.compile(re.escape(model) + r"-\d{4}-\d\d-\d\d")
    dated = sorted(name for name in models if snapshot.fullmatch(name))
    if dated:
        return dated[-1]
    family = re.sub(r"-\d{4}(-\d\d-\d\d)?$", "", model)
    return family if family != model and family in models else None


def _read(path: str) -> dict[str, Any]:
    try:
        file = os.stat(path)
    except OSError as error:
        raise PriceFileError(f"{path}: {error}") from None
    return _parsed(path, file.st_mtime_ns, file.st_size)


@lru_cache(8)
def _parsed(path: str, modified: int, size: int) -> dict[str, Any]:
    """Once for each state of a file: a list shows a price with every job the cursor comes to."""
    import tomllib

    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PriceFileError(f"{path}: {error}") from None
    models = table.get("models", {})
    if not isinstance(models, dict):
        raise PriceFileError(f"{path}: [models] must be a table")
    for name, entry in models.items():
        _check(path, name, entry)
    return {
        "models": models,
        "currency": str(table.get("currency", "USD")),
        "updated": str(table.get("updated", "")),
        "source": str(table.get("source", "")),
    }


def _check(path: str, name: str, entry: Any) -> None:
    if not isinstance(entry, dict):
        raise PriceFileError(f'{path}: models."{name}" must be a table')
    for key, value in entry.items():
        where = f'{path}: models."{name}".{key}'
        if key in _NUMBERS:
            wrong = isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12
            if wrong or (_NUMBERS[key] is int and not isinstance(value, int)):
                raise PriceFileError(f"{where} must be a number that is not negative")
        elif key in _TEXTS:
            if not isinstance(value, str):
                raise PriceFileError(f"{where} must be a text")
        elif key == "local":
            if not isinstance(value, bool):
                raise PriceFileError(f"{where} must be true or false")
        else:
            known = ", ".join((*_NUMBERS, *_TEXTS, "local"))
            raise PriceFileError(f"{where} is not known; there are {known}")


def provider_kind(base_url: str | None, *, is_local: bool) -> str:
    """Who trains at an address: `local`, `openai` or `other`."""
    if is_local:
        return "local"
    host = (base_url or "").partition("://")[2].partition("/")[0].partition(":")[0].lower()
    return "openai" if host == "api.openai.com" or host.endswith(".api.openai.com") else "other"
