"""Checks a file of training data, and works out what a run over it would be."""

from typing import Any

from fttui.data import rules
from fttui.data.duplicates import Seen
from fttui.data.examples import REINFORCEMENT
from fttui.data.file_scan import Reading
from fttui.data.grader import asked, faults
from fttui.data.lines import Progress, Stopped, never
from fttui.data.prices import price_of
from fttui.data.report import Each, Report, Tally
from fttui.data.tokens import counter

METHODS = ("supervised", "dpo", "reinforcement")


def check_file(
    path: str,
    *,
    method: str | None = None,
    model: str | None = None,
    validation: str | None = None,
    grader: dict[str, Any] | None = None,
    n_epochs: int | str | None = None,
    batch_size: int | str | None = None,
    place: str = "openai",
    own_prices: str | None = None,
    tokens: bool = True,
    fewest: int = rules.FEWEST_EXAMPLES,
    each: Each | None = None,
    progress: Progress | None = None,
    stopped: Stopped = never,
) -> Report:
    """Check a training file and work out what a run over it would be. Memory is flat, whatever the size.

    Args:
        path: the training file.
        method: `supervised`, `dpo` or `reinforcement`; None lets the first example tell.
        model: for its limit, tokenizer and price.
        validation: a validation file, which is checked as well, and for examples that stand in both.
        grader: a reinforcement job's grader: its form, and whether the examples have what it asks for.
        n_epochs: as in a job: a number, or `auto` or None for the documented heuristic.
        place: who trains: `openai`, `local`, or `other`, whose prices only a person's own file can tell.
        own_prices: the path of that file; it need not exist.
        fewest: examples that there must be at least: one is enough for a validation file.
        tokens: whether to count tokens; without them there is no price.
        each: told of every finding as it is found; the report keeps the first ten of a kind.
        progress: called now and then with the bytes read and their number.
        stopped: asked now and then; True breaks the check off.

    Raises:
        OSError: a file cannot be read.
        BadPrices: the person's own price file is not as it should be.
    """
    price = price_of(model, own_file=own_prices, place=place)
    count = counter(price.encoding) if tokens else None
    tally = Tally(path, each)
    graded = frozenset[str]()
    if grader is not None and method == REINFORCEMENT:
        graded = asked(grader)
        for member, words in faults(grader):
            tally.add("bad_grader", None, member, words)
    others = Seen()
    if validation is not None:
        other = Reading(validation, Tally(validation, each), method, None, price, progress, stopped, graded)
        other.run(seen=others, overlap=None, fewest=1, most=rules.MOST_REINFORCEMENT_VALIDATION)
    reading = Reading(path, tally, method, count, price, progress, stopped, graded)
    overlap = others if validation is not None else None
    reading.run(seen=Seen(), overlap=overlap, fewest=fewest, most=rules.MOST_REINFORCEMENT)
    report = reading.report(model, n_epochs, batch_size)
    if validation is None:
        return report
    groups = sorted((*report.groups, *other.tally.groups()), key=lambda group: rules.LEVELS.index(group.level))
    return report._replace(groups=tuple(groups), stopped=report.stopped or other.source.stopped)
