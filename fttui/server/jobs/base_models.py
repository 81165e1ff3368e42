"""Choice of the model that a request names: a model of the catalog, a tuned model, a directory, an id of the hub."""

import re
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from fttui.install import install_line, missing_modules
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.jobs.trainer_environment import trainer_environment
from fttui.server.settings import Trainer, is_directory
from fttui.server.storage.database import ServiceDatabase
from fttui.server.trainers.hf import hub

AGAIN_SECONDS = 60.0
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}", re.ASCII)


class NoModel(Exception):
    """The model cannot be trained. The message is a sentence for the user."""


class UnknownModel(NoModel):
    """The name is neither of the catalog, nor of a directory, nor an id of the hub."""


class ChosenModel(NamedTuple):
    """Model to start from."""

    id: str
    """The model itself: a base model, or a model that a job made."""
    base: str
    trainer: Trainer
    source: str | None
    """Directory of the base model. None for a model that its trainer finds by its id."""


class DownloadSizes:
    """Sizes of models at the hub. Each is asked for once, and again after `AGAIN_SECONDS` without an answer."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            now: seconds that never jump.
        """
        self._now = now
        self._known: dict[str, tuple[int | None, float]] = {}

    def of(self, id: str, environ: Mapping[str, str]) -> int | None:
        """Return the bytes of a model's weights. Blocks while the hub is asked. None when it does not say."""
        size, at = self._known.get(id, (None, -AGAIN_SECONDS))
        if size is None and self._now() - at >= AGAIN_SECONDS:
            size = hub.download_size(id, environ)
            self._known[id] = size, self._now()
        return size


def choose_model(model: str, catalog: Catalog, database: ServiceDatabase, *, is_owner: bool) -> ChosenModel:
    """Return the model that a request names.

    Args:
        is_owner: the request came over the owner's socket, where directories and any id of the hub are accepted.

    Raises:
        NoModel: there is no such model, or it is not accepted here.
    """
    if (offered := catalog.model(model)) is not None:
        return ChosenModel(model, model, offered.trainer, offered.directory)
    if (tuned := database.models.get(model)) is not None:
        return _tuned(model, tuned.base, tuned.job, catalog, database)
    trained = database.jobs.with_source(model)
    is_path = is_directory(model)
    if not (is_path or trained or _HUB_ID.fullmatch(model)):
        raise UnknownModel(f"Model {model} is not available for fine-tuning or does not exist.")
    if not is_owner:
        raise NoModel(
            f"Model {model} is not available: GET /v1/models does not list it. "
            "Only the owner of the service can train other models, over its socket."
        )
    trainer = catalog.any_model
    if trainer is None:
        missing = ", ".join(missing_modules("hf"))
        raise NoModel(f"Training {model} needs packages that are not installed ({missing}): {install_line('hf')}")
    if not is_path and not trained:
        try:
            hub.find(model, None, trainer_environment(trainer, catalog.settings, commands=False))
        except ValueError as error:
            raise NoModel(str(error)) from None
        return ChosenModel(model, model, trainer, None)
    try:
        found = hub.model_in(trained.source if trained and trained.source else model)
    except ValueError as error:
        raise NoModel(str(error)) from None
    listed = catalog.model(found.id)
    if listed is not None and listed.directory != found.path:
        raise NoModel(f"The service has another model with the name {found.id}. Rename the directory {model}.")
    return ChosenModel(found.id, found.id, trainer, found.path)


def _tuned(model: str, base: str, job_id: str, catalog: Catalog, database: ServiceDatabase) -> ChosenModel:
    """Return a model that a job made. It starts from the base model of that job."""
    job = database.jobs.get(job_id)
    trainer = catalog.trainer_of(job) if job is not None else None
    if job is None or trainer is None:
        raise NoModel(f"Model {model} cannot be tuned: no configured trainer can train {base} any more.")
    return ChosenModel(model, base, trainer, job.source)
