"""Lines of a log."""

import json

import pytest

from fttui.models.row import EventRow
from fttui.ui.render.log_lines import KEEP, LogLines, LogStyle

METRICS = json.dumps({"step": 4, "total_steps": 9, "train_loss": 0.5})


def event(seq: int, message: str = "", level: str = "info", type: str = "message", data: str = "") -> EventRow:
    return EventRow(seq, f"e{seq}", 1000.0 + seq, level, type, message or f"event {seq}", data)


def log(*events: EventRow, **style: object) -> LogLines:
    lines = LogLines()
    lines.restyle(LogStyle(times="utc", **style))  # type: ignore[arg-type]
    lines.replace(events)
    return lines


def texts(lines: LogLines) -> list[str]:
    return [lines.text(index, 2000.0).rstrip() for index in range(len(lines))]


def test_one_event_is_one_line() -> None:
    assert texts(log(event(1), event(2, "bad", "error"))) == [
        " 00:16:41 info  event 1",
        " 00:16:42 error bad",
    ]


def test_an_event_without_a_message_has_a_line() -> None:
    assert texts(log(EventRow(1, "e", None, "info", "moderation_checks", "", ""))) == [
        "          info  moderation_checks"
    ]


@pytest.mark.parametrize(("level", "shown"), [("info", 4), ("warn", 3), ("error", 2)])
def test_a_level_hides_lower_levels_and_never_unknown_ones(level: str, shown: int) -> None:
    lines = log(event(1), event(2, "", "warn"), event(3, "", "error"), event(4, "", "critical"), level=level)
    assert len(lines) == shown


def test_wrapping_keeps_every_word() -> None:
    message = " ".join(f"word{number}" for number in range(40))
    lines = log(event(1, message), wrap=True)
    lines.resize(60)
    assert len(lines) > 3
    assert " ".join(" ".join(texts(lines)).split()[2:]) == message
    assert all(len(text) <= 60 for text in texts(lines))


def measured(seq: int, **values: object) -> EventRow:
    return event(seq, f"Step {seq}", type="metrics", data=json.dumps({"step": seq, "total_steps": 900, **values}))


RUN = (
    measured(628, train_loss=0.919, train_mean_token_accuracy=0.671),
    measured(
        630,
        train_loss=1.161,
        valid_loss=1.926,
        full_valid_loss=1.886,
        train_mean_token_accuracy=0.607,
        valid_mean_token_accuracy=0.483,
        full_valid_mean_token_accuracy=0.4,
    ),
    event(630, "Checkpoint 7 saved at step 630"),
)


def test_metrics_event_is_a_row_of_columns_and_others_stay_text() -> None:
    lines = log(*RUN)
    heading = lines.heading()
    assert heading is not None
    assert heading[0][0] == " TIME        STEP    TRAIN    VALID    WHOLE      ACC    V ACC"
    assert texts(lines) == [
        " 00:27:08     628    0.919        ·             0.671        ·",
        " 00:27:10     630    1.161    1.926    1.886    0.607    0.483",
        " 00:27:10 info  Checkpoint 7 saved at step 630",
    ]


@pytest.mark.parametrize(
    ("cells", "last"), [(20, "VALID"), (36, "VALID"), (44, "VALID"), (45, "WHOLE"), (54, "ACC"), (63, "V ACC")]
)
def test_columns_leave_from_the_right_but_never_the_validation_loss(cells: int, last: str) -> None:
    lines = log(*RUN)
    lines.resize(cells)
    heading = lines.heading()
    assert heading is not None
    assert heading[0][0].endswith(f" {last}")
    assert max(36, cells) >= len(heading[0][0]) + 1
    assert len(lines.text(1, 0.0)) == len(heading[0][0])


def test_other_metrics_take_the_place_of_the_accuracy_in_their_order() -> None:
    lines = log(
        measured(1, train_loss=0.5, train_mean_token_accuracy=0.7, grad_norm=12.5, learning_rate=2e-5),
        measured(2, train_loss=0.4, tokens_seen=123_456, valid_mean_reward=float("nan")),
    )
    lines.resize(100)
    heading = lines.heading()
    assert heading is not None
    assert heading[0][0].split()[4:] == ["GRAD", "NORM", "LR", "TOKENS", "SEEN", "V", "REWARD", "ACC"]
    assert texts(lines)[0].split()[2:] == ["0.500", "·", "12.50", "2e-05", "·", "·", "0.700"]
    assert texts(lines)[1].split()[2:] == ["0.400", "·", "·", "·", "123k", "nan", "·"]
    lines.resize(60)
    heading = lines.heading()
    assert heading is not None
    assert heading[0][0].split()[4:] == ["GRAD", "NORM", "LR"]


def test_reinforcement_job_has_its_rewards_in_columns() -> None:
    lines = log(measured(1, train_mean_reward=0.25, valid_mean_reward=0.5))
    assert texts(lines)[0].split()[2:] == ["·", "·", "0.250", "0.500"]


