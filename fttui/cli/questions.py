"""Questions of commands that cancel or delete, with the effects that the archive tells."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from fttui.cli.invocation import Invocation

if TYPE_CHECKING:
    from fttui.models.row import JobRow
    from fttui.store.archive.archive import Archive
    from fttui.store.store import Store


def cancel_jobs(rows: "Sequence[JobRow]") -> str:
    """Return the question before a cancel. It has no state of the jobs, because the archive may be old."""
    from fttui.core.questions import cancel_question

    plain = [row._replace(status_text="") for row in rows]
    return cancel_question(plain, plain, title=_title)


def delete_jobs(invocation: Invocation, rows: "Sequence[JobRow]") -> str:
    """Return the question before the deletion of jobs."""
    from fttui.config.choose import choose
    from fttui.core.affected import loss_of
    from fttui.core.questions import JobLoss, delete_jobs_question

    choice = choose(profile=invocation.profile, base_url=invocation.base_url)
    if not choice.is_local:
        return delete_jobs_question(rows, rows, JobLoss(), choice.name, title=_title)

    async def make(store: "Store") -> str:
        known = store.snapshot.rows
        jobs = [known.get(row.id, row) for row in rows]
        return delete_jobs_question(jobs, jobs, await loss_of(store, known, jobs), title=_title)

    return _with_archive(invocation, make)


def delete_copies(invocation: Invocation, rows: "Sequence[JobRow]") -> str:
    """Return the question before the deletion of archived copies."""
    from fttui.config.choose import choose
    from fttui.core.questions import delete_copies_question

    provider = choose(profile=invocation.profile, base_url=invocation.base_url).name
    return delete_copies_question(rows, rows, provider, is_reachable=True, title=_title)


def delete_models(invocation: Invocation, ids: Sequence[str]) -> str:
    """Return the question before the deletion of tuned models."""
    from fttui.config.choose import choose
    from fttui.core.affected import checkpoint_models, heirs_of
    from fttui.core.questions import delete_models_question

    is_local = choose(profile=invocation.profile, base_url=invocation.base_url).is_local

    async def make(store: "Store") -> str:
        known = store.snapshot.rows
        owners = [row for row in known.values() if row.fine_tuned_model in ids]
        stay = len(checkpoint_models(store, owners[0], is_local=is_local)) if len(owners) == 1 else 0
        return delete_models_question(ids, owners, heirs_of(known, ids, owners), stay)

    return _with_archive(invocation, make)


def delete_files(invocation: Invocation, ids: Sequence[str]) -> str:
    """Return the question before the deletion of files."""
    from fttui.config.choose import choose
    from fttui.core.affected import use_of
    from fttui.core.questions import delete_files_question

    choice = choose(profile=invocation.profile, base_url=invocation.base_url)

    async def make(store: "Store") -> str:
        use = await use_of(store, ids)
        return delete_files_question(
            ids, choice.name, use.users, results_of=use.results_of, without_copy=use.without_copy
        )

    return _with_archive(invocation, make)


def _with_archive(invocation: Invocation, make: "Callable[[Store], Awaitable[str]]") -> str:
    question = ""

    async def work(archive: "Archive") -> None:
        from fttui.store.store import Store

        nonlocal question
        question = await make(Store(archive, invocation.clock))

    invocation.run_with_archive(work)
    return question


def _title(row: "JobRow") -> str:
    return f"{row.suffix} ({row.id})" if row.suffix else row.id
