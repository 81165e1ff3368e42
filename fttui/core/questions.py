"""Questions before something is cancelled or deleted.

In this order: verb and name, what is lost, what else is affected, what stays. Names may be shortened to three and a
count, the effects never are. The texts have no answers (`y/N`): each face adds its own. Pure functions.
"""

from collections.abc import Callable, Iterable, Sequence

from fttui.lean_typing import NamedTuple
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.text import middle_cut

MOST_BY_Y = 10
"""Largest number of objects that `y` confirms. For more, the user types the number."""
MOST_NAMES = 3
"""Most names in a question."""
LONGEST_NAME = 28
"""Characters of a name in a list of names. A longer one loses its middle."""
_WAITING = (Status.VALIDATING, Status.QUEUED)
"""States in which a job has not read its files and its model."""

Title = Callable[[JobRow], str]
"""Returns the name of a job, alone in a question."""


class JobLoss(NamedTuple):
    """Objects that go with deleted jobs, and jobs that need them."""

    models: int = 0
    checkpoints: int = 0
    files: int | None = 0
    """Files that no other job uses; None if they were not counted."""
    heirs: Sequence[JobRow] = ()
    """Jobs that were or will be tuned from the models."""


def title_of(row: JobRow) -> str:
    """Return suffix and shortened id of a job: `support-v4 (..x7Qa91Lk)`."""
    return row.title


def cancel_question(
    able: Sequence[JobRow], asked: Sequence[JobRow], checkpoints: int = 0, *, title: Title = title_of
) -> str:
    """Return the question before a cancel.

    Args:
        able: jobs to cancel.
        asked: jobs that the user chose; those not in `able` stay.
        checkpoints: number of checkpoints of a single job.
    """
    if len(able) == 1:
        (row,) = able
        at = f", {row.status_text}" if row.status_text else ""
        if row.step is not None and row.status in (Status.RUNNING, Status.PAUSED):
            at = f", step {row.step}" + (f" of {row.total_steps}" if row.total_steps else "")
        stays = f" {_its(checkpoints, 'checkpoint')}." if checkpoints else ""
        return f"Cancel {title(row)}{at}? It cannot be resumed.{stays}" + _others(able, asked, "cancelled")
    states = f" ({_states(able)})" if any(row.status_text for row in able) else ""
    question = f"Cancel {len(able)} jobs{states}? They cannot be resumed."
    return question + _others(able, asked, "cancelled")


def delete_jobs_question(
    able: Sequence[JobRow], asked: Sequence[JobRow], loss: JobLoss, provider: str = "", *, title: Title = title_of
) -> str:
    """Return the question before the deletion of jobs.

    Args:
        provider: provider that keeps an archive of its own beside the archived copies; empty for the embedded service,
            whose archived copies go too.
    """
    one = len(able) == 1
    named = title(able[0]) if one else f"{len(able)} jobs"
    if provider:
        stay = "Its archived copy stays" if one else "Their archived copies stay"
        return f"Delete {named} from {provider}? {stay} on this disk." + _others(able, asked, "deleted")
    lost = []
    if loss.models:
        lost.append(("its model" if one else "their model") if loss.models == 1 else f"{loss.models} models")
    if loss.checkpoints:
        lost.append(_number(loss.checkpoints, "checkpoint"))
    if loss.files is None:
        lost.append("the files that no other job uses")
    elif loss.files:
        lost.append(f"{_number(loss.files, 'file')} that no other job uses")
    question = f"Delete {named}{f' with {_joined(lost)}' if lost else ''}?"
    return question + _heirs(loss.heirs, one) + _others(able, asked, "deleted")


def delete_models_question(
    models: Sequence[str], rows: Sequence[JobRow], heirs: Sequence[JobRow], checkpoints: int = 0
) -> str:
    """Return the question before the deletion of tuned models.

    Args:
        rows: jobs that made the models.
        heirs: jobs that were or will be tuned from them.
        checkpoints: checkpoints of a single job that are models of their own.
    """
    if len(models) == 1:
        owner = f"the model of {rows[0].suffix or rows[0].title} ({models[0]})" if len(rows) == 1 else models[0]
        stays = f" {_its(checkpoints, 'checkpoint')}." if checkpoints else ""
        return f"Delete {owner}? Requests to it will fail.{_heirs(heirs, True)}{stays}"
    names = _names(row.suffix or row.title for row in rows)
    of = f": those of {names}" if rows else ""
    return f"Delete {len(models)} tuned models{of}? Requests to them will fail." + _heirs(heirs, False)


def delete_checkpoints_question(row: JobRow, number: int, heirs: Sequence[JobRow]) -> str:
    """Return the question before the deletion of all checkpoints of a job, apart from its tuned model."""
    checkpoints = _number(number, "checkpoint")
    stays = " Its tuned model stays." if row.fine_tuned_model else ""
    them = "it" if number == 1 else "them"
    return f"Delete {checkpoints} of {row.title}? Requests to {them} will fail.{_heirs(heirs, number == 1)}{stays}"


def delete_checkpoint_question(
    row: JobRow, step: int | None, heirs: Sequence[JobRow], *, is_best: bool = False, is_tuned_model: bool = False
) -> str:
    """Return the question before the deletion of the model of one checkpoint.

    Args:
        heirs: jobs that were or will be tuned from it.
        is_best: it is the best checkpoint of the job.
        is_tuned_model: it is also the tuned model of the job.
    """
    of = f"step {step} of " if step is not None else "a checkpoint of "
    best = " It is the best one." if is_best else ""
    tuned = " It is the tuned model of the job." if is_tuned_model else ""
    return f"Delete the model of {of}{_name(row)}?{best}{tuned}{_heirs(heirs, True)}"


