"""Filter, order, marks and undo of the job list."""

from fttui.models.row import JobRow
from fttui.models.summary import Summary
from fttui.store.job_values import Known
from fttui.ui.cockpit.list_view import SORTS, ListView
from fttui.ui.render.glyphs import UNICODE

ROWS = [
    JobRow("a", "running", model="m2", created_at=300.0, loss=0.5),
    JobRow("b", "succeeded", model="m1", created_at=200.0, loss=0.1),
    JobRow("c", "failed", model="m3", created_at=100.0),
]


def ids(state: ListView) -> list[str]:
    return [row.id for row in state.derive(ROWS, 400.0)]


def test_rows_are_sorted_newest_first_by_default() -> None:
    state = ListView()
    assert ids(state) == ["a", "b", "c"]
    state.change(reverse=True)
    assert ids(state) == ["c", "b", "a"]
    state.change(sort="loss", reverse=False)
    assert ids(state) == ["b", "a", "c"], "no loss comes last"


def test_next_sort_visits_every_column_and_returns_to_age() -> None:
    state = ListView()
    seen = []
    for _ in SORTS:
        state.next_sort(SORTS)
        seen.append(state.current.sort)
    assert sorted(seen) == sorted(SORTS)
    assert state.current.sort == "age"


def test_next_sort_skips_hidden_columns() -> None:
    state = ListView()
    seen = []
    for _ in range(4):
        state.next_sort({"id", "cost", "age"})
        seen.append(state.current.sort)
    assert seen == ["id", "cost", "age", "id"]


def test_every_column_sorts_and_missing_values_come_last() -> None:
    costs = {"a": 12.5, "b": None, "c": 0.0}
    state = ListView(Known(lambda row: costs[row.id]))
    for sort in SORTS:
        for reverse in (False, True):
            state.change(sort=sort, reverse=reverse)
            assert len(state.derive(ROWS, 0.0)) == len(ROWS)
    state.change(sort="cost", reverse=False)
    assert [row.id for row in state.derive(ROWS, 0.0)] == ["c", "a", "b"]
    state.change(reverse=True)
    assert [row.id for row in state.derive(ROWS, 0.0)] == ["a", "c", "b"]


def test_filter_by_cost_and_alarm_follows_what_is_known_of_the_jobs() -> None:
    costs = {"a": 12.5, "b": None, "c": 0.0}
    state = ListView(Known(lambda row: costs[row.id], frozenset({"plateau"})))
    state.change(filter="cost>1")
    assert ids(state) == ["a"]
    rows = [ROWS[0]._replace(alarms="plateau"), ROWS[1]._replace(alarms="overfitting")]
    state.change(filter="alarm:any")
    assert [row.id for row in state.derive(rows, 0.0)] == ["b"]


def test_view_needs_logs_when_order_or_filter_uses_their_numbers() -> None:
    state = ListView()
    assert not state.needs_logs
    state.change(filter="best<1 model~4o")
    assert state.needs_logs
    state.change(filter="model~4o", sort="gap")
    assert state.needs_logs


def test_order_by_best_says_that_losses_within_noise_are_equal() -> None:
    losses = {"a": 1.84, "b": 1.82, "c": 1.7}
    rows = [row._replace(summary=Summary("valid_loss", 2.0, 9, losses[row.id], 9, noise=0.02)) for row in ROWS]
    state = ListView()
    state.change(sort="best")
    assert [row.id for row in state.derive(rows, 0.0)] == ["c", "a", "b"]
    assert state.order(UNICODE) == "best ↑ within noise"


def test_status_key_pressed_twice_shows_all_jobs() -> None:
    state = ListView()
    state.toggle_status(4)
    assert ids(state) == ["c"]
    state.toggle_status(4)
    assert ids(state) == ["a", "b", "c"]


def test_invalid_filter_shows_all_rows_and_a_fault() -> None:
    state = ListView()
    state.change(filter="loss<")
    assert ids(state) == ["a", "b", "c"]
    assert state.fault
    state.change(filter="loss<0.3")
    assert ids(state) == ["b"]
    assert not state.fault


def test_undo_restores_every_view_in_order() -> None:
    state = ListView()
    first = state.current
    state.toggle_status(1)
    state.change(filter="x")
    state.toggle_all(["a"])
    assert [state.undo() for _ in range(4)] == [True, True, True, False]
    assert state.current == first


def test_undo_takes_back_a_mark_and_then_the_sort_before_it() -> None:
    state = ListView()
    state.change(sort="loss")
    state.toggle_mark("a")
    state.toggle_mark("b")
    undone = [(state.current.sort, set(state.current.marks)) for _ in range(4) if state.undo()]
    assert undone == [("loss", {"a"}), ("loss", set()), ("age", set())]


def test_undo_takes_back_a_range_in_one_step_and_ends_it() -> None:
    state = ListView()
    state.toggle_mark("c")
    state.toggle_range("a")
    state.extend_range(["a", "b", "c"], "b")
    assert state.undo()
    assert (state.current.marks, state.is_ranging) == ({"c"}, False)


def test_change_to_the_same_view_is_no_step_of_undo() -> None:
    state = ListView()
    state.toggle_status(0)
    state.change(filter="")
    assert not state.undo()


def test_marks_toggle_extend_and_disappear_with_their_jobs() -> None:
    state = ListView()
    state.toggle_mark("a")
    state.toggle_mark("b")
    state.toggle_mark("a")
    assert state.current.marks == {"b"}
    state.toggle_range("a")
    state.extend_range(["a", "b", "c"], "c")
    assert state.current.marks == {"a", "b", "c"}
    state.toggle_range("c")
    assert not state.is_ranging
    state.toggle_all(["a", "b", "c"])
    assert state.current.marks == frozenset()
    state.toggle_all(["a", "b"])
    state.forget(["b", "c"])
    assert state.current.marks == {"b"}
    assert "1 marked" in state.description


def test_running_jobs_include_stalled_ones() -> None:
    state = ListView()
    rows = [*ROWS, JobRow("d", "stalled", created_at=50.0)]
    state.toggle_status(1)
    assert [row.id for row in state.derive(rows, 400.0)] == ["a", "d"]
    state.toggle_status(0)
    state.change(filter="status:stalled")
    assert [row.id for row in state.derive(rows, 400.0)] == ["d"]
