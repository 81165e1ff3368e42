"""The embedded service of this machine, reached through a Unix socket."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from fttui.api.errors import NotFound, Unreachable
from fttui.api.providers.base import Provider
from fttui.api.providers.dialect import Dialect
from fttui.models import labels
from fttui.models.assessment import Assessment
from fttui.models.chat import phase_chunk
from fttui.models.export import ModelExport
from fttui.models.file import Model
from fttui.models.run_state import Phase
from fttui.models.spec import JobSpec, local_pairs, trainer_settings_error


class Local(Dialect):
    """OpenAI's API, with absolute paths of models, and settings that it has no field for in the metadata."""

    async def model(self, id: str) -> Model:
        return await super().model(_absolute(id))

    async def exceeds(self, specs: Sequence[JobSpec]) -> Assessment:
        try:
            model = await self.model(specs[0].model)
        except NotFound as error:
            return Assessment(error.reason.rstrip("."), member="model")
        if model.settings is None:
            return Assessment()
        reasons = (trainer_settings_error(spec, model.settings, model.trainer) for spec in specs)
        return Assessment(next(filter(None, reasons), ""))

    async def export_model(
        self, model: str, directory: str, *, merged: bool, progress: Callable[[Phase], object]
    ) -> ModelExport:
        found: ModelExport | None = None
        body = {"model": model, "directory": directory, "merged": merged}
        async with self._http.events("/fttui/exports", body) as events:
            async for event in events:
                if not event.is_comment:
                    found = ModelExport.read(self._http.value_of(event))
                elif (chunk := phase_chunk(event.text)) is not None and chunk.phase is not None:
                    progress(chunk.phase)
        if found is None:
            reason = "the answer ended early"
            raise Unreachable(f"lost the connection to {self.provider.title}: {reason}", kind="cut", reason=reason)
        return found

    def body(self, spec: JobSpec) -> dict[str, Any]:
        body = super().body(spec)
        if "model" in body:
            body = {**body, "model": _absolute(str(body["model"]))}
        method: dict[str, Any] = body.get("method", {})
        kind = method.get("type", "")
        inner: dict[str, Any] = dict(method.get(kind, {}))
        given: dict[str, Any] = inner.pop("hyperparameters", {})
        moved = local_pairs(given)
        if not moved:
            return body
        if kept := {name: value for name, value in given.items() if f"{labels.PREFIX}{name}" not in moved}:
            inner["hyperparameters"] = kept
        changed = {"type": kind, kind: inner} if inner else {"type": kind}
        return body | {"method": changed, "metadata": {**body.get("metadata", {}), **moved}}


def _absolute(model: str) -> str:
    """Return the absolute path of a directory: the service has another current directory. An id stays as it is."""
    if model.startswith(("/", "~", "./", "../")):
        return os.path.abspath(os.path.expanduser(model))
    return model


def provider() -> Provider:
    """Return the embedded service. The host name is never resolved."""
    return Provider(
        name="local",
        base_url="http://fttui/v1",
        label="the local service",
        has_samples=True,
        keeps_no_copy=True,
        dialect=Local,
    )
