"""A store with real runs of the embedded trainer: three learning rates, one of which diverges, and a long run."""

from fttui.learning.alarms import check_job
from fttui.learning.finding import JobState
from fttui.models.status import status_of
from tests.support.fake_store import FakeStore, job
from tests.support.simulated_runs import real_run, until

TEN_EPOCHS, LR_1, LR_3, LR_40 = (f"ftjob-{number:08d}" for number in range(1, 5))
_RUNS = (
    ("ten-epochs", "overfit", 10, 2, "running"),
    ("lr-1", "good", 3, 1, "succeeded"),
    ("lr-3", "lr-x3", 3, 3, "succeeded"),
    ("lr-40", "diverge-x40", 3, 40, "succeeded"),
)
RUNNING_TO = 640
"""Last step of the running job."""


def trained(step: int = RUNNING_TO) -> FakeStore:
    """Return a store with four jobs, of which the first is running and has reached a step."""
    store = FakeStore()
    for number, (name, run, epochs, rate, status) in enumerate(_RUNS, 1):
        settings = {"n_epochs": epochs, "batch_size": 1, "learning_rate_multiplier": rate}
        raw = job(
            number,
            status,
            user_provided_suffix=name,
            model="fttui-tiny-1",
            validation_file="file-valid",
            seed=1,
            method={"type": "supervised", "supervised": {"hyperparameters": settings}},
            trained_tokens=None if status == "running" else 89_760,
        )
        store.put(raw)
        store.log[raw["id"]] = []
        store.runs[raw["id"]] = real_run(run)
    advance(store, step)
    for id, run in store.runs.items():
        name = store.raw[id]["user_provided_suffix"]
        state = JobState(run, status_of(store.raw[id]["status"]), has_validation_file=True)
        store.reports[id] = check_job(state)
        store.saved[id] = [
            {"id": f"ckpt-{at}", "step_number": at, "fine_tuned_model_checkpoint": f"ft:{name}:ckpt-step-{at}"}
            for at in run.checkpoints
        ]
    store.publish()
    return store


def advance(store: FakeStore, step: int) -> None:
    """Let the running job reach a step. The store publishes it later."""
    store.runs[TEN_EPOCHS] = until(real_run("overfit"), step)
