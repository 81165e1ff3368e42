"""Which jobs keep a sampler from the accelerator."""

from fttui.server.jobs.trainer_catalog import TINY, Catalog
from fttui.server.sampling.accelerator import Accelerator
from fttui.server.service import Service
from tests.server.conftest import FAKE, add_job


def run_on(service: Service, job: str, device: str | None) -> None:
    found = service.database.jobs.get(job)
    assert found is not None
    environment = None if device is None else {"device": device}
    service.database.jobs.move(found, "running", [], service.now(), environment=environment)


def test_a_running_job_occupies_the_accelerator_unless_it_runs_on_the_cpu(service: Service) -> None:
    accelerator = Accelerator(service.database, service.catalog)
    job = add_job(service, "support-v5")
    assert accelerator.occupant(FAKE) is None  # not running yet
    run_on(service, job, "CPU, 2 cores")
    assert accelerator.occupant(FAKE) is None
    for device in ("2 × NVIDIA H100", None):  # None: it has not reported its device yet
        other = add_job(service, "support-v5")
        run_on(service, other, device)
        assert accelerator.occupant(FAKE) == f"support-v5 ({other})"
        assert accelerator.occupant(TINY) is None  # it never uses an accelerator
        service.runner.cancel(other)


def test_a_job_of_the_built_in_trainer_occupies_no_accelerator(service: Service) -> None:
    run_on(service, add_job(service), None)
    assert Accelerator(service.database, Catalog([TINY._replace(models=("base-1",))])).occupant(FAKE) is None
