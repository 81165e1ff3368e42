"""Notes on the result of a comparison: which runs it leaves out, went bad, or are hard to compare.

Standard library only.
"""

from collections.abc import Collection, Sequence

from fttui.learning.compared_run import Entry
from fttui.learning.figures import places


def notes_on_runs(
    ranked: Sequence[Entry], left_out: Sequence[Entry], chosen: Collection[str], metric: str
) -> list[str]:
    """Return sentences that a user needs before the best run is used, the most important first.

    Args:
        ranked: compared runs, the best first.
        left_out: runs without the loss that the others are compared by.
        chosen: ids of the best run and of those equal to it within noise.
        metric: wire name of the loss.
    """
    advised = {entry.id: text for entry in ranked if entry.id in chosen and (text := advice(entry))}
    others = [entry for entry in (*ranked, *left_out) if entry.id not in advised]
    return [
        *advised.values(),
        *_left_out(left_out, metric),
        *_troubles(others),
        *_data(ranked, metric),
    ]


def advice(entry: Entry) -> str:
    """Say how a run ended and which checkpoint to use: `a overfitted (last 4.124): use its checkpoint of step 270.`

    Empty for a run whose last model is its best, or that raised no alarm and has no checkpoint.
    """
    if not entry.is_worse_at_the_end:
        return ""
    summary, step = entry.summary, entry.checkpoint
    end = "" if summary.last is None else f" (last {places(summary.last)})"
    if step is not None and (entry.is_lost or step != summary.last_step):
        return f"{entry.name} {entry.trouble or 'was better before'}{end}: use its checkpoint of step {step}."
    return f"{entry.name} {entry.trouble}{end}, and no better checkpoint of it is known." if entry.trouble else ""


def _left_out(entries: Sequence[Entry], metric: str) -> list[str]:
    """Name the runs that are not ranked, by reason. `_troubles` names those that turned to NaN."""
    said = []
    kind = "training loss" if metric == "train_loss" else "validation loss"
    with_loss = [entry.name for entry in entries if entry.summary.metric and not entry.is_lost]
    without = [entry.name for entry in entries if not entry.summary.metric and not entry.is_lost]
    for names, words in ((with_loss, kind), (without, "loss")):
        if names:
            said.append(f"Left out without a {words}: {listed(names)}.")
    return said


def _troubles(entries: Sequence[Entry]) -> list[str]:
    """Name the runs that went bad, by what happened."""
    names: dict[str, list[str]] = {"turned to NaN": [], "diverged": [], "overfitted": []}
    for entry in entries:
        if entry.trouble:
            names[entry.trouble].append(entry.name)
    return [f"{listed(found)} {trouble}." for trouble, found in names.items() if found]


def _data(ranked: Sequence[Entry], metric: str) -> list[str]:
    """Say what makes losses of different runs hard to compare."""
    said = []
    if len(values_of(ranked, "model")) > 1:
        said.append("Models differ: a loss depends on the tokenizer too.")
    if metric == "train_loss":
        if len(values_of(ranked, "training_file")) > 1:
            said.append("Training files differ: a lower training loss need not mean a better model.")
        return said
    unknown = [entry.name for entry in ranked if not entry.validation_data]
    if len(unknown) == len(ranked):
        said.append("Whether the validation data are the same is not known.")
    elif unknown:
        said.append(f"The validation data of {listed(unknown)} are not known.")
    return said


def values_of(entries: Sequence[Entry], name: str) -> set[str]:
    """Return the different values of a setting, without unknown ones."""
    return {entry.identities.get(name) or entry.settings.get(name, "") for entry in entries} - {""}


def listed(names: Sequence[str]) -> str:
    """Join names: `a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
