"""State of the cockpit, without Textual."""

from fttui.models.row import JobRow
from fttui.store.health import Health, State
from fttui.store.snapshot import Change, Snapshot
from fttui.ui.cockpit.model import CockpitModel, Part
from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.render.status_line import ALL, ServiceInfo
from tests.support.fake_store import NOW, FakeStore, job

SERVICE = ServiceInfo("local", "this machine", True, False, "")


def snapshot(*rows: JobRow, why: str = "", request_id: str = "", notices: tuple[str, ...] = ()) -> Snapshot:
    state = State.STALE if why else State.LIVE
    return Snapshot({row.id: row for row in rows}, Health(state, why=why, request_id=request_id), NOW, True, notices)


def model(*rows: JobRow, saved: SavedView = SavedView(), service: ServiceInfo = SERVICE) -> CockpitModel:  # noqa: B008
    found = CockpitModel(service, snapshot(*rows), lambda: NOW, saved)
    found.derive()
    return found


RUNNING = JobRow("a", "running", created_at=3.0)
QUEUED = JobRow("b", "queued", created_at=2.0)
DONE = JobRow("c", "succeeded", created_at=1.0)


def test_publication_draws_the_list_only_when_jobs_come_or_go() -> None:
    found = model(RUNNING, DONE)
    changed = RUNNING._replace(loss=1.0)
    update = found.apply(snapshot(changed, DONE), Change(updated=frozenset({"a"})))
    assert (update.parts, update.rows) == (Part.FRAME, {"a"})
    update = found.apply(snapshot(changed, QUEUED, DONE), Change(added=frozenset({"b"})))
    assert update.parts == Part.FRAME | Part.LIST
    assert update.new_jobs
    assert found.apply(found.snapshot, Change()).parts == Part.FRAME


def test_older_jobs_of_a_first_reading_are_no_reason_to_fetch_the_files_again() -> None:
    found = model(RUNNING)
    published = snapshot(RUNNING, DONE)._replace(reading=True)
    update = found.apply(published, Change(added=frozenset({"c"})))
    assert update.parts == Part.FRAME | Part.LIST
    assert not update.new_jobs


def test_publication_draws_the_panes_of_the_selected_job_only_when_it_changed() -> None:
    found = model(RUNNING, DONE)
    found.selected = "a"
    assert found.apply(found.snapshot, Change(events=frozenset({"c"}))).parts == Part.FRAME
    parts = found.apply(found.snapshot, Change(events=frozenset({"a"}))).parts
    assert parts == Part.FRAME | Part.DETAIL | Part.FILES | Part.EVENTS
    parts = found.apply(found.snapshot, Change(checkpoints=frozenset({"a"}))).parts
    assert parts == Part.FRAME | Part.DETAIL | Part.FILES


def test_watched_job_is_reported_once_when_it_ends() -> None:
    found = model(RUNNING, DONE)
    found.watch([RUNNING, DONE])
    assert found.watched == {"a"}
    over = RUNNING._replace(status_text="failed")
    assert found.apply(snapshot(over, DONE), Change(updated=frozenset({"a"}))).ended == [over]
    assert found.apply(snapshot(over, DONE), Change(updated=frozenset({"a"}))).ended == []


def test_new_notice_is_reported_once_and_stays_in_the_error_list() -> None:
    found = model(RUNNING)
    assert found.apply(snapshot(RUNNING, notices=("disk full",)), Change(health=True)).notice == "disk full"
    assert found.apply(snapshot(RUNNING, notices=("disk full",)), Change(health=True)).notice == ""
    assert [text for _, text in found.errors()] == ["disk full"]


def test_error_of_a_poll_is_recorded_once_with_its_request_id() -> None:
    found = model(RUNNING)
    for _ in range(2):
        found.apply(snapshot(RUNNING, why="the server failed (500)", request_id="req-1"), Change(health=True))
    assert found.errors() == [(NOW, "the server failed (500) req-1")]


def test_error_list_keeps_the_newest_two_hundred() -> None:
    found = model()
    for number in range(300):
        found.record_error(str(number))
    assert [text for _, text in found.errors()] == [str(number) for number in range(100, 300)]


def test_cancelled_job_is_drawn_as_cancelling_until_the_answer_or_its_end() -> None:
    found = model(RUNNING, QUEUED)
    assert found.rows() is found.snapshot.rows
    found.cancel_sent(["a", "b", "unknown"])
    rows = found.rows()
    assert [row.status_text for row in rows.values()] == ["cancelling", "cancelling"]
    assert found.rows() is rows, "one copy for each snapshot"
    found.cancel_answered(["b"])
    assert [row.status_text for row in found.rows().values()] == ["cancelling", "queued"]
    found.apply(snapshot(RUNNING._replace(status_text="cancelled"), QUEUED), Change(updated=frozenset({"a"})))
    assert found.rows() is found.snapshot.rows


def test_targets_are_the_marked_jobs_in_list_order_else_the_selected_one() -> None:
    found = model(RUNNING, QUEUED, DONE)
    assert found.targets() == []
    found.selected = "b"
    assert found.targets() == [QUEUED]
    found.view.change(marks=frozenset({"c", "a"}))
    assert found.targets() == [RUNNING, DONE]
    found.view.change(reverse=True)
    found.derive()
    assert found.targets() == [DONE, RUNNING]
    found.unmark({"a"})
    assert found.targets() == [DONE]
    found.pane = lambda: "log"
    assert (found.targets(), found.chosen()) == ([QUEUED], [DONE]), "a pane about one job has that job"


def test_refusal_follows_targets_service_and_store() -> None:
    found = model(RUNNING, DONE)
    assert found.refusal("job.cancel") == "not connected yet"
    store = FakeStore().put(job(1), job(2, "succeeded"))
    store.publish()
    found.attach(store)
    found.derive()
    assert found.refusal("job.cancel") == "no job is selected"
    found.selected = "ftjob-00000002"
    assert found.refusal("job.cancel") == "already succeeded"
    found.view.change(marks=frozenset(store.snapshot.rows))
    assert found.refusal("job.cancel") == "", "possible for one of the targets"
    assert found.refusal("move.down") == ""
    found.service = ServiceInfo(ALL, ALL, False, False, "", ALL)
    assert "several profiles" in found.refusal("job.create")


def test_other_service_keeps_the_order_and_drops_everything_else() -> None:
    found = model(RUNNING, saved=SavedView(sort="loss", wrap=True, filter="x", status=4))
    found.view.change(marks=frozenset({"a"}), zoom=True)
    found.watch([RUNNING])
    found.files_deleted({"file-1"})
    found.move_to(ServiceInfo("work", "api.example.com", False, False, ""), snapshot(QUEUED))
    view = found.view.current
    assert (view.sort, view.log_style.wrap, view.zoom) == ("loss", True, True)
    assert (view.filter, view.status, view.marks) == ("", 0, frozenset())
    assert (found.watched, found.deleted_files, found.selected) == (set(), set(), None)
    assert not found.view.undo()
