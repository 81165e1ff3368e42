"""Keys of the Try screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fttui.core.try_candidates import Candidate
from fttui.core.try_model import NO_SAMPLER, Answer, AnswerState, TryModel
from fttui.core.try_prompts import PromptList, job_prompts
from fttui.data.prompts import Prompt, typed_prompt
from fttui.ui.cockpit.clipboard import Clipboard
from fttui.ui.cockpit.command_line import CommandError
from fttui.ui.cockpit.exporter import Exportable, Exporter
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.render.rows import Line
from fttui.ui.try_screen import settings_line, texts
from fttui.ui.try_screen.asking import Asking
from fttui.ui.try_screen.lines import export_command
from fttui.ui.try_screen.text_edit import TextEdit
from fttui.ui.widgets.prompt import PromptRow
from fttui.ui.widgets.text_input import MOST_HISTORY, Assistance

if TYPE_CHECKING:
    from fttui.ui.try_screen.presenter import TryPresenter
    from fttui.ui.try_screen.state import TryState

SAME = "Temperature 0 gives the same answer again. :temperature 0.7 varies it."
WRITE_HINT: Line = [
    (" enter", "key"), (" asks  ", ""), ("ctrl+o", "key"), (" new line  ", ""), ("esc", "key"), (" drops it", ""),
]  # fmt: skip


class TryKeys:
    """Handlers of the commands, and the writing of prompts."""

    def __init__(
        self,
        state: TryState,
        presenter: TryPresenter,
        asking: Asking,
        trying: TryModel,
        row: PromptRow,
        clipboard: Clipboard,
        model: CockpitModel,
        close: Callable[[], None],
    ) -> None:
        self._state = state
        self._presenter = presenter
        self._asking = asking
        self._trying = trying
        self._row = row
        self._clipboard = clipboard
        self._model = model
        self._close = close
        self._is_confirmed = trying.is_local
        """The user has agreed to the cost."""
        self._edited: Prompt | None = None
        """Prompt that is edited; None for a new one."""
        self._history: list[str] = []
        self._exporter = Exporter(
            row,
            Exportable("try", texts.FORMATS, self._file_name, lambda format: texts.file_content(self._tried(), format)),
        )

    @property
    def handlers(self) -> Handlers:
        state = self._state
        return {
            "search.next": lambda: self._go(lambda: state.go(1), "This is the last prompt."),
            "search.previous": lambda: self._go(lambda: state.go(-1), "This is the first prompt."),
            "move.first": lambda: self._go(lambda: state.go_to(0), "This is the first prompt."),
            "move.last": lambda: self._go(state.go_last, "This is the last prompt."),
            "filter.text": self._search,
            "open": self._ask_again,
            "refresh": self._ask_again,
            "job.clone": self._edit,
            "job.create": self._write_new,
            "pane.next": self._switch,
            "pane.previous": self._switch,
            "tab.next": lambda: self._next_model(1),
            "tab.previous": lambda: self._next_model(-1),
            "job.cancel": self._stop,
            "command": self._settings,
            "copy.id": self._copy,
            "copy.more": self._copy_more,
            "export": self._exporter.ask,
            "log.metrics": self._toggle_expected,
            "zoom": self._zoom,
            "move.down": lambda: self._scroll(1),
            "move.up": lambda: self._scroll(-1),
            "move.page_down": lambda: self._scroll(10),
            "move.page_up": lambda: self._scroll(-10),
            "back": self._back,
            "quit": self._close,
        }

    # Prompts

    async def read_prompts(self) -> None:
        """Read the prompts of the job's files once there is a connection, and show the first one."""
        self._state.take(await self._read())
        self._show_prompt()

    async def _read(self) -> PromptList:
        id = self._state.subject.job
        while id and not (reason := self._model.why_not("try_model")):
            store = self._model.store
            job = store.job(id) if store is not None else None
            if job is not None and store is not None and (api := store.model_api) is not None:
                return await job_prompts(api, job, is_local=self._model.service.is_local)
            await self._model.next_change()
        return PromptList(trouble=f"{reason.capitalize()}." if id else "")

    def _go(self, move: Callable[[], bool], at_end: str) -> None:
        if move():
            self._asking.drop()
            self._show_prompt()
        else:
            self._row.show_message(at_end if self._state.prompts else "There are no prompts.", "dim")

    def _show_prompt(self) -> None:
        """Ask the models without an answer to the current prompt, at once on this machine. Else say the cost first."""
        if self._state.prompt is not None:
            missing = [candidate for candidate, answer in self._presenter.pairs if answer is None]
            if self._trying.is_local:
                self._ask(missing)
            elif not self._is_confirmed and missing:
                self._confirm(missing)
        self._presenter.draw()

    def _search(self) -> None:
        def done(text: str, accepted: bool) -> None:
            if accepted and text.strip():
                self._go(lambda: self._state.find(text.strip()), f"No other prompt has {text.strip()!r}.")

        self._row.read_text("/", "", lambda _: None, done)

    # Questions to the models

    def _ask_again(self) -> None:
        if reason := self._model.why_not("try_model"):
            self._row.show_message(f"try: {reason}", "warn")
            return
        prompt = self._state.prompt
        if prompt is None:
            self._row.show_message("There are no prompts. a writes one.", "dim")
            return
        again = [each for each, answer in self._presenter.pairs if self._is_worth_asking(each, answer)]
        if not again:
            running = any(answer is not None and not answer.is_over for _, answer in self._presenter.pairs)
            self._row.show_message("The models are still writing. c stops them." if running else SAME, "dim")
        elif self._is_confirmed:
            self._ask(again)
        else:
            self._confirm(again)

    def _is_worth_asking(self, candidate: Candidate, answer: Answer | None) -> bool:
        if answer is None or answer.state in (AnswerState.STOPPED, AnswerState.FAILED):
            return True
        return answer.state is AnswerState.ENDED and self._state.sampling(candidate).temperature > 0

    def _ask(self, candidates: list[Candidate]) -> None:
        if (prompt := self._state.prompt) is None:
            return
        for candidate in candidates:
            self._asking.ask(candidate, prompt, self._state.sampling(candidate))
        self._presenter.draw_answers()

    def _confirm(self, candidates: list[Candidate]) -> None:
        from fttui.config.errors import ConfigError

        prompt, state = self._state.prompt, self._state
        if prompt is None:
            return
        names = " and ".join(each.model if each.kind == "base" else state.subject.title for each in candidates)
        sampling = state.sampling(candidates[0])
        words = "The price is not known."
        try:
            cost = self._trying.cost([each.model for each in candidates], prompt, sampling)
        except ConfigError as error:
            words = f"The price is not known: {error}"
        else:
            if cost.cost is not None:
                sizes = f"({cost.prompt_tokens:,} tokens in, up to {sampling.max_tokens:,} out)"
                words = f"{cost.text.capitalize()} a prompt {sizes}."

        def agreed() -> None:
            self._is_confirmed = True
            self._ask(candidates)

        self._row.confirm(f"Ask {names}? {words}", agreed)

    def _stop(self) -> None:
        stopped = [candidate for candidate in self._state.models if self._asking.stop(candidate)]
        if stopped:
            self._presenter.draw_answers()
        else:
            self._row.show_message("No answer is being written.", "dim")

    # Own prompts

    def _edit(self) -> None:
        prompt = self._state.prompt
        if prompt is None:
            self._write_new()
            return
        self._edited = prompt
        self._presenter.edit = TextEdit(prompt.parts[-1].text)
        self._show_editor()

    def _write_new(self) -> None:
        self._edited = None
        self._presenter.edit = TextEdit()
        self._show_editor()

    def _show_editor(self) -> None:
        self._row.clear_message()
        self._presenter.show_hint(WRITE_HINT)
        self._presenter.draw()

    def write(self, key: str, character: str | None) -> bool:
        """Handle a key while a prompt is written. Return False when none is."""
        edit = self._presenter.edit
        if edit is None:
            return False
        if key == "enter" and edit.text.strip():
            self._end_edit()
            self._state.add(self._written(edit.text))
            self._asking.drop()
            self._presenter.draw()
            self._ask_again()
        elif key in ("escape", "ctrl+c", "enter"):
            self._end_edit()
            self._presenter.draw()
        elif edit.key(key, character):
            self._presenter.draw()
        return True

    def paste(self, text: str) -> bool:
        """Insert pasted text into the prompt that is written. Return False when none is."""
        if self._presenter.edit is None:
            return False
        self._presenter.edit.insert(text)
        self._presenter.draw()
        return True

    def _end_edit(self) -> None:
        self._presenter.edit = None
        self._presenter.show_hint(None)

    def _written(self, text: str) -> Prompt:
        """Return the prompt of a text: the edited one with its last message replaced, or a new one.

        A new one keeps the system messages of the prompt that is shown, with which the model has learned to answer.
        """
        before = self._edited
        if before is None:
            shown = self._state.prompt
            return typed_prompt(text, shown.instructions if shown is not None else ())
        return Prompt([*before.messages[:-1], {**before.messages[-1], "content": text}], before.tools)

    # Models, settings and view

    def _switch(self) -> None:
        if self._state.switch():
            self._presenter.draw()
        else:
            self._row.show_message("One model is shown.", "dim")

    def _next_model(self, step: int) -> None:
        before = self._state.candidate
        if not self._state.next_model(step):
            self._row.show_message("The job has no other model.", "dim")
            return
        self._asking.stop(before)
        self._show_prompt()

    def _settings(self) -> None:
        def done(line: str, accepted: bool) -> None:
            if not accepted or not line.strip():
                return
            self._history[:] = [*(old for old in self._history if old != line), line][-MOST_HISTORY:]
            try:
                changed: dict[str, Any] = settings_line.parse(line)
            except CommandError as error:
                self._row.show_message(str(error), "warn")
                return
            self._state.set(**changed)
            self._asking.drop()
            self._show_prompt()

        assistance = Assistance(settings_line.completions, settings_line.hint, history=self._history)
        self._row.read_text(":", "", lambda _: None, done, assistance)

    def _toggle_expected(self) -> None:
        prompt = self._state.prompt
        if prompt is None or not prompt.expected:
            self._row.show_message("This prompt has no expected answer.", "dim")
            return
        self._state.shows_expected = not self._presenter.shows_expected
        self._presenter.draw()

    def _zoom(self) -> None:
        self._state.is_zoomed = not self._state.is_zoomed
        self._presenter.draw()

    def _scroll(self, lines: int) -> None:
        self._presenter.scroll(lines)

    def _back(self) -> None:
        if self._state.is_zoomed:
            self._zoom()
        else:
            self._close()

    # Copy and export

    @property
    def _current(self) -> texts.Tried | None:
        prompt = self._state.prompt
        if prompt is None:
            return None
        pairs = [(candidate, answer) for candidate, answer in self._presenter.pairs if answer is not None]
        return texts.Tried(0, prompt, pairs)

    def _copy(self) -> None:
        answer = self._presenter.pairs[self._state.active][1]
        if answer is not None and answer.error is not None and answer.error.code == NO_SAMPLER:
            self._clipboard.copy(export_command(self._state.subject.title), "the command")
        else:
            self._clipboard.copy(answer.content if answer is not None else "", "the answer")

    def _copy_more(self) -> None:
        tried, copy, service = self._current, self._clipboard.copy, self._model.service
        if tried is None:
            self._row.show_message("There are no prompts.", "dim")
            return
        models, prompt, candidate = self._state.models, tried.prompt, self._state.candidate
        choices: dict[str, tuple[str, Callable[[], None]]] = {
            "p": ("prompt", lambda: copy(texts.prompt_text(prompt), "the prompt")),
            "b": ("both", lambda: copy(texts.both_text(tried), "prompt and answers")),
            "j": ("JSON", lambda: copy(json.dumps(texts.as_json(tried), indent=2), "the JSON")),
            "t": ("fttui models try", lambda: copy(texts.shell_command(models, prompt), "the command")),
        }
        if service.base_url:
            sampling = self._state.sampling(candidate)
            command = texts.curl_command(service.base_url, candidate.model, prompt, sampling, azure=service.is_azure)
            choices["c"] = ("curl", lambda: copy(command, "the curl command (without the key)"))
        self._row.open_menu("copy", choices)

    def _tried(self) -> list[texts.Tried]:
        """Return all prompts that have answers."""
        state = self._state
        candidates = list(dict.fromkeys([*state.models, *state.subject.choices]))
        found = []
        for number, prompt in enumerate(state.prompts, 1):
            kept = [(each, self._trying.kept(each.model, prompt, state.sampling(each))) for each in candidates]
            if pairs := [(candidate, answer) for candidate, answer in kept if answer is not None]:
                found.append(texts.Tried(number, prompt, pairs))
        return found

    def _file_name(self) -> str:
        return f"{self._state.subject.title}-answers" if self._tried() else ""
