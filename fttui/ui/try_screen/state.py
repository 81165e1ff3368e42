"""State of the Try screen: prompts, models, settings, and what is shown. Pure, without Textual."""

from collections.abc import MutableMapping

from fttui.core.try_candidates import Candidate, Subject
from fttui.core.try_model import Sampling
from fttui.core.try_prompts import PromptList
from fttui.data.prompts import Prompt


class TryState:
    """Everything the screen shows, apart from answers and scroll positions."""

    def __init__(self, subject: Subject, samplings: MutableMapping[str, Sampling]) -> None:
        """
        Args:
            samplings: settings by model, which outlive the screen.
        """
        self.subject = subject
        self.models: list[Candidate] = list(subject.shown)
        """Models whose answers are shown: one or two."""
        self.active = len(self.models) - 1
        """Index of the model that keys act on."""
        self.is_zoomed = False
        """Only the active answer is shown."""
        self.shows_expected: bool | None = None
        """None: where there is room."""
        self.listed: PromptList | None = None
        """Prompts of the job's file; None while they are read."""
        self._own: list[Prompt] = []
        self._index = 0
        self._samplings = samplings

    def renew(self, subject: Subject) -> bool:
        """Take over the present models of the job. Return False when nothing has changed."""
        if subject == self.subject:
            return False
        self.subject = subject
        known = {candidate.model: candidate for candidate in (*subject.choices, *subject.shown)}
        self.models = [known.get(candidate.model, candidate) for candidate in self.models]
        return True

    # Prompts

    @property
    def prompts(self) -> list[Prompt]:
        """Prompts of the file, then those that the user has written."""
        return [*(self.listed.prompts if self.listed is not None else ()), *self._own]

    @property
    def prompt(self) -> Prompt | None:
        """The current prompt."""
        prompts = self.prompts
        return prompts[min(self._index, len(prompts) - 1)] if prompts else None

    @property
    def place(self) -> str:
        """Number of the current prompt: `prompt 3 of 2,000`; empty without prompts."""
        prompts = self.prompts
        if not prompts:
            return ""
        more = "+" if self.listed is not None and self.listed.has_more else ""
        of_training = "training " if self.listed is not None and self.listed.is_training and not self.is_own else ""
        return f"{of_training}prompt {min(self._index, len(prompts) - 1) + 1:,} of {len(prompts):,}{more}"

    @property
    def is_own(self) -> bool:
        """The user has written the current prompt."""
        return bool(self._own) and self.prompt in self._own

    @property
    def where(self) -> str:
        """Place of the current prompt in its file: `line 3 of valid.jsonl`."""
        prompt = self.prompt
        return self.listed.where(prompt) if self.listed is not None and prompt is not None else ""

    def take(self, listed: PromptList) -> None:
        """Take over the prompts of the job's file. A prompt that the user has written meanwhile stays in front."""
        was_own, before = self.is_own, len(self.prompts)
        self.listed = listed
        if was_own:
            self._index += len(self.prompts) - before

    def go(self, step: int) -> bool:
        """Go to a following or an earlier prompt. Return False at the end."""
        return self.go_to(self._index + step)

    def go_to(self, index: int) -> bool:
        """Go to the prompt at an index, or to the nearest one. Return False when the current prompt stays."""
        target = max(0, min(index, len(self.prompts) - 1))
        if target == self._index:
            return False
        self._index = target
        return True

    def go_last(self) -> bool:
        """Go to the last prompt. Return False when it is the current one."""
        return self.go_to(len(self.prompts) - 1)

    def find(self, text: str) -> bool:
        """Go to the next prompt that contains a text, from the one after the current one on. Return False without."""
        prompts, wanted = self.prompts, text.casefold()
        for step in range(1, len(prompts) + 1):
            index = (self._index + step) % len(prompts)
            shown = [part.text for part in prompts[index].parts] + [prompts[index].expected]
            if any(wanted in each.casefold() for each in shown):
                self._index = index
                return True
        return False

    def add(self, prompt: Prompt) -> None:
        """Add a prompt of the user and go to it."""
        self._own.append(prompt)
        self._index = len(self.prompts) - 1

    # Models and settings

    @property
    def candidate(self) -> Candidate:
        """The model that keys act on."""
        return self.models[self.active]

    def next_model(self, step: int) -> bool:
        """Show the next model of the job for the active answer. Return False when the job has no other."""
        choices = [each for each in self.subject.choices if each not in self.models or each == self.candidate]
        if len(choices) < 2 or self.candidate not in choices:
            return False
        self.models[self.active] = choices[(choices.index(self.candidate) + step) % len(choices)]
        return True

    def switch(self) -> bool:
        """Make the other answer active. Return False when there is none."""
        if len(self.models) < 2:
            return False
        self.active = 1 - self.active
        return True

    def sampling(self, candidate: Candidate) -> Sampling:
        """Return the settings of a model."""
        return self._samplings.get(candidate.model, Sampling())

    def set(self, **settings: object) -> None:
        """Change settings of the models that are shown."""
        for candidate in self.models:
            self._samplings[candidate.model] = self.sampling(candidate)._replace(**settings)  # type: ignore[arg-type]

    @property
    def settings_words(self) -> list[str]:
        """Settings of the active model: `temperature 0`, `256 tokens`, and those that are not the usual ones."""
        sampling = self.sampling(self.candidate)
        words = [f"temperature {sampling.temperature:g}", f"{sampling.max_tokens:,} tokens"]
        words += [] if sampling.top_p is None else [f"top-p {sampling.top_p:g}"]
        words += [] if sampling.seed is None else [f"seed {sampling.seed}"]
        return [*words, *(["own system text"] if sampling.system else [])]
