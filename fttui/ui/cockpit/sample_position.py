"""Position in the samples of a job: one prompt at one step. Without widgets."""

from collections.abc import Sequence

from fttui.models.samples import Sample, StepSamples


class SamplePosition:
    """Samples by step, and the one that is shown. It stays at its step and prompt while new samples arrive."""

    def __init__(self, step: int | None = None) -> None:
        """
        Args:
            step: the step to show; None for the newest.
        """
        self._step = step
        self._found: Sequence[StepSamples] = ()
        self._prompt = 0

    def sync(self, found: Sequence[StepSamples]) -> None:
        """Take over the samples of a job, by step."""
        self._found = [each for each in found if each.step_number is not None and each.samples]
        if self._step is None and self._found:
            self._step = self._found[-1].step_number

    @property
    def steps(self) -> list[int]:
        """Steps with samples, in ascending order."""
        return [each.step_number for each in self._found if each.step_number is not None]

    @property
    def at(self) -> StepSamples | None:
        """The samples of the step that is shown."""
        return next((each for each in self._found if each.step_number == self._step), None)

    @property
    def number(self) -> int:
        """Number of the prompt that is shown, counted from 1."""
        return min(self._prompt, self.prompts - 1) + 1

    @property
    def prompts(self) -> int:
        return len(self.at.samples) if self.at is not None else 0

    @property
    def sample(self) -> Sample | None:
        return self.at.samples[self.number - 1] if self.at is not None else None

    @property
    def base(self) -> Sample | None:
        """What the base model answered to the same prompt; None while this is shown itself, and where it is unknown."""
        first = self._found[0] if self._found and self._found[0].step_number == 0 else None
        if first is None or self._step == 0 or self.sample is None:
            return None
        return next((each for each in first.samples if each.prompt == self.sample.prompt), None)

    def move_prompt(self, distance: int) -> bool:
        """Go to another prompt. Return False at the first and the last one."""
        wanted = self.number - 1 + distance
        if not 0 <= wanted < self.prompts:
            return False
        self._prompt = wanted
        return True

    def move_step(self, distance: int) -> bool:
        """Go to another step of the training. Return False at the first and the last one."""
        steps = self.steps
        if self._step not in steps or not 0 <= steps.index(self._step) + distance < len(steps):
            return False
        self._step = steps[steps.index(self._step) + distance]
        return True
