"""Short crash campaign. `python -m tests.crash` runs a long one."""

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

from fttui.server import control
from tests.crash.campaign import Broken, Campaign, compare
from tests.crash.damage import CONTENTS, DATABASE, FULL_DISK, small_disk
from tests.server.conftest import kill_trainers


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "AZURE_", "FTTUI_", "XDG_")):
            monkeypatch.delenv(name)
    path = tempfile.mkdtemp(prefix="ft-")
    yield path
    for name in os.listdir(path):
        control.stop(os.path.join(path, name))
        kill_trainers(os.path.join(path, name))
    shutil.rmtree(path)


def test_kills_at_random_moments_lose_nothing(parent: str) -> None:
    campaign = Campaign(os.path.join(parent, "killed"), seed=7, kills=8, jobs=3, epochs=6)
    done = campaign.run()
    assert sum(done.values()) == 8
    assert len(campaign.accepted) == 3
    compare(os.path.join(parent, "left"), campaign)


def test_damage_between_kills_loses_nothing_and_is_named(parent: str) -> None:
    disk = os.path.join(parent, "disk")
    os.mkdir(disk)
    with small_disk(disk, 256) as mounted:
        home = os.path.join(disk, "service")
        campaign = Campaign(
            home,
            seed=5,
            kills=9,
            jobs=2,
            epochs=6,
            damage=(*DATABASE, *CONTENTS, FULL_DISK),
            disk=disk if mounted else "",
        )
        try:
            campaign.run()
            compare(os.path.join(parent, "left"), campaign)
        finally:
            control.stop(home)
            kill_trainers(home)
    assert campaign.damage is not None
    assert sum(campaign.damage.done.values()) == 9
    assert set(campaign.damage.done) >= {*DATABASE, FULL_DISK}


def test_the_campaign_detects_damage(parent: str) -> None:
    campaign = Campaign(os.path.join(parent, "killed"), seed=1, kills=0, jobs=1, epochs=1)
    campaign.start_job(1)
    campaign.finish()
    (id,) = campaign.accepted
    client = campaign.client()
    with client:
        campaign.check(client)
        file = next(iter(campaign.uploaded))
        whole = campaign.uploaded[file]
        campaign.uploaded[file] = whole + b"more"
        with pytest.raises(Broken, match=r"has \d+ bytes instead of"):
            campaign.check(client)
        campaign.uploaded[file] = whole
        campaign.events[id]["ftevent-gone"] = {"id": "ftevent-gone"}
        with pytest.raises(Broken, match="lost or changed"):
            campaign.check(client)
        del campaign.events[id]["ftevent-gone"]
        campaign.accepted["ftjob-gone"] = 2
        with pytest.raises(Broken, match="jobs are lost"):
            campaign.check(client)
        del campaign.accepted["ftjob-gone"]
        checkpoint = os.path.join(campaign.home, "jobs", id, "step-16.bin")
        os.truncate(checkpoint, os.path.getsize(checkpoint) // 3)
        with pytest.raises(Broken, match="is damaged"):
            campaign.check(client)
