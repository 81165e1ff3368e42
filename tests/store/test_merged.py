"""The merged view of several profiles, over real stores with fake clients."""

from fttui.api.errors import Unreachable
from fttui.models.spec import JobSpec
from fttui.store.health import State
from fttui.store.merged import MergedStore
from fttui.store.polling.fetcher import Fetcher
from fttui.store.snapshot import Change, Snapshot
from fttui.store.store import Store
from tests.support.clock import FakeClock
from tests.support.inline_archive import inline_archive
from tests.support.store_fakes import FakeClient, event, job


class Two:
    """Two providers that list a job with the same id."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.clients = {name: FakeClient(self.clock) for name in ("home", "work")}
        self.clients["home"].jobs = [job(1, "running")]
        self.clients["work"].jobs = [job(1, "succeeded"), job(2, "running")]
        self.stores = {
            name: Store(inline_archive("", name), self.clock, client) for name, client in self.clients.items()
        }
        self.fetchers = {name: Fetcher(store) for name, store in self.stores.items()}
        self.merged = MergedStore(self.stores)
        self.told: list[tuple[Snapshot, Change]] = []
        self.merged.subscribe(lambda snapshot, change: self.told.append((snapshot, change)))

    async def poll(self) -> None:
        for name, fetcher in self.fetchers.items():
            try:
                await fetcher.refresh()
            except Exception as error:
                self.stores[name].feed.failed(error)


def id_of(number: int) -> str:
    return str(job(number)["id"])


async def test_same_id_in_two_profiles_has_two_rows() -> None:
    two = Two()
    await two.poll()
    rows = two.merged.snapshot.rows
    assert {key: (row.profile, row.status_text) for key, row in rows.items()} == {
        f"home/{id_of(1)}": ("home", "running"),
        f"work/{id_of(1)}": ("work", "succeeded"),
        f"work/{id_of(2)}": ("work", "running"),
    }
    found = two.merged.job(f"work/{id_of(1)}")
    assert found is not None
    assert found.status_text == "succeeded"
    assert two.told[-1][1].added <= set(rows)


async def test_rows_are_made_again_only_for_changed_jobs() -> None:
    two = Two()
    await two.poll()
    before = two.merged.snapshot.rows
    assert two.merged.snapshot.rows is before
    two.clients["work"].change(id_of(2), status="failed")
    await two.poll()
    after = two.merged.snapshot.rows
    assert after[f"work/{id_of(2)}"].status_text == "failed"
    assert [key for key, row in after.items() if row is not before[key]] == [f"work/{id_of(2)}"]


async def test_cancel_reaches_the_profile_of_each_job() -> None:
    two = Two()
    await two.poll()
    outcomes = await two.merged.cancel([f"home/{id_of(1)}", f"work/{id_of(2)}"])
    assert {key: outcome.ok for key, outcome in outcomes.items()} == {
        f"home/{id_of(1)}": True,
        f"work/{id_of(2)}": True,
    }
    assert [call for call in two.clients["home"].calls if call[0] == "cancel_job"] == [("cancel_job", id_of(1))]
    assert [call for call in two.clients["work"].calls if call[0] == "cancel_job"] == [("cancel_job", id_of(2))]


async def test_look_at_selects_in_one_profile_only() -> None:
    two = Two()
    await two.poll()
    two.clients["work"].events[id_of(2)] = [event(id_of(2), 1)]
    two.merged.look_at(f"work/{id_of(2)}")
    assert (two.stores["home"].selection.id, two.stores["work"].selection.id) == (None, id_of(2))
    await two.fetchers["work"].fetch_events(id_of(2))
    assert len(two.merged.events(f"work/{id_of(2)}")) == 1
    assert two.merged.events(f"home/{id_of(1)}") == []


async def test_merged_health_is_at_most_stale_while_a_profile_answers() -> None:
    two = Two()
    await two.poll()
    assert two.merged.snapshot.health.state is State.LIVE
    two.clients["home"].fail("list_jobs", Unreachable("reset"))
    await two.poll()
    health = two.merged.snapshot.health
    assert health.state is State.STALE
    assert health.why.startswith("home: ")
    for _ in range(3):
        two.clients["home"].fail("list_jobs", Unreachable("reset"))
        await two.poll()
    assert two.stores["home"].snapshot.health.state is State.OFFLINE
    health = two.merged.snapshot.health
    assert health.state is State.STALE, "the other profile answers"
    assert health.brief == "home is offline: reset"
    for _ in range(4):
        two.clients["home"].fail("list_jobs", Unreachable("reset"))
        two.clients["work"].fail("list_jobs", Unreachable("refused"))
        await two.poll()
    health = two.merged.snapshot.health
    assert health.state is State.OFFLINE
    assert health.brief == "2 of 2 profiles: home is offline: reset; work is offline: refused"
    assert len(two.merged.snapshot.rows) == 3


async def test_create_is_refused_in_the_merged_view() -> None:
    outcome = await Two().merged.create(JobSpec(model="m", training_file="f"))
    assert not outcome.ok
    assert "choose one with @" in outcome.message


async def test_needed_numbers_are_asked_of_the_store_of_each_job() -> None:
    two = Two()
    await two.poll()
    two.merged.need_numbers((f"work/{id_of(1)}", f"home/{id_of(1)}"))
    assert {name: store.selection.needed for name, store in two.stores.items()} == dict.fromkeys(
        two.stores, (id_of(1),)
    )
    assert two.merged.lacks_numbers(f"work/{id_of(1)}")
    two.merged.need_numbers(None)
    assert [store.selection.needed for store in two.stores.values()] == [None, None]
