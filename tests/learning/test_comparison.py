import pytest

from fttui.learning.comparison import Entry, as_json, compare
from fttui.learning.kinds import Kind
from fttui.learning.run import run_of
from fttui.learning.summary import summarize
from fttui.models.summary import Summary
from tests.support.simulated_runs import real_run


def _entry(name: str, best: float, noise: float = 0.007, metric: str = "full_valid_loss", **settings: str) -> Entry:
    summary = Summary(metric, best + 0.01, 270, best, 180, 1.4, 1.3, noise)
    return Entry(f"ftjob-{name}", name, summary, {"model": "tiny", **settings}, "file-1")


def test_real_runs_are_ordered_by_best_validation_loss() -> None:
    names = ("diverge-x40", "good", "overfit")
    entries = [Entry(name, name, summarize(real_run(name)), {"n_epochs": "3"}, "v") for name in names]
    found = compare(entries)
    assert [entry.name for entry in found.entries] == ["good", "overfit", "diverge-x40"]
    assert found.best == "good"
    assert found.sentence == "good is best: validation 1.659 at step 270, 0.079 below overfit."


def test_real_runs_within_noise_are_equal() -> None:
    entries = [Entry(name, name, summarize(real_run(name)), {}, "v") for name in ("lr-x3", "good")]
    found = compare(entries)
    assert found.best is None
    assert found.sentence.startswith("good and lr-x3 are equal within noise (0.005 of ±0.0")


def test_settings_that_differ_are_listed() -> None:
    found = compare([_entry("a", 1.6, n_epochs="3", seed="1"), _entry("b", 1.9, n_epochs="5", seed="1")])
    assert (found.differs, found.same) == (["n_epochs"], ["model", "seed"])
    assert found.influence == "Epochs mattered: 1.60 with 3, 1.90 with 5."


def test_different_validation_data_is_not_compared() -> None:
    found = compare([_entry("a", 1.6), _entry("b", 1.9)._replace(validation_data="file-2")])
    assert (found.best, found.is_warning) == (None, True)
    assert found.sentence == "Validation files differ: losses are not comparable."


def test_runs_without_validation_are_compared_by_training_loss() -> None:
    found = compare([_entry("a", 1.6, metric="train_loss"), _entry("b", 1.9)])
    assert found.metric == "train_loss"
    assert found.sentence.startswith("No validation loss in common: compared by training loss.")


def test_runs_that_differ_only_in_their_seed_are_repeats() -> None:
    runs = [_entry(f"r{seed}", best, seed=str(seed)) for seed, best in enumerate((1.82, 1.83, 1.84))]
    found = compare(runs)
    (group,) = found.groups
    assert (group.mean, group.spread) == (pytest.approx(1.83), pytest.approx(0.01))
    assert found.noise == pytest.approx(0.01)
    assert found.best is None
    assert found.repeats == "Repeats: 1.830 ± 0.010 (3 runs)."


def test_setting_that_mattered_is_found_among_repeats() -> None:
    runs = [
        _entry(f"lr{rate}-{seed}", best, seed=str(seed), learning_rate_multiplier=str(rate))
        for rate, seed, best in ((1, 1, 1.65), (1, 2, 1.66), (3, 1, 1.80), (3, 2, 1.82))
    ]
    found = compare(runs)
    assert found.influence.startswith("Learning rate mattered: 1.65 with 1, 1.81 with 3.")
    assert found.repeats == (
        "Repeats: learning rate 1: 1.655 ± 0.007 (2 runs); learning rate 3: 1.810 ± 0.014 (2 runs)."
    )


def test_too_few_runs_of_two_settings_tell_nothing() -> None:
    runs = [_entry("a", 1.6, n_epochs="1", batch_size="1"), _entry("b", 1.9, n_epochs="3", batch_size="8")]
    assert compare(runs).influence == "2 runs are too few to tell which of epochs and batch size mattered."


def test_many_settings_of_different_providers_are_counted() -> None:
    names = ("lora_r", "lora_alpha", "packing", "warmup_ratio", "n_evals", "weight_decay")
    runs = [_entry("a", 1.6, **dict.fromkeys(names, "1")), _entry("b", 1.9)]
    assert compare(runs).influence == "2 runs are too few to tell which of 6 settings mattered."


def test_run_without_a_loss_is_last() -> None:
    found = compare([Entry("x", "x", Summary()), _entry("a", 1.6), _entry("b", 1.9)])
    assert [entry.name for entry in found.entries][-1] == "x"
    assert found.sentence == "a is best: validation 1.600 at step 180, 0.300 below b."


@pytest.mark.parametrize("count", [1, 10])
def test_number_of_runs_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="two to nine"):
        compare([_entry(str(number), 1.0) for number in range(count)])


def test_json_has_the_members_of_the_contract() -> None:
    found = as_json(compare([_entry("a", 1.6, n_epochs="3"), _entry("b", 1.9, n_epochs="5")]))
    assert found["differs"] == ["n_epochs"]
    assert found["best"] == "ftjob-a"
    jobs = found["jobs"]
    assert isinstance(jobs, list)
    assert jobs[0]["best"] == {"metric": "full_valid_loss", "value": 1.6, "step": 180, "noise": 0.007}
    assert (jobs[0]["base"], jobs[0]["gain"]) == (None, None)
    entry = _entry("a", 1.6)
    gained = entry._replace(summary=entry.summary._replace(base=5.6))
    first = as_json(compare([gained, _entry("b", 1.9)]))["jobs"][0]  # type: ignore[index]
    assert first["base"] == {"metric": "full_valid_loss", "value": 5.6, "step": 0, "noise": 0.007}
    assert first["gain"] == pytest.approx(4.0)
    assert jobs[0]["settings"] == {"model": "tiny", "n_epochs": "3"}


