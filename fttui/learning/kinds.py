"""Kinds of alarms and their words in a list. Standard library only: the first frame imports it."""

from collections.abc import Container, Sequence

from fttui.lean_enum import StrEnum


class Kind(StrEnum):
    """Kind of an alarm, as in `jobs alarms`, `[alarms]` and `--stop-on`. The order is that of importance."""

    NON_FINITE = "non_finite"
    DIVERGING = "diverging"
    OVERFITTING = "overfitting"
    STALLED = "stalled"
    PLATEAU = "plateau"
    QUEUED_LONG = "queued_long"
    FILE_EXPIRING = "file_expiring"
    MODEL_RETIRING = "model_retiring"


KINDS = tuple(kind.value for kind in Kind)

_WORDS = {
    Kind.NON_FINITE: ("no number", "no number"),
    Kind.DIVERGING: ("diverging", "diverged"),
    Kind.OVERFITTING: ("overfitting", "overfit"),
    Kind.STALLED: ("stalled", "stalled"),
    Kind.PLATEAU: ("flat", "flat"),
    Kind.QUEUED_LONG: ("waiting", "waiting"),
    Kind.FILE_EXPIRING: ("file", "file"),
    Kind.MODEL_RETIRING: ("model", "model"),
}


def kinds_of(text: str, off: Container[str] = ()) -> list[Kind]:
    """Return the kinds in a text with commas between, without those in `off` and without unknown ones."""
    return [Kind(name) for name in text.split(",") if name in KINDS and name not in off] if text else []


def named_kinds(
    text: str, allowed: Sequence[Kind] = tuple(Kind), refusal: str = "is not a kind of alarm"
) -> tuple[Kind, ...]:
    """Return the kinds that a user has named, with commas between, the most important first.

    Args:
        refusal: words about a kind that is not allowed.

    Raises:
        ValueError: a kind is not allowed, or there is none.
    """
    names = {name.strip() for name in text.split(",")} - {""}
    listed = ", ".join(allowed)
    if unknown := sorted(names.difference(allowed)):
        raise ValueError(f"{', '.join(unknown)} {refusal}; the kinds are {listed}")
    if not names:
        raise ValueError(f"no kind is given; the kinds are {listed}")
    return tuple(kind for kind in allowed if kind in names)


def word_of(kind: Kind, *, is_live: bool) -> str:
    """Return the word for the list, at most 11 characters."""
    return _WORDS[kind][0 if is_live else 1]