def delete_copies_question(
    able: Sequence[JobRow],
    asked: Sequence[JobRow],
    provider: str,
    *,
    is_reachable: bool = False,
    title: Title = title_of,
) -> str:
    """Return the question before the deletion of archived copies. The provider is not changed.

    Args:
        is_reachable: the provider may be asked later: what it still lists is archived again.
    """
    one = len(able) == 1
    named = f"copy of {title(able[0])}" if one else f"copies of {len(able)} jobs"
    gone = sum(row.gone for row in able)
    if gone == len(able):
        job, it = ("this job", "it") if one else ("these jobs", "them")
        effect = f"{provider} no longer lists {job}, so nothing of {it} remains."
    elif is_reachable:
        lost = f"{provider} no longer lists {gone} of them, so nothing of {'it' if gone == 1 else 'those'} remains. "
        it, comes = ("it", "it is") if one else ("the others" if gone else "them", "they are")
        again = f"If {provider} still lists {it}, {comes} archived again, with what is left there."
        effect = (lost if gone else "") + again
    else:
        it = "it" if one else "them"
        effect = f"{provider} cannot be reached. There is no other copy, unless it still lists {it}."
    return f"Delete the local {named}? {effect}" + _others(able, asked, "deleted")


def delete_files_question(
    names: Sequence[str], provider: str, users: Sequence[JobRow], *, results_of: str = "", without_copy: int = 0
) -> str:
    """Return the question before the deletion of files.

    Args:
        names: descriptions of the files.
        users: jobs that train or trained with them.
        results_of: name of the job whose results a single file has.
        without_copy: number of files of which no copy is known on this disk.
    """
    one = len(names) == 1
    effects = [f"It has the results of {results_of}."] if results_of else _effects_on_users(users, one)
    if without_copy:
        effects.append(
            "No copy of it is known on this disk."
            if one
            else f"No copy of {without_copy if without_copy < len(names) else 'any'} of them is known on this disk."
        )
    return " ".join([f"Delete {names[0] if one else f'{len(names)} files'} from {provider}?", *effects])


def typed_number(number: int, verb: str, things: str) -> str:
    """Return the request to type a number: `Type 14 to cancel 14 jobs:`."""
    return f"Type {number} to {verb} {number} {things}:"


# Parts of sentences


def _effects_on_users(users: Sequence[JobRow], one: bool) -> list[str]:
    waiting = [row for row in users if row.status in _WAITING]
    others = [row for row in users if row.status not in _WAITING]
    it = "it" if one else "them"
    effects = []
    if waiting:
        name = _names(_name(row) for row in waiting)
        effects.append(
            f"{name} is {waiting[0].status_text} with {it} and will fail."
            if len(waiting) == 1
            else f"{len(waiting)} jobs wait with {it} and will fail: {name}."
        )
    if others:
        single = len(others) == 1
        names = _names(_name(row) for row in others)
        used = f"{names} used {it}." if single else f"{len(others)} jobs used {it}: {names}."
        keep = "It keeps its model and curve" if single else "They keep their models and curves"
        clones = "but a clone of it" if single else "but clones of them"
        effects += [used, f"{keep}, {clones} will need the file{'' if one else 's'} again."]
    return effects


def _heirs(heirs: Sequence[JobRow], one: bool) -> str:
    """Return sentences about the jobs tuned from one model or several."""
    waiting = [row for row in heirs if row.status in _WAITING]
    others = len(heirs) - len(waiting)
    it = "it" if one else "them"
    sentences = ""
    if len(waiting) == 1:
        sentences += f" {_name(waiting[0])} is {waiting[0].status_text} to be tuned from {it} and will fail."
    elif waiting:
        names = _names(_name(row) for row in waiting)
        sentences += f" {len(waiting)} jobs wait to be tuned from {it} and will fail: {names}."
    if others:
        sentences += f" {_number(others, 'job')} {'was' if others == 1 else 'were'} tuned from {it}."
    return sentences


def _others(able: Sequence[JobRow], asked: Sequence[JobRow], done: str) -> str:
    """Return a sentence about the chosen jobs that are left out."""
    chosen = {row.id for row in able}
    left = [row for row in asked if row.id not in chosen]
    ended = sum(row.status.is_final for row in left) if done == "cancelled" else 0
    stay = len(left) - ended
    is_sweep = len({row.sweep for row in asked}) == 1 and bool(asked[0].sweep)

    def jobs(number: int) -> str:
        return f"{_number(number, 'job')} of the sweep" if is_sweep else _number(number, "marked job")

    sentences = ""
    if ended:
        sentences += f" {jobs(ended)} {'has' if ended == 1 else 'have'} already ended."
    if stay:
        sentences += f" {jobs(stay)} cannot be {done} and stay{'s' if stay == 1 else ''}."
    return sentences


def _its(number: int, thing: str) -> str:
    return f"Its {thing} stays" if number == 1 else f"Its {number} {thing}s stay"


def _number(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _states(rows: Iterable[JobRow]) -> str:
    """Return the number of jobs for each status: `2 running, 1 queued`."""
    found: dict[str, int] = {}
    for row in rows:
        found[row.status_text] = found.get(row.status_text, 0) + 1
    return ", ".join(f"{number} {status}" for status, number in found.items())


def _name(row: JobRow) -> str:
    return row.suffix or row.title


def _names(names: Iterable[str]) -> str:
    """Return the first names and the number of the others: `lr-1, lr-3, lr-40 and 1 more`."""
    every = [middle_cut(name, LONGEST_NAME) for name in names]
    more = len(every) - MOST_NAMES
    return f"{', '.join(every[:MOST_NAMES])} and {more:,} more" if more > 0 else _joined(every)


def _joined(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
