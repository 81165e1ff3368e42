"""Comparison of runs: what differs, which is best, and which setting mattered. Standard library only.

Runs with a validation loss are compared by it, if there are two; runs without one are left out then. Losses within
noise are equal. Runs that differ only in their seed are repeats of one setting: their spread is the best measure of
noise there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import mean, stdev
from typing import NamedTuple

from fttui.learning.compared_run import Entry as Entry
from fttui.learning.comparison_notes import listed, notes_on_runs, values_of
from fttui.learning.figures import places, short_figure
from fttui.learning.kinds import Kind
from fttui.models.summary import EQUAL_WITHIN, WHOLE, are_equal

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
    """Runs, the best first. Runs without the loss that the others are compared by come last."""
    metric: str
    """Wire name of the loss that the runs are compared by; empty when there is none in common."""
    differs: list[str] = field(default_factory=list)
    """Wire names of settings that differ, in the order of the first run."""
    same: list[str] = field(default_factory=list)
    best: str | None = None
    """Id of the best run. None when the two best are equal within noise, or cannot be compared.

    By training loss, an overfitted run is none.
    """
    noise: float = 0.0
    """Standard deviation of a loss between the runs without a cause."""
    sentence: str = ""
    notes: list[str] = field(default_factory=list)
    """Sentences that limit the result, the most important first: runs that went bad or are left out, other models."""
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
    validated = [entry for entry in entries if entry.summary.is_validation]
    by_validation = len(validated) >= LEAST_RUNS or len(validated) == sum(bool(e.summary.metric) for e in entries) > 0
    metrics = {entry.summary.metric for entry in validated}
    metric = "train_loss" if not by_validation else metrics.pop() if len(metrics) == 1 else "valid_loss"
    known = [entry for entry in entries if loss_of(entry, metric) is not None]
    ordered = sorted(known, key=lambda entry: loss_of(entry, metric) or 0.0)
    left_out = [entry for entry in entries if entry not in known]
    found = Comparison(ordered + left_out, metric if known else "")
    names = dict.fromkeys(name for entry in entries for name in entry.settings)
    for name in names:
        values = {entry.identities.get(name) or entry.settings.get(name, "") for entry in entries}
        (found.differs if len(values) > 1 else found.same).append(name)
    found.groups, found.noise = _repeats(known, metric, found.differs)
    chosen = _judge(found, ordered, by_validation)
    if not found.is_warning:
        found.notes = notes_on_runs(ordered, left_out, chosen, metric)
    found.repeats = "" if found.is_warning else _repeats_words(found)
    found.influence = _influence(known, metric, found)
    return found


def loss_of(entry: Entry, metric: str) -> float | None:
    """Return the loss by which a run is compared.

    None for a run that is left out: without the loss, or turned to NaN without a checkpoint, so that no model has it.
    """
    if entry.is_lost and entry.checkpoint is None:
        return None
    if metric == "train_loss":
        return entry.summary.train
    return entry.summary.best if entry.summary.is_validation else None


def _judge(found: Comparison, ranked: list[Entry], by_validation: bool) -> set[str]:
    """Set the sentence and the best run. Return the ids of the best run and of those equal to it within noise."""
    refusal = ""
    if by_validation and len({entry.validation_data for entry in ranked if entry.validation_data}) > 1:
        refusal = "Validation files differ: losses are not comparable."
    elif len(values_of(ranked, "method")) > 1:
        refusal = "Methods differ: losses are not comparable."
    elif len(ranked) < LEAST_RUNS:
        refusal = "Fewer than two runs have a loss: nothing to compare."
    if refusal:
        found.sentence, found.is_warning = refusal, True
        return set()
    first, second = ranked[0], ranked[1]
    low, next_low = loss_of(first, found.metric) or 0.0, loss_of(second, found.metric) or 0.0
    kind = "validation" if by_validation else "training loss"
    lead = "" if by_validation else "No validation loss in common: compared by training loss. "
    equal = [each for each in ranked if are_equal(low, loss_of(each, found.metric) or 0.0, found.noise)]
    if len(equal) > 1:
        names, bound = listed([entry.name for entry in equal]), EQUAL_WITHIN * found.noise
        found.sentence = f"{lead}{names} are equal within noise ({places(abs(next_low - low))} of ±{places(bound)})."
    elif not by_validation and Kind.OVERFITTING in first.kinds:
        found.sentence = f"{lead}{first.name} has the lowest, {places(low)}, but no run is best: it overfitted."
    else:
        found.best = first.id
        step = f" at step {first.summary.best_step}" if by_validation and first.summary.best_step is not None else ""
        found.sentence = (
            f"{lead}{first.name} is best: {kind} {places(low)}{step}, {places(next_low - low)} below {second.name}."
        )
    return {entry.id for entry in equal}


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
    # A run that went bad has more noise at its end than where it was best.
    single = max((entry.summary.noise for entry in [each for each in known if not each.trouble] or known), default=0.0)
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
        named = ", ".join(f"{label(name)} {settings.get(name) or 'not given'}" for name in others)
        figures = f"{places(group.mean)} ± {places(group.spread)} ({len(group.ids)} runs)"
        parts.append(f"{named}: {figures}" if named else figures)
    return f"Repeats: {'; '.join(parts)}."


def _influence(known: list[Entry], metric: str, found: Comparison) -> str:
    """Say which of several settings mattered: the one whose means differ most, if by more than noise."""
    settings = [name for name in found.differs if name not in (SEED, "training_file", VALIDATION_FILE, "profile")]
    settings = [name for name in settings if len({entry.settings.get(name, "") for entry in known}) > 1]
    if not settings or found.is_warning or len(known) < LEAST_RUNS:
        return ""
    if len(known) < 2 ** len(settings):
        return f"{len(known)} runs are too few to tell which of {_listed(settings)} mattered."
    effects = []
    for name in settings:
        losses: dict[str, list[float]] = {}
        for entry in known:
            if value := entry.settings.get(name):  # a run that does not have it says nothing about it
                losses.setdefault(value, []).append(loss_of(entry, metric) or 0.0)
        if len(losses) < 2:
            continue
        means = {value: mean(values) for value, values in losses.items()}
        best, worst = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
        effects.append((means[worst] - means[best], name, best, worst, means, min(map(len, losses.values()))))
    if not effects:
        return ""
    effects.sort(reverse=True, key=lambda effect: effect[0])
    size, name, best, worst, means, least = effects[0]
    if len(settings) > 1 and least < 2:
        return f"{len(known)} runs are too few to tell which of {_listed(settings)} mattered."
    if size <= EQUAL_WITHIN * found.noise * sqrt(2 / least):
        return f"No setting mattered beyond noise (±{places(EQUAL_WITHIN * found.noise)})."
    return (
        f"{label(name).capitalize()} mattered{' most' if len(settings) > 1 else ''}: "
        f"{short_figure(means[best])} with {best}, {short_figure(means[worst])} with {worst}."
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMED:  # jobs of different providers differ in all that only one of them has
        return f"{len(names)} settings"
    return listed([label(name) for name in names])


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
