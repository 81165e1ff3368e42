"""Prices of models: the dated file in the package, overridden by the user's own price file."""

import os
import re
from functools import lru_cache
from typing import Any, NamedTuple

from fttui import bounded

LARGEST = bounded.MEGABYTE
"""Greatest size of a price file, in bytes."""

THIS_MACHINE = "this machine"


class PriceFileError(Exception):
    """The user's price file is not valid. The message names path and reason."""


class Price(NamedTuple):
    """Price, limit and tokenizer of a model. None: unknown."""

    model: str = ""
    """Name of the entry in the price file; empty without an entry."""
    training: float | None = None
    """Price of a million trained tokens."""
    per_hour: float | None = None
    """Price of an hour of training, for models billed by the hour."""
    input: float | None = None
    """Price of a million tokens of prompts to the tuned model."""
    output: float | None = None
    """Price of a million tokens of its answers."""
    currency: str = "USD"
    limit: int | None = None
    """Tokens of the longest example; longer examples are cut."""
    encoding: str | None = None
    """Name of the tokenizer's encoding."""
    kind: str = ""
    """Kind of example that the model takes; empty: any."""
    local: bool = False
    """Trained by the embedded service."""
    place: str = THIS_MACHINE
    """Machines on which the embedded service trains, in words."""
    updated: str = ""
    """Date of the price file."""
    is_other_provider: bool = False
    """The published price exists, but belongs to a different provider."""
    from_own_file: bool = False
    """From the user's price file."""

    @property
    def is_free(self) -> bool:
        """Trained by the embedded service, where hours cost nothing."""
        return self.local and not self.per_hour


_AZURE_HOST = re.compile(r".+\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)")
_NUMBERS = {"training": float, "per_hour": float, "input": float, "output": float, "limit": int}
_TEXTS = ("encoding", "kind")


def price_of(
    model: str | None,
    *,
    own_file: str | None = None,
    provider: str = "openai",
    per_hour: float | None = None,
    place: str = THIS_MACHINE,
) -> Price:
    """Return the price of a model. Aliases and fine-tuned models have the price of their base model.

    Args:
        own_file: path of the user's price file; the file need not exist.
        provider: `openai`, `local`, or `azure` or `other`: only the user's price file has their prices.
        per_hour: price of an hour of training on this machine, in USD; None when it is free.
        place: machines on which the embedded service trains, in words.

    Raises:
        PriceFileError: the user's price file is not valid.
    """
    price = _look_up(published_prices(), model, Price())
    if provider == "local":
        price = price._replace(training=None if per_hour else 0.0, per_hour=per_hour, currency="USD")
        return price._replace(input=0.0, output=0.0, local=True, place=place)
    if provider in ("azure", "other") and not price.local:
        price = price._replace(training=None, per_hour=None, input=None, output=None)
        price = price._replace(updated="", is_other_provider=bool(price.model))
    if own_file and os.path.exists(own_file):
        price = _look_up(_read(own_file), model, price, own=True)
    return price


def published_prices() -> dict[str, Any]:
    """Return the price file of the package: `models` by name, `updated`, `currency`, `source`."""
    return _read(os.path.join(os.path.dirname(__file__), "prices.toml"))


def base_model(model: str) -> str:
    """Return the base of a fine-tuned model: `ft:BASE:org:suffix:id`, or `BASE.ft-…` on Azure. Other names stay."""
    if model.startswith("ft:"):
        return model.split(":")[1]
    return model.split(".ft-", 1)[0]


def _look_up(table: dict[str, Any], model: str | None, base: Price, *, own: bool = False) -> Price:
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
        update.update(updated=table["updated"], from_own_file=own)
    return base._replace(**update)


def _entry(models: dict[str, Any], model: str) -> str | None:
    """Return the entry for a model: its own, that of its newest snapshot, or that of its family."""
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
    """Parse a price file. Cached by path, time and size, because each redraw of a job asks for a price."""
    import tomllib

    try:
        table = tomllib.loads(bounded.read_file(path, LARGEST).decode())
    except OSError as error:
        raise PriceFileError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
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
                raise PriceFileError(f"{where} must be a number, at least 0")
        elif key in _TEXTS:
            if not isinstance(value, str):
                raise PriceFileError(f"{where} must be a string")
        elif key == "local":
            if not isinstance(value, bool):
                raise PriceFileError(f"{where} must be true or false")
        else:
            known = ", ".join((*_NUMBERS, *_TEXTS, "local"))
            raise PriceFileError(f"{where}: unknown setting; known: {known}")


def provider_kind(base_url: str | None, *, is_local: bool) -> str:
    """Return the kind of provider at a base URL: `local`, `openai`, `azure` or `other`."""
    if is_local:
        return "local"
    host = (base_url or "").partition("://")[2].partition("/")[0].partition(":")[0].lower()
    if host == "api.openai.com" or host.endswith(".api.openai.com"):
        return "openai"
    return "azure" if _AZURE_HOST.fullmatch(host) else "other"
