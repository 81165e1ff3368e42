"""Sentences about the phase before the first step."""

from fttui.learning.phase_words import phase_words
from fttui.models.run_state import Phase

MODEL = "Qwen/Qwen3-0.6B"


def test_phase_names_model_counts_and_time_left() -> None:
    phase = Phase("downloading", 412e6, 1.2e9, "bytes", finish=1120.0)
    assert phase_words(phase, MODEL, 1000.0) == (
        "downloading Qwen/Qwen3-0.6B: 412.0 MB of 1.2 GB (34 %), about 2 min left"
    )
    assert phase_words(phase, MODEL, None) == "downloading Qwen/Qwen3-0.6B: 412.0 MB of 1.2 GB (34 %)"
    assert phase_words(phase, MODEL, 1130.0).endswith("(34 %)"), "an estimate that has passed is not shown"
    assert phase_words(Phase("loading"), MODEL, None) == "loading Qwen/Qwen3-0.6B"
    assert phase_words(Phase("preparing", 24_725, 41_208, "examples"), MODEL, None) == (
        "preparing: 24,725 of 41,208 examples (60 %)"
    )
    assert phase_words(Phase("warming up", 3), "", None) == "warming up: 3"


def test_short_form_fits_the_column_of_steps() -> None:
    assert Phase("downloading", 412e6, 1.2e9).short == "get 34%"
    assert Phase("loading").short == "load"
    assert Phase("preparing", 2, 1).short == "prep 100%"
    assert Phase("compiling kernels").short == "comp"
