"""Keys of the cockpit at each living provider: they work, or they are dim and say why."""

from typing import NamedTuple

import pytest

from fttui.api import providers
from fttui.commands import BY_ID, footer_entries
from fttui.models.restrictions import Restrictions
from fttui.ui.render.status_line import ServiceInfo
from tests.support.fake_store import FakeStore, job
from tests.support.ui_fakes import Ui, cockpit


class Key(NamedTuple):
    """A key that needs a route of the provider."""

    command: str
    pane: str
    job: str
    """Suffix of the job under the cursor."""
    does: str
    """Text on the screen when it works."""


RUNNING, PAUSED, DONE = "r", "p", "d"
KEYS = {
    "create": Key("job.create", "jobs", RUNNING, "Create a job"),
    "clone": Key("job.clone", "jobs", RUNNING, "Create a job like"),
    "cancel": Key("job.cancel", "jobs", RUNNING, "Cancel r "),
    "pause": Key("job.pause", "jobs", RUNNING, "Paused r "),
    "resume": Key("job.pause", "jobs", PAUSED, "Resumed p "),
    "delete": Key("job.delete", "jobs", DONE, "Delete "),
    "delete_model": Key("job.delete", "checkpoints", DONE, "Delete the model of step"),
    "delete_file": Key("job.delete", "files", DONE, "Delete train.jsonl (file-train)"),
    "content": Key("export", "files", DONE, "download to:"),
    "try_model": Key("model.try", "jobs", DONE, "── Try d"),
}
LACKS = {
    "openai": {"delete_job"},
    "nebius": {"delete_job"},
    "bedrock": {"delete_job"},
    "together": {"pause", "resume", "delete_model"},
    "dashscope": {"pause", "resume", "delete_model", "try_model"},
    "localai": {"pause", "resume", "delete_model", "delete_file", "content", "try_model"},
    "vertex": {"pause", "resume", "delete_job", "try_model", "delete_file", "content"},
    "fireworks": {"create", "clone", "pause", "content", "try_model"},
}
"""Routes that each provider lacks, of those that keys need."""
WORDS = {
    "create": "takes no new jobs and no new data: its managed training was closed",
    "clone": "takes no new jobs and no new data: its managed training was closed",
    "content": "does not offer downloads of files",
    "try_model": "does not offer chat completions",
    "delete_file": "does not offer deleting files",
    "delete_model": "does not offer deleting models",
}


def store(name: str) -> FakeStore:
    facts = providers.provider(name, "https://provider.example/v1")
    found = FakeStore(restrictions=Restrictions(facts.missing, facts.closed))
    saved = {"id": "c1", "step_number": 10, "fine_tuned_model_checkpoint": "ft:m:ckpt-step-10"}
    ended = job(3, "succeeded", user_provided_suffix=DONE, fine_tuned_model="ft:m:d")
    found.saved = {ended["id"]: [saved]}
    return found.put(
        job(1, "running", user_provided_suffix=RUNNING), job(2, "paused", user_provided_suffix=PAUSED), ended
    )


async def press(ui: Ui, key: Key) -> str:
    """Press a key in its pane, on its job. Return the reason for which its footer entry is dim."""
    while ui.app.screen is not ui.main or ui.main.prompt.takes_keys:
        await ui.press("escape")
    ui.main.prompt.show_message("")
    row = next(row for row in ui.main.model.snapshot.rows.values() if row.suffix == key.job)
    ui.main.controllers.layout.go("jobs")
    ui.main.presenter.move_to_job(row.id)
    ui.main.controllers.layout.go(key.pane)
    await ui.pilot.pause()
    reason = ui.main.model.refusal(key.command, key.pane)
    ui.store.sent.clear()
    await ui.press(BY_ID[key.command].keys.split(",")[0])
    return reason


@pytest.mark.parametrize("name", {frozenset(lacks): name for name, lacks in LACKS.items()}.values())
async def test_key_works_or_is_dim_with_the_reason(name: str) -> None:
    place = ServiceInfo(name, "provider.example", False, False, "", provider=name)
    async with cockpit(store(name), size=(120, 40), place=place) as ui:
        for route, key in KEYS.items():
            reason = await press(ui, key)
            screen = "\n".join(ui.screen)
            is_delete = route == "delete"
            lacks = route in LACKS[name] or (is_delete and {"delete_job", "delete_model"} <= LACKS[name])
            if not lacks:
                assert (reason, key.does in screen) == ("", True), f"{route}: {reason}\n{screen}"
                continue
            assert WORDS.get(route, f"{name} does not offer {route.replace('delete', 'deleting jobs')}") in reason
            assert reason.split(":")[0][:60] in screen.replace("\n", " "), f"{route}\n{screen}"
            assert ui.store.sent == []


@pytest.mark.parametrize("name", LACKS)
def test_table_has_the_facts_of_the_provider(name: str) -> None:
    facts = providers.provider(name, "https://provider.example/v1")
    wanted = (
        KEYS.keys() & facts.missing | {"delete_job"} & facts.missing | ({"create", "clone"} if facts.closed else set())
    )
    assert LACKS[name] == wanted


def test_every_key_of_the_footer_that_sends_something_is_in_the_table() -> None:
    sends = {"job.create", "job.clone", "job.cancel", "job.pause", "job.delete", "model.try"}
    shown = {command.id for command, _, _ in footer_entries()}
    assert sends <= {key.command for key in KEYS.values()} | (sends - shown)