def test_run_without_validation_does_not_take_it_from_the_others() -> None:
    found = compare([_entry("a", 1.6), _entry("short", 1.0, metric="train_loss"), _entry("b", 1.9)])
    assert [entry.name for entry in found.entries] == ["a", "b", "short"]
    assert found.metric == "full_valid_loss"
    assert found.sentence == "a is best: validation 1.600 at step 180, 0.300 below b."
    assert found.notes == ["Left out without a validation loss: short."]


def test_overfitted_run_is_not_best_by_training_loss() -> None:
    overfitted = _entry("a", 1.6)._replace(kinds=frozenset((Kind.OVERFITTING,)))
    overfitted = overfitted._replace(summary=overfitted.summary._replace(train=0.263))
    found = compare([overfitted, _entry("b", 1.9, metric="train_loss")])
    assert found.best is None
    assert found.sentence.endswith("a has the lowest, 0.263, but no run is best: it overfitted.")


@pytest.mark.parametrize(
    ("checkpoint", "note"),
    [
        (180, "long overfitted (last 4.124): use its checkpoint of step 180."),
        (None, "long overfitted (last 4.124), and no better checkpoint of it is known."),
        (270, "long overfitted (last 4.124), and no better checkpoint of it is known."),
    ],
)
def test_best_run_that_went_bad_comes_with_its_checkpoint(checkpoint: int | None, note: str) -> None:
    long = _entry("long", 1.6)._replace(kinds=frozenset((Kind.OVERFITTING,)), checkpoint=checkpoint)
    long = long._replace(summary=long.summary._replace(last=4.124))
    for other in (_entry("sample", 1.601), _entry("sample", 1.9)):  # equal, then worse
        assert compare([long, other]).notes == [note]


def test_run_that_got_worse_without_an_alarm_comes_with_its_checkpoint() -> None:
    entry = _entry("a", 1.6)._replace(checkpoint=180)
    entry = entry._replace(summary=entry.summary._replace(last=1.8))
    assert compare([entry, _entry("b", 1.9)]).notes == [
        "a was better before (last 1.800): use its checkpoint of step 180."
    ]


def test_runs_behind_the_best_that_went_bad_are_named_by_what_happened() -> None:
    bad = {"x": Kind.OVERFITTING, "y": Kind.DIVERGING, "z": Kind.OVERFITTING}
    runs = [_entry(name, 2.0)._replace(kinds=frozenset((kind,))) for name, kind in bad.items()]
    assert compare([_entry("a", 1.6), *runs]).notes == ["y diverged.", "x and z overfitted."]


def test_run_that_turned_to_nan_is_named() -> None:
    nan = float("nan")
    points = [(step, {"train_loss": 1.5, "valid_loss": 1.6} if step < 100 else {"train_loss": nan}, None)
              for step in range(1, 201)]  # fmt: skip
    run = Entry("n", "nanrun", summarize(run_of(points)), {}, "file-1")
    found = compare([_entry("a", 1.9), run, _entry("b", 2.0)])
    assert ([entry.name for entry in found.entries], found.notes) == (["a", "b", "nanrun"], ["nanrun turned to NaN."])
    assert compare([_entry("a", 1.9), run._replace(checkpoint=90)]).notes == [
        "nanrun turned to NaN (last 1.600): use its checkpoint of step 90."
    ]


def test_other_models_and_unknown_data_are_said() -> None:
    runs = [_entry("a", 1.6), _entry("b", 1.9, model="large")]
    assert compare(runs).notes == ["Models differ: a loss depends on the tokenizer too."]
    assert compare([runs[0], _entry("b", 1.9)._replace(validation_data="")]).notes == [
        "The validation data of b are not known."
    ]
    assert compare([entry._replace(validation_data="", settings={}) for entry in runs]).notes == [
        "Whether the validation data are the same is not known."
    ]


def test_training_losses_of_different_data_come_with_a_warning() -> None:
    runs = [_entry(name, 1.6, metric="train_loss", training_file=name) for name in "ab"]
    assert compare(runs).notes == ["Training files differ: a lower training loss need not mean a better model."]


def test_losses_of_different_methods_are_not_compared() -> None:
    found = compare([_entry("a", 0.6, method="dpo"), _entry("b", 1.9, method="supervised")])
    assert (found.best, found.is_warning) == (None, True)
    assert found.sentence == "Methods differ: losses are not comparable."


def test_setting_that_a_run_lacks_is_not_said_to_matter() -> None:
    runs = [_entry("a", 1.6, n_epochs="1"), _entry("b", 1.9, n_epochs="3"), _entry("c", 1.0)]
    assert compare(runs).influence == "Epochs mattered: 1.60 with 1, 1.90 with 3."
    assert compare([runs[0], runs[2]]).influence == ""
    repeats = [_entry(f"c{seed}", 1.0, seed=str(seed)) for seed in (1, 2)]
    assert "Repeats: epochs not given: 1.000" in compare([*repeats, runs[0]]).repeats
