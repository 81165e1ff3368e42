"""Comparison of runs: what differs, which is best, and which setting mattered. Standard library only.

Losses within noise are equal. Runs that differ only in their seed are repeats of one setting: their spread is the best
measure of noise there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import mean, stdev
from types import MappingProxyType
from typing import NamedTuple

from fttui.learning.figures import short_figure
from fttui.models.summary import EQUAL_WITHIN, WHOLE, Summary, are_equal

LEAST_RUNS = 2
MOST_RUNS = 9
MOST_NAMED = 5
"""Most settings that a sentence names; more are counted."""
SEED = "seed"
VALIDATION_FILE = "validation_file"
LABELS = {
    "n_epochs": "epochs",
    "learning_rate_multiplier": "learning rate",
    "batch_size": "batch size",
    "training_file": "training file",
    "validation_file": "validation file",
}
"""Words for the wire names of settings."""


class Entry(NamedTuple):
    """A run to compare."""

    id: str
    name: str
    summary: Summary
    settings: Mapping[str, str] = MappingProxyType({})
    """Settings by wire name: model, method, files, hyperparameters, seed, profile."""
    validation_data: str = ""
    """Identity of the validation data: a digest where one is known, else the id of the file. Empty for none."""
    is_diverged: bool = False
    identities: Mapping[str, str] = MappingProxyType({})
    """Values by which settings are compared in place of their text: digests of files, whose ids differ by provider."""


class Repeats(NamedTuple):
    """Runs that differ only in their seed."""

    ids: tuple[str, ...]
    mean: float
    spread: float
    """Standard deviation of the best losses. 0 for a single run."""


@dataclass
class Comparison:
    """Result of a comparison."""

    entries: list[Entry]
    """Runs, the best first. Runs without a loss come last."""
    metric: str
    """Wire name of the loss that the runs are compared by; empty when there is none in common."""
    differs: list[str] = field(default_factory=list)
    """Wire names of settings that differ, in the order of the first run."""
    same: list[str] = field(default_factory=list)
    best: str | None = None
    """Id of the best run. None when the two best are equal within noise, or cannot be compared."""
    noise: float = 0.0
    """Standard deviation of a loss between the runs without a cause."""
    sentence: str = ""
    is_warning: bool = False
    """The sentence says that the runs cannot be compared."""
    groups: list[Repeats] = field(default_factory=list)
    """Repeats with more than one run, in the order of their mean."""
    repeats: str = ""
    """Sentence with mean and spread of each group of repeats; empty without groups."""
    influence: str = ""
    """Sentence about the setting that mattered; empty without several settings."""


def label(name: str) -> str:
    """Return the word for a setting."""
    return LABELS.get(name, name.replace("_", " "))


def compare(entries: Sequence[Entry]) -> Comparison:
    """Compare two to nine runs.

    Raises:
        ValueError: fewer than two or more than nine runs.
    """
    if not LEAST_RUNS <= len(entries) <= MOST_RUNS:
        raise ValueError(f"{len(entries)} runs: compare takes two to nine")
    judged = [entry for entry in entries if entry.summary.metric]
    by_validation = bool(judged) and all(entry.summary.is_validation for entry in judged)
    metrics = {entry.summary.metric for entry in judged}
    metric = "valid_loss" if by_validation else "train_loss"
    if by_validation and len(metrics) == 1:
        metric = next(iter(metrics))
    known = [entry for entry in entries if loss_of(entry, metric) is not None]
    ordered = sorted(known, key=lambda entry: loss_of(entry, metric) or 0.0)
    ordered += [entry for entry in entries if entry not in known]
    found = Comparison(ordered, metric if known else "")
    names = dict.fromkeys(name for entry in entries for name in entry.settings)
    for name in names:
        values = {entry.identities.get(name) or entry.settings.get(name, "") for entry in entries}
        (found.differs if len(values) > 1 else found.same).append(name)
    found.groups, found.noise = _repeats(known, metric, found.differs)
    _judge(found, known, by_validation)
    found.repeats = "" if found.is_warning else _repeats_words(found)
    found.influence = _influence(known, metric, found)
    return found


def loss_of(entry: Entry, metric: str) -> float | None:
    """Return the loss by which a run is compared."""
    return entry.summary.train if metric == "train_loss" else entry.summary.best


def _judge(found: Comparison, known: list[Entry], by_validation: bool) -> None:
    if by_validation and len({entry.validation_data for entry in known if entry.validation_data}) > 1:
        found.sentence, found.is_warning = "Validation files differ: losses are not comparable.", True
        return
    if len(known) < LEAST_RUNS:
        found.sentence, found.is_warning = "Fewer than two runs have a loss: nothing to compare.", True
        return
    first, second = found.entries[0], found.entries[1]
    low, next_low = loss_of(first, found.metric) or 0.0, loss_of(second, found.metric) or 0.0
    kind = "validation" if by_validation else "training loss"
    lead = "" if by_validation else "No validation loss in common: compared by training loss. "
    if are_equal(low, next_low, found.noise):
        bound = EQUAL_WITHIN * found.noise
        equal = [
            entry.name
            for entry in found.entries
            if (loss := loss_of(entry, found.metric)) is not None and are_equal(low, loss, found.noise)
        ]
        names = f"{', '.join(equal[:-1])} and {equal[-1]}"
        found.sentence = f"{lead}{names} are equal within noise ({abs(next_low - low):.3f} of ±{bound:.3f})."
    else:
        found.best = first.id
        step = f" at step {first.summary.best_step}" if by_validation and first.summary.best_step is not None else ""
        found.sentence = (
            f"{lead}{first.name} is best: {kind} {low:.3f}{step}, {next_low - low:.3f} below {second.name}."
        )
    diverged = [entry.name for entry in found.entries if entry.is_diverged]
    if diverged:
        found.sentence += f" {', '.join(diverged)} diverged."


def _repeats(known: list[Entry], metric: str, differs: list[str]) -> tuple[list[Repeats], float]:
    """Return the groups of repeats, and the noise: their pooled spread, else the largest noise of a single run."""
    others = [name for name in differs if name != SEED]
    by_settings: dict[tuple[str, ...], list[Entry]] = {}
    for entry in known:
        by_settings.setdefault(tuple(entry.settings.get(name, "") for name in others), []).append(entry)
    groups, squares, degrees = [], 0.0, 0
    for members in by_settings.values():
        if len(members) > 1 and SEED in differs:
            losses = [loss_of(entry, metric) or 0.0 for entry in members]
            spread = stdev(losses)
            groups.append(Repeats(tuple(entry.id for entry in members), mean(losses), spread))
            squares += spread**2 * (len(members) - 1)
            degrees += len(members) - 1
    groups.sort(key=lambda group: group.mean)
    single = max((entry.summary.noise for entry in known if not entry.is_diverged), default=0.0)
    return groups, sqrt(squares / degrees) if degrees >= 2 else single


def _repeats_words(found: Comparison) -> str:
    """Say mean, spread and number of repeats: `Repeats: learning rate 1: 1.659 ± 0.004 (3 runs).`"""
    if not found.groups:
        return ""
    by_id = {entry.id: entry for entry in found.entries}
    others = [name for name in found.differs if name != SEED]
    parts = []
    for group in found.groups:
        settings = by_id[group.ids[0]].settings
        named = ", ".join(f"{label(name)} {settings.get(name, '')}".strip() for name in others)
        figures = f"{group.mean:.3f} ± {group.spread:.3f} ({len(group.ids)} runs)"
        parts.append(f"{named}: {figures}" if named else figures)
    return f"Repeats: {'; '.join(parts)}."


def _influence(known: list[Entry], metric: str, found: Comparison) -> str:
    """Say which of several settings mattered: the one whose means differ most, if by more than noise."""
    settings = [name for name in found.differs if name not in (SEED, "training_file", VALIDATION_FILE, "profile")]
    settings = [name for name in settings if len({entry.settings.get(name, "") for entry in known}) > 1]
    if not settings or found.is_warning or len(known) < LEAST_RUNS:
        return ""
    effects = []
    for name in settings:
        losses: dict[str, list[float]] = {}
        for entry in known:
            losses.setdefault(entry.settings.get(name, ""), []).append(loss_of(entry, metric) or 0.0)
        means = {value: mean(values) for value, values in losses.items()}
        best, worst = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
        effects.append((means[worst] - means[best], name, best, worst, means, min(map(len, losses.values()))))
    effects.sort(reverse=True, key=lambda effect: effect[0])
    size, name, best, worst, means, least = effects[0]
    if len(known) < 2 ** len(settings) or (len(settings) > 1 and least < 2):
        return f"{len(known)} runs are too few to tell which of {_listed(settings)} mattered."
    if size <= EQUAL_WITHIN * found.noise * sqrt(2 / least):
        return f"No setting mattered beyond noise (±{EQUAL_WITHIN * found.noise:.3f})."
    return (
        f"{label(name).capitalize()} mattered{' most' if len(settings) > 1 else ''}: "
        f"{short_figure(means[best])} with {best}, {short_figure(means[worst])} with {worst}."
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMED:  # jobs of different providers differ in all that only one of them has
        return f"{len(names)} settings"
    words = [label(name) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def as_json(found: Comparison) -> dict[str, object]:
    """Return a comparison as `jobs compare --json` prints it (design.md §4)."""

    def loss(entry: Entry, value: float | None, step: int | None) -> dict[str, object]:
        return {"metric": entry.summary.metric, "value": value, "step": step, "noise": entry.summary.noise}

    def base(entry: Entry) -> dict[str, object] | None:
        value = entry.summary.base
        return None if value is None else {**loss(entry, value, 0), "metric": WHOLE}

    jobs = [
        {
            "id": entry.id,
            "base": base(entry),
            "best": loss(entry, entry.summary.best, entry.summary.best_step),
            "last": loss(entry, entry.summary.last, entry.summary.last_step),
            "gain": entry.summary.gain,
            "settings": dict(entry.settings),
        }
        for entry in found.entries
    ]
    return {"jobs": jobs, "differs": found.differs, "best": found.best}
