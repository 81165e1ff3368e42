"""What a person wants done to jobs and files: refused with a reason, asked about, sent, and told how it went."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.ui.render.rows import short_id
from fttui.ui.render.status_line import ALL, ServiceInfo
from fttui.ui.widgets.prompt import PromptRow

if TYPE_CHECKING:
    from fttui.store.port import StorePort
    from fttui.store.snapshot import Outcome

    Outcomes = Mapping[str, Outcome]

MANY = 10
"""Above so many things at once, `y` is not enough: the number itself is the answer."""


class JobActions:
    """Intents of one screen. Questions go to the prompt row, which has one at a time."""

    def __init__(
        self,
        place: ServiceInfo,
        prompt: PromptRow,
        run: Callable[[Coroutine[Any, Any, None]], object],
        changed: Callable[[frozenset[str]], None],
        troubled: Callable[[str], None],
    ) -> None:
        self.place = place
        self._prompt = prompt
        self._run = run
        self._changed = changed
        self._troubled = troubled
        self._stopping: set[str] = set()
        self._stopped: tuple[Mapping[str, JobRow], frozenset[str], Mapping[str, JobRow]] = ({}, frozenset(), {})
        """Rows, which of them are being cancelled, and the rows as they are shown for it."""
        self.store: StorePort | None = None

    def rows(self, rows: Mapping[str, JobRow]) -> Mapping[str, JobRow]:
        """The rows as they are shown: a cancel that was sent and not yet answered is a local word."""
        self._stopping -= {id for id in self._stopping if id not in rows or rows[id].status.is_final}
        if not self._stopping:
            return rows
        of, stopping, shown = self._stopped
        if of is not rows or stopping != self._stopping:
            stopping = frozenset(self._stopping)
            shown = dict(rows) | {id: rows[id]._replace(status_text="cancelling") for id in stopping}
            self._stopped = rows, stopping, shown
        return shown

    def refusal(self, verb: str, rows: Iterable[JobRow]) -> str:
        """Why a verb (`create`, `cancel`, `pause`, `delete`) would do nothing to any of `rows` now; empty when it
        would."""
        if self.place.read_only:
            return "read-only"
        if self.store is None:
            return "not connected yet"
        if verb == "create" and self.place.profile == ALL:
            return "several profiles are shown: look at one of them, with @"
        if verb == "delete":
            return ""
        if unreachable := self.store.snapshot.health.unreachable:
            return f"offline ({unreachable})"
        if verb in self.store.not_offered:
            return f"{self.place.profile} does not offer it"
        if verb == "create":
            return ""
        reasons = []
        for row in rows:
            if not (reason := self._obstacle(verb, row)):
                return ""
            reasons.append(reason)
        if not reasons:
            return "no job is selected"
        return (
            reasons[0]
            if len(set(reasons)) == 1
            else f"none of the {len(reasons)} can be: {', '.join(sorted(set(reasons)))}"
        )

    # Jobs

    def cancel(self, rows: list[JobRow]) -> None:
        """Ask, then cancel those of `rows` that can be."""
        able = [row for row in rows if not self._obstacle("cancel", row)]
        one = len(able) == 1
        what = f"{short_id(able[0].id)} ({able[0].status_text})" if one else f"{len(able)} jobs ({_states(able)})"
        dropped = len(rows) - len(able)
        more = f" {dropped} finished already." if dropped else ""
        question = f"Cancel {what}? {'It' if one else 'They'} cannot be resumed.{more}"
        ids = [row.id for row in able]
        self._ask(question, "cancel", len(ids), lambda: self._cancel(ids))

    def pause(self, rows: list[JobRow]) -> None:
        """Pause what runs, resume what is paused; asks when it is more than one."""
        able = [row for row in rows if not self._obstacle("pause", row)]
        if len(able) == 1:
            self._pause(able)
            return
        paused = sum(row.status is Status.PAUSED for row in able)
        parts = {"pause": len(able) - paused, "resume": paused}
        words = " and ".join(f"{verb} {number}" for verb, number in parts.items() if number)
        self._ask(f"{words.capitalize()} jobs?", "do it", len(able), lambda: self._pause(able))

    def delete(self, rows: list[JobRow]) -> None:
        """Offer what can be deleted of jobs: their tuned models, and the archive's copies."""
        models = list(dict.fromkeys(f"{_of(row)}{row.fine_tuned_model}" for row in rows if row.fine_tuned_model))
        if not rows:
            self._prompt.say("delete: no job is selected", "warn")
            return
        one = len(rows) == 1
        choices = {"a": ("archive's copy", lambda: self._ask_forget(rows))}
        if models:
            word = "tuned model" if len(models) == 1 else f"{len(models)} tuned models"
            choices = {"m": (word, lambda: self._ask_models(models))} | choices
        self._prompt.choose(f"delete of {short_id(rows[0].id) if one else f'{len(rows)} jobs'}:", choices)

    def _ask_models(self, models: list[str]) -> None:
        if self._is_offline("delete"):
            return
        what = models[0] if len(models) == 1 else f"{len(models)} tuned models"
        question = f"Delete {what}? What uses it will fail."
        self._ask(question, "delete", len(models), lambda: self._run(self._delete_models(models)))

    async def _delete_models(self, models: list[str]) -> None:
        if self.store is not None:
            outcomes = {name: await self.store.delete_model(name) for name in models}
            self.tell(outcomes, "deleted", things="models")

    def _ask_forget(self, rows: list[JobRow]) -> None:
        what = short_id(rows[0].id) if len(rows) == 1 else f"{len(rows)} jobs"
        ids = [row.id for row in rows]
        question = f"Delete what your archive keeps of {what}? There is no other copy."
        self._ask(question, "delete", len(ids), lambda: self._run(self._forget(ids)))

    async def _forget(self, ids: list[str]) -> None:
        if self.store is not None:
            self.tell(await self.store.forget(ids), "deleted")

    def _obstacle(self, verb: str, row: JobRow) -> str:
        """Why a verb cannot be done to a job; empty when it can be tried."""
        if row.gone:
            return "the provider does not list this job any more"
        if row.fault:
            return row.fault
        if row.status.is_final:
            return f"it {'was' if row.status is Status.CANCELLED else 'has'} {row.status_text} already"
        if row.status is Status.STOPPING:
            return "it is being cancelled already"
        if verb == "pause" and row.status not in (Status.RUNNING, Status.PAUSED, Status.UNKNOWN):
            return f"it is {row.status_text}"
        return ""

    def _cancel(self, ids: list[str]) -> None:
        # Not awaited: a half-sent cancel must finish, and keys go on meanwhile.
        self._stopping.update(ids)
        self._changed(frozenset(ids))
        self._run(self._send_cancel(ids))

    async def _send_cancel(self, ids: list[str]) -> None:
        if self.store is not None:
            outcomes = await self.store.cancel(ids)
            self._stopping.difference_update(ids)
            self.tell(outcomes, "cancelled")

    def _pause(self, rows: list[JobRow]) -> None:
        self._run(self._send_pause(rows))

    async def _send_pause(self, rows: list[JobRow]) -> None:
        if self.store is None:
            return
        paused = [row.id for row in rows if row.status is Status.PAUSED]
        running = [row.id for row in rows if row.status is not Status.PAUSED]
        if running:
            self.tell(await self.store.pause(running), "paused")
        if paused:
            self.tell(await self.store.resume(paused), "resumed")

    # Files

    def delete_files(
        self, ids: Sequence[str], then: Callable[[Outcomes], object] = lambda _: None, *, question: str = ""
    ) -> None:
        """Ask, with a `question` of one's own or the usual one, then delete files at the provider; `then` hears how it
        went."""
        if not ids:
            self._prompt.say("delete: no file is selected", "warn")
            return
        if self._is_offline("delete"):
            return
        what = f"file {ids[0]}" if len(ids) == 1 else f"{len(ids)} files"

        async def send() -> None:
            if self.store is not None:
                outcomes = await self.store.delete_files(ids)
                then(outcomes)
                self.tell(outcomes, "deleted", things="files", well=f"deleted {ids[0]}" if len(ids) == 1 else "")

        self._ask(question or f"Delete {what} at the provider?", "delete", len(ids), lambda: self._run(send()))

    # Asking and telling

    def _is_offline(self, verb: str) -> bool:
        """Say so where nothing that is sent would arrive; the archive's own copies need nobody else."""
        unreachable = self.store.snapshot.health.unreachable if self.store is not None else "not connected yet"
        if unreachable:
            self._prompt.say(f"{verb}: offline ({unreachable})", "warn")
        return bool(unreachable)

    def _ask(self, question: str, verb: str, number: int, act: Callable[[], object]) -> None:
        if number > MANY:
            self._prompt.ask_number(question, number, verb, act)
        else:
            self._prompt.ask(question, act)

    def tell(self, outcomes: Outcomes, done: str, *, things: str = "jobs", well: str = "") -> None:
        """Say how it went; what was refused comes first, with its reason.

        Args:
            done: what was wanted: `cancelled`, `deleted`.
            well: what to say instead when nothing was refused.
        """
        self._changed(frozenset(outcomes))
        refused = [(id, outcome) for id, outcome in outcomes.items() if not outcome.ok]
        if not refused:
            one = len(outcomes) == 1
            self._prompt.say(well or f"{done} {short_id(next(iter(outcomes))) if one else f'{len(outcomes)} {things}'}")
            return
        for id, outcome in refused:
            self._troubled(" ".join(filter(None, (f"{id} was not {done}: {outcome.message}", outcome.request_id))))
        id, outcome = refused[0]
        more = f" ({len(refused)} of {len(outcomes)} refused)" if len(outcomes) > 1 else ""
        self._prompt.say(f"{short_id(id)} was not {done}: {outcome.message}{more}", "warn")


def _of(row: JobRow) -> str:
    """What stands before ids where several profiles are shown."""
    return f"{row.profile}/" if row.profile else ""


def _states(rows: Iterable[JobRow]) -> str:
    """`2 running, 1 queued`."""
    found: dict[str, int] = {}
    for row in rows:
        found[row.status_text] = found.get(row.status_text, 0) + 1
    return ", ".join(f"{number} {status}" for status, number in found.items())