def test_row_of_metrics_has_signs_of_the_terminal() -> None:
    lines = LogLines(LogStyle(times="utc"), "-")
    lines.replace([measured(1, train_loss=0.5)])
    assert texts(lines)[0].split()[2:] == ["0.500", "-"]


def test_hidden_metrics_leave_the_other_events_without_a_heading() -> None:
    lines = log(*RUN, hides_metrics=True)
    assert texts(lines) == [" 00:27:10 info  Checkpoint 7 saved at step 630"]
    assert lines.heading() is None


@pytest.mark.parametrize("data", ["not json", "[1]", '{"step": 4}', '{"text": "a"}', '{"a":' * 100_000])
def test_metrics_event_without_numbers_is_text(data: str) -> None:
    lines = log(event(1, "Step 4", type="metrics", data=data))
    assert texts(lines) == [" 00:16:41 info  Step 4"]
    assert lines.heading() is None


def test_warning_with_metrics_keeps_its_message() -> None:
    lines = log(event(1, "Step 4: loss is not a number", "warn", type="metrics", data=METRICS))
    assert texts(lines) == [" 00:16:41 warn  Step 4: loss is not a number"]


def test_search_looks_at_the_numbers_of_a_row() -> None:
    lines = log(*RUN, search="1.926")
    assert lines.find(0, 1) == 1
    assert [text for text, role in lines.line(1, 0.0) if role == "match"] == ["1.926"]


def test_names_of_metrics_are_bounded_and_clean() -> None:
    lines = log(*(measured(n, **{f"metric\x1b{n}" + "x" * 100: n}) for n in range(200)))
    lines.resize(5000)
    heading = lines.heading()
    assert heading is not None
    assert len(heading[0][0]) < 1100
    assert "\x1b" not in heading[0][0]


def test_only_matching_events_are_shown() -> None:
    lines = log(event(1, "Loss up"), event(2, "fine"), event(3, "loss down"), search="LOSS", only=True)
    assert [text.split(None, 2)[2] for text in texts(lines)] == ["Loss up", "loss down"]
    assert lines.matches == 2


def test_search_wraps_around_in_both_directions() -> None:
    lines = log(event(0, "hit"), event(1), event(2, "hit"), search="hit")
    assert lines.find(0, 1) == 2
    assert lines.find(2, 1) == 0
    assert lines.find(0, -1) == 2
    assert log(event(0), search="none").find(0, 1) is None
    assert log(search="hit").find(0, 1) is None


def test_matches_are_highlighted() -> None:
    spans = log(event(1, "a hit and a HIT"), search="hit").line(0, 0.0)
    assert [text for text, role in spans if role == "match"] == ["hit", "HIT"]


def test_older_events_are_prepended_and_newer_appended() -> None:
    lines = log(event(5), event(6))
    assert lines.prepend([event(3), event(4)]) == 2
    lines.append([event(7)])
    assert [line.split()[-1] for line in texts(lines)] == ["3", "4", "5", "6", "7"]
    assert (lines.first_seq, lines.last_seq) == (3, 7)


def test_the_number_of_loaded_events_is_bounded() -> None:
    lines = log(*(event(number) for number in range(KEEP * 2)))
    dropped = lines.append([event(KEEP * 2)])
    assert lines.event_count == KEEP
    assert dropped == KEEP + 1
    assert lines.last_seq == KEEP * 2


def test_relative_times_count_from_now() -> None:
    lines = log(event(1))
    lines.restyle(LogStyle(times="relative"))
    assert lines.text(0, 1061.0).startswith("   1m ago")


def test_matches_are_computed_once_until_the_lines_change(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    matches = LogLines._matches

    def spy(lines: LogLines, event: EventRow) -> bool:
        looked.append(event.seq)
        return matches(lines, event)

    monkeypatch.setattr(LogLines, "_matches", spy)
    lines = log(*(event(number, f"step {number}") for number in range(100)), search="step 1")
    for _ in range(3):
        assert (lines.matches, lines.match_number(0), lines.match_number(10)) == (11, 0, 2)
    assert len(looked) == 100
    lines.append([event(100, "step 100"), event(101, "done")])
    assert (lines.matches, lines.match_number(101)) == (12, 12)
    assert looked[100:] == [100, 101]
    lines.prepend([event(-1, "step 1 of old")])
    assert (lines.matches, lines.match_number(0)) == (13, 1)
    lines.restyle(LogStyle(search="done"))
    assert lines.matches == 1
    lines.replace([event(1, "done"), event(2, "done")])
    assert lines.matches == 2
    lines.restyle(LogStyle())
    assert lines.matches == 0


def test_matches_stay_correct_when_old_events_are_dropped() -> None:
    lines = log(*(event(number, f"step {number}") for number in range(KEEP * 2)), search="step")
    assert lines.matches == KEEP * 2
    lines.append([event(KEEP * 2, "step")])
    assert lines.matches == len(lines) == KEEP
