"""`fttui jobs`: stdout, messages and exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fttui.cli.output import Output
from tests.cli.conftest import Fttui
from tests.support.clock import FakeClock
from tests.support.fault_server import Request, Step, hang_up, refuse, send_json
from tests.support.service import NOW, Service, job
from tests.support.simulated_runs import real_run, until
from tests.support.store_fakes import samples


def ids(count: int, *, newest: int) -> list[str]:
    return [f"ftjob-{index:03}" for index in range(newest, newest - count, -1)]


# list


def test_list_prints_the_newest_twenty_and_counts_the_rest(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(index) for index in reversed(range(25))]
    result = fttui("jobs", "list")
    assert result.code == 0
    assert [row[0] for row in result.cells] == ids(20, newest=24)
    assert result.err == "5 more. To list them: --limit N or --all\n"
    cells = ["ftjob-024", "succeeded", "2027-01-14T04:37:20Z", "gpt-4.1-nano", *[""] * 11, "3", "", "auto", *[""] * 3]
    assert result.lines[0].split("\t") == [*cells, "supervised", ""]


@pytest.mark.parametrize("flags", [[], ["--limit", "20"], ["--limit", "100"]])
def test_limited_list_sends_one_request_and_says_that_there_are_more(
    fttui: Fttui, service: Service, flags: list[str]
) -> None:
    service.jobs = [job(index) for index in reversed(range(250))]
    assert fttui("jobs", "list", *flags).err == "There are more jobs. To list them: --limit N or --all\n"
    assert len(service.lines) == 1


@pytest.mark.parametrize("form", ["--json", "--jsonl", None])
@pytest.mark.parametrize("is_oldest_first", [False, True])
def test_whole_list_is_printed_in_parts_as_the_list_at_once(
    fttui: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch, form: str | None, is_oldest_first: bool
) -> None:
    monkeypatch.setattr("fttui.core.service_reader.PART", 200)
    jobs = [job(index, created_at=NOW + index // 150 * 9) for index in reversed(range(550))]
    service.jobs = jobs[::-1] if is_oldest_first else jobs
    flags = [form] if form else []
    whole = fttui("jobs", "list", "--all", *flags)
    if is_oldest_first:
        found = whole.json["data"] if form == "--json" else whole.lines
        assert len(found) == 550
        return
    limited = fttui("jobs", "list", "--limit", "550", *flags)
    assert (whole.out, whole.err) == (limited.out, "")
    archived = fttui("jobs", "list", "--offline", "--all", "--json").json["data"]
    assert [item["id"] for item in archived] == ids(550, newest=549)


def endless_log() -> Callable[[Request], Step]:
    """Return a service whose lists of events do not end: each page has one new object."""
    made = iter(range(10_000))

    def script(request: Request) -> Step:
        if request.path.endswith("/jobs/ftjob-001"):
            return send_json(job(1))
        number = next(made)
        data = {"step": number, "train_loss": 0.5}
        return send_json({"data": [job(number, level="info", message="m", data=data)], "has_more": True})

    return script


@pytest.mark.parametrize("form", ["--json", "--jsonl", None])
@pytest.mark.parametrize("command", [("events", "ftjob-001"), ("metrics", "ftjob-001")])
def test_list_without_an_end_prints_what_was_read_and_exits_1(
    fttui: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], form: str | None
) -> None:
    monkeypatch.setattr("fttui.api.client.LAST_PAGE", 5)
    service.server.script = endless_log()
    result = fttui("jobs", *command, *([form] if form else []))
    printed = result.json if form == "--json" else result.lines
    assert len(printed["data"] if isinstance(printed, dict) else printed) == 5
    if form == "--json":
        assert printed["has_more"] is True
    assert "the rest is missing.\nfttui: the list did not end after 5 pages\n" in result.err
    assert result.code == 1


def test_list_whose_second_page_fails_prints_the_first(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(index) for index in reversed(range(150))]
    page = send_json({"data": service.jobs[:100], "has_more": True})
    service.faults["GET /fine_tuning/jobs"] = [page, refuse(403, "not today")]
    result = fttui("jobs", "list", "--all")
    assert (len(result.lines), result.code) == (100, 1)
    assert "the rest is missing.\nfttui: not today (403)\n" in result.err
    assert len(fttui("jobs", "list", "--offline", "--all").lines) == 100, "what was read is archived"


def test_log_whose_second_page_fails_is_not_archived_as_whole(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1, "running")]
    service.events["ftjob-001"] = [{"id": f"e{number}", "message": "m"} for number in reversed(range(150))]
    page = send_json({"data": service.events["ftjob-001"][:100], "has_more": True})
    service.faults["GET /fine_tuning/jobs/ftjob-001/events"] = [page, refuse(403)]
    assert len(fttui("jobs", "events", "ftjob-001").lines) == 100
    assert fttui("jobs", "get", "ftjob-001").code == 0
    offline = fttui("jobs", "events", "ftjob-001", "--offline")
    assert offline.out == ""
    assert "Older events may be missing" in offline.err
    assert len(fttui("jobs", "events", "ftjob-001").lines) == 150


def test_numbers_from_before_the_end_of_a_job_are_not_shown_as_its_last(fttui: Fttui, service: Service) -> None:
    def metrics(step: int, at: int) -> dict[str, Any]:
        data = {"step": step, "total_steps": 270, "train_loss": 3.0 / step}
        return {"id": f"e{step}", "message": "m", "type": "metrics", "created_at": at, "data": data}

    service.jobs = [job(1, "running")]
    service.events["ftjob-001"] = [metrics(14, NOW)]
    assert fttui("jobs", "metrics", "ftjob-001").code == 0
    assert "14" in fttui("jobs", "list").lines[0].split("\t")
    service.jobs = [job(1, "succeeded", finished_at=NOW + 30)]
    for flags in ([], [], ["--offline"]):
        assert "14" not in fttui("jobs", "list", *flags).lines[0].split("\t")
        assert "14/270" not in fttui("jobs", "get", "ftjob-001", *flags).out
    service.events["ftjob-001"] = [metrics(270, NOW + 30), metrics(14, NOW)]
    assert fttui("jobs", "metrics", "ftjob-001").code == 0
    for flags in ([], ["--offline"]):
        assert "270" in fttui("jobs", "list", *flags).lines[0].split("\t")


def test_repeated_page_ends_the_list_with_a_warning(fttui: Fttui, service: Service) -> None:
    service.server.script = lambda _: send_json({"data": [job(1)], "has_more": True})
    result = fttui("jobs", "list", "--all")
    assert (len(result.lines), result.code) == (1, 0)
    assert "fttui: warning: the server repeats a page of the list" in result.err


def test_list_json_is_the_list_as_sent(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(index, extra={"deep": [1.5, None, "\u00e9"]}) for index in reversed(range(120))]
    result = fttui("jobs", "list", "--json")
    assert result.json == {"object": "list", "data": service.jobs[:20], "has_more": True}
    assert result.out.isascii()
    assert len(service.lines) == 1, "JSON has no count of the remaining jobs"
    whole = fttui("jobs", "list", "--all", "--json").json
    assert (len(whole["data"]), whole["has_more"]) == (120, False)


def test_list_jsonl_is_one_object_a_line(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(index) for index in reversed(range(3))]
    assert [json.loads(line) for line in fttui("jobs", "list", "--jsonl").lines] == service.jobs


def test_empty_list_prints_a_message_only(fttui: Fttui) -> None:
    result = fttui("jobs", "list")
    assert (result.code, result.out, result.err) == (0, "", "No fine-tuning jobs.\n")
    assert fttui("jobs", "list", "--json").json == {"object": "list", "data": [], "has_more": False}
    assert fttui("jobs", "list", "--jsonl").out == ""


def test_limit_above_the_page_size_reads_more_pages(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(index) for index in reversed(range(250))]
    result = fttui("jobs", "list", "--limit", "150", "--json")
    assert [item["id"] for item in result.json["data"]] == ids(150, newest=249)
    assert result.json["has_more"] is True
    exact = fttui("jobs", "list", "--limit", "250", "--json").json
    assert (len(exact["data"]), exact["has_more"]) == (250, False)


def test_list_filters_and_sorts(fttui: Fttui, service: Service) -> None:
    words = ["model_lost", "running", "cancelled", "pending", "failed", "running"]
    tokens = [10, 20, 90, None, 80, 5]
    service.jobs = [
        job(index, words[index], user_provided_suffix="ab"[index % 2 == 0], trained_tokens=tokens[index])
        for index in reversed(range(6))
    ]
    cases: list[tuple[list[str], list[int]]] = [
        (["--status", "running"], [5, 1]),
        (["--status", "RUNNING"], [5, 1]),
        (["--status", "running", "--status", "failed"], [5, 4, 1]),
        (["--status", "running,failed"], [5, 4, 1]),
        (["--status", "queued"], [3]),
        (["--status", "pending"], [3]),
        (["--status", "canceled"], [2]),
        (["--status", "waiting"], [3]),
        (["--status", "model_lost"], [0]),
        (["--status", "nothing-like-it"], []),
        (["--filter", "suffix:b"], [4, 2, 0]),
        (["--filter", "suffix:b status:failed"], [4]),
        (["--filter", "!suffix:b", "--status", "running"], [5, 1]),
        (["--sort", "id"], [0, 1, 2, 3, 4, 5]),
        (["--sort", "-id"], [5, 4, 3, 2, 1, 0]),
        (["--sort", "age"], [5, 4, 3, 2, 1, 0]),
        (["--sort", "created"], [0, 1, 2, 3, 4, 5]),
        (["--sort", "-created"], [5, 4, 3, 2, 1, 0]),
        (["--sort", "tokens", "--limit", "2"], [5, 0]),
        (["--sort", "tokens desc"], [2, 4, 1, 0, 5, 3]),
        (["--sort", "name", "--filter", "name:a,b"], [5, 3, 1, 4, 2, 0]),
    ]
    for flags, expected in cases:
        result = fttui("jobs", "list", *flags)
        assert [row[0] for row in result.cells] == [f"ftjob-{index:03}" for index in expected], flags


def test_word_that_is_no_status_is_named(fttui: Fttui, service: Service) -> None:
    result = fttui("jobs", "list", "--filter", "status:runing")
    assert "fttui: note: runing is no status. Did you mean running?" in result.err


def test_filters_apply_before_the_limit(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(index, "failed" if index < 3 else "succeeded") for index in reversed(range(450))]
    result = fttui("jobs", "list", "--status", "failed", "--limit", "2", "--json")
    assert [item["id"] for item in result.json["data"]] == ["ftjob-002", "ftjob-001"]
    assert result.json["has_more"] is True


def test_list_is_newest_first_for_services_that_list_oldest_first(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(index) for index in range(150)]
    assert [row[0] for row in fttui("jobs", "list", "--limit", "3").cells] == ids(3, newest=149)


def test_objects_with_unknown_members_are_listed(fttui: Fttui, service: Service) -> None:
    service.jobs = [{"id": "m-1", "object": "job", "status": "SUCCESS"}, {"id": "x", "status": 7, "model": []}]
    assert [row[:2] for row in fttui("jobs", "list").cells] == [["m-1", "SUCCESS"], ["x", "7"]]


def test_control_codes_of_the_service_are_removed(fttui: Fttui, service: Service) -> None:
    hostile = "\x1b[2J\u202e\x9b31m\ttab\nline\x7f\ud800"
    service.jobs = [job(1, user_provided_suffix=hostile, model=hostile)]
    table = fttui("jobs", "list").out
    assert set(table) - set("\t\n") <= {chr(code) for code in range(32, 127)} | {"\ufffd"}
    assert len(table.splitlines()) == 1
    for form in ("--json", "--jsonl"):
        out = fttui("jobs", "list", form).out
        assert all(character == "\n" or 32 <= ord(character) < 127 for character in out)


def test_wrong_flags_are_usage_errors_without_requests(fttui: Fttui, service: Service) -> None:
    for arguments, words in (
        (["--filter", "nope:1"], "No field is called nope"),
        (["--filter", "age:2"], "use age with"),
        (["--sort", "nope"], "No field is called nope"),
        (["--limit", "0"], "--limit"),
        (["--limit", "2", "--all"], "cannot be used together"),
        (["--json", "--jsonl"], "cannot be used together"),
        (["--nope"], "--nope"),
        (["stray"], "stray"),
    ):
        result = fttui("jobs", "list", *arguments)
        assert (result.code, result.out, service.lines) == (2, "", [])
        assert words in result.err
        assert result.err.splitlines()[1:] == ["See: fttui jobs list --help"]


def test_offline_reads_the_archive_without_requests(fttui: Fttui, service: Service) -> None:
    result = fttui("jobs", "list", "--offline")
    assert (result.code, result.out, result.err, service.lines) == (0, "", "No fine-tuning jobs in the archive.\n", [])
    assert fttui("--offline", "jobs", "list").code == 0
    assert fttui("--offline", "jobs", "get", "ftjob-1").code == 1
    assert fttui("--offline", "jobs", "cancel", "ftjob-1", "--yes").code == 2
    assert service.lines == []


# get


def test_get_prints_the_job_as_json_or_fields(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1, error={}, method={"type": "dpo"}, metadata={"team": "a"}, odd=[1])]
    assert fttui("jobs", "get", "ftjob-001", "--json").json == service.jobs[0]
    fields = dict(fttui("jobs", "get", "ftjob-001").cells)
    assert fields["status"] == "succeeded"
    assert fields["n epochs"] == "3"
    assert fields["metadata"] == "team=a"
    assert "error" not in fields


def test_unknown_job_exits_1_with_one_line(fttui: Fttui) -> None:
    result = fttui("jobs", "get", "ftjob-9")
    assert (result.code, result.out) == (1, "")
    assert result.err == "fttui: Could not find: ftjob-9 (404)\n"


# cancel, pause, resume


def test_cancel_without_a_terminal_needs_yes(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1, "running")]
    result = fttui("jobs", "cancel", "ftjob-001")
    assert (result.code, result.out, service.lines) == (2, "", [])
    assert "--yes" in result.err
    result = fttui("jobs", "cancel", "ftjob-001", "--yes")
    assert (result.code, result.out) == (0, "ftjob-001\tcancelled\n")
    assert service.lines == ["POST /fine_tuning/jobs/ftjob-001/cancel"]


def test_one_id_prints_an_object_and_several_a_list(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(index, "running") for index in (3, 2, 1)]
    one = fttui("jobs", "cancel", "ftjob-001", "--yes", "--json").json
    assert (one["id"], one["status"]) == ("ftjob-001", "cancelled")
    several = fttui("jobs", "cancel", "ftjob-002", "ftjob-003", "--yes", "--json").json
    assert several["object"] == "list"
    assert [item["id"] for item in several["data"]] == ["ftjob-002", "ftjob-003"]


def test_one_refused_id_exits_1_after_the_others(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(3, "running"), job(2, "succeeded"), job(1, "running")]
    result = fttui("jobs", "cancel", "ftjob-001", "ftjob-002", "ftjob-003", "--yes")
    assert result.code == 1
    assert [row[0] for row in result.cells] == ["ftjob-001", "ftjob-003"]
    assert result.err == 'fttui: ftjob-002: Cannot cancel a job ftjob-002 that already has status "succeeded". (400)\n'


def test_refused_key_stops_before_the_remaining_ids(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(2, "running"), job(1, "running")]
    service.faults["POST /fine_tuning/jobs/ftjob-001/cancel"] = [refuse(401, "bad key")]
    result = fttui("jobs", "cancel", "ftjob-001", "ftjob-002", "--yes")
    assert result.code == 4
    assert "not sent: ftjob-002" in result.err
    assert service.lines == ["POST /fine_tuning/jobs/ftjob-001/cancel"]


def test_offline_and_read_only_refuse_before_they_ask(fttui: Fttui, service: Service) -> None:
    for noun, verb in (("jobs", "cancel"), ("jobs", "delete"), ("files", "delete"), ("models", "delete")):
        for flag in ("--offline", "--read-only"):
            result = fttui(flag, noun, verb, "x-1")
            assert (result.code, result.out) == (2, "")
            assert "--yes" not in result.err
            assert "--offline" in result.err or "read-only" in result.err
    assert service.lines == []


# delete


def test_delete_without_a_terminal_needs_yes(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1)]
    result = fttui("jobs", "delete", "ftjob-001")
    assert (result.code, result.out, service.lines) == (2, "", [])
    assert "--yes" in result.err
    result = fttui("jobs", "delete", "ftjob-001", "--yes")
    assert (result.code, result.out, service.jobs) == (0, "ftjob-001\n", [])
    assert service.lines == ["DELETE /fine_tuning/jobs/ftjob-001"]


def test_delete_prints_the_answers_and_refuses_live_jobs(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(3), job(2, "running"), job(1)]
    one = fttui("jobs", "delete", "ftjob-001", "--yes", "--json")
    assert one.json == {"id": "ftjob-001", "object": "fine_tuning.job.deleted", "deleted": True}
    several = fttui("jobs", "delete", "ftjob-002", "ftjob-003", "--yes", "--json")
    assert several.code == 1
    assert [item["id"] for item in several.json["data"]] == ["ftjob-003"]
    assert "Cancel it first" in several.err
    assert [item["id"] for item in service.jobs] == ["ftjob-002"]


def test_deleted_job_of_a_provider_stays_in_the_archive(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1)]
    fttui("jobs", "list")
    fttui("jobs", "delete", "ftjob-001", "--yes")
    assert fttui("archive", "list", "--gone").cells[0][0] == "ftjob-001"


def test_delete_is_not_offered_by_openai(fttui: Fttui, service: Service, home: Path) -> None:
    (home / "config").mkdir()
    settings = f"[profiles.w]\nprovider = 'openai'\nbase_url = '{service.server.url}'\n"
    (home / "config" / "config.toml").write_text(settings)
    result = fttui("--profile", "w", "jobs", "delete", "ftjob-001", "--yes")
    assert (result.code, service.lines) == (2, [])
    assert result.err == "fttui: w does not offer deleting jobs: nothing was sent\n"


def test_pause_and_resume_print_the_new_status(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1, "running")]
    assert fttui("jobs", "pause", "ftjob-001").out == "ftjob-001\tpaused\n"
    assert fttui("jobs", "resume", "ftjob-001").out == "ftjob-001\tqueued\n"


# events, checkpoints, metrics


def event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "object": "fine_tuning.job.event",
        "id": f"ftevent-{number}",
        "created_at": NOW + number // 3,
        "level": "info",
        "type": "message",
        "message": f"event {number}",
        "data": {},
        **more,
    }


def test_events_are_oldest_first_for_both_orders_of_the_service(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1)]
    log = [event(number) for number in range(250)]
    for sent in (log[::-1], log):
        service.events["ftjob-001"] = sent
        assert [row[2] for row in fttui("jobs", "events", "ftjob-001").cells] == [item["message"] for item in log]
        assert fttui("jobs", "events", "ftjob-001", "--json").json["data"] == log


def test_events_are_filtered_by_level_and_limit(fttui: Fttui, service: Service) -> None:
    levels = ["info", "warn", "error", "odd"]
    service.events["ftjob-001"] = [event(number, level=levels[number]) for number in reversed(range(4))]
    assert [row[1] for row in fttui("jobs", "events", "ftjob-001", "--level", "warn").cells] == ["warn", "error", "odd"]
    assert fttui("jobs", "events", "ftjob-001", "--limit", "1").cells[0][2] == "event 3"


def test_follow_prints_each_event_once_until_the_end(fttui: Fttui, service: Service, clock: FakeClock) -> None:
    running, done = job(1, "running"), job(1, "succeeded")
    path = "GET /fine_tuning/jobs/ftjob-001"

    def page(*numbers: int) -> Any:
        return send_json({"data": [event(number) for number in numbers], "has_more": False})

    service.faults[path] = [send_json(running), send_json(running), hang_up(), send_json(done), send_json(done)]
    service.faults[path + "/events"] = [page(2, 1), page(3, 2, 1), page(3, 2, 1), page(5, 4, 3), page(5, 4, 3)]
    result = fttui("jobs", "events", "ftjob-001", "--follow", "--jsonl")
    assert result.code == 0
    assert [json.loads(line)["message"] for line in result.lines] == [f"event {n}" for n in (1, 2, 3, 4, 5)]
    assert fttui("jobs", "events", "ftjob-001", "--follow", "--json").code == 2


def test_follow_finds_new_events_on_later_pages(fttui: Fttui, service: Service, clock: FakeClock) -> None:
    log = [event(number) for number in range(130)]  # oldest first, a hundred on a page
    service.jobs = [job(1, "running")]
    service.events["ftjob-001"] = log[:120]

    async def sleep(seconds: float) -> None:
        service.events["ftjob-001"] = log
        service.jobs[0]["status"] = "succeeded"

    clock.sleep = sleep  # type: ignore[method-assign]
    result = fttui("jobs", "events", "ftjob-001", "--follow")
    assert [row[2] for row in result.cells] == [item["message"] for item in log]


def test_follow_survives_a_long_outage(fttui: Fttui, service: Service, clock: FakeClock) -> None:
    path = "GET /fine_tuning/jobs/ftjob-001"
    service.jobs = [job(1, "succeeded")]
    service.faults[path] = [refuse(503) for _ in range(20)]
    result = fttui("jobs", "events", "ftjob-001", "--follow")
    assert result.code == 0
    assert result.err.count("trying again") == 1
    assert 4.0 in clock.slept


def test_checkpoints_are_listed_by_step(fttui: Fttui, service: Service) -> None:
    service.checkpoints["ftjob-001"] = [
        {"id": f"ckpt_{step}", "step_number": step, "created_at": NOW, "metrics": {"train_loss": step / 7}}
        for step in (30, 20, 10)
    ]
    result = fttui("jobs", "checkpoints", "ftjob-001")
    assert [row[:2] for row in result.cells] == [["ckpt_10", "10"], ["ckpt_20", "20"], ["ckpt_30", "30"]]
    assert result.cells[0][4] == "train_loss=1.42857"


def test_metrics_join_events_and_result_file(fttui: Fttui, service: Service) -> None:
    import base64

    service.jobs = [job(1, result_files=["file-r", "file-gone"])]
    table = b"step,train_loss,train_accuracy,valid_loss\n1,3.5,0.5,\n2,2.25,1.0,2.5\n"
    service.contents["file-r"] = base64.b64encode(table)
    data = {"step": 2, "total_steps": 3, "train_loss": 2.2512345, "full_valid_loss": 2.75}
    service.events["ftjob-001"] = [event(1, type="metrics", data=data)]
    result = fttui("jobs", "metrics", "ftjob-001", "--csv")
    assert result.lines == [
        "step,train_loss,train_mean_token_accuracy,valid_loss,full_valid_loss",
        "1,3.5,0.5,,",
        "2,2.2512345,1.0,2.5,2.75",
    ]
    assert fttui("jobs", "metrics", "ftjob-001", "--json").json["data"][0] == {
        "step": 1,
        "train_loss": 3.5,
        "train_mean_token_accuracy": 0.5,
    }
    service.jobs = [job(2, "running")]
    assert fttui("jobs", "metrics", "ftjob-002").err == "ftjob-002 has no metrics yet\n"


def test_metrics_that_the_service_no_longer_has_come_from_the_archive(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1)]
    service.checkpoints["ftjob-001"] = [{"id": "c", "step_number": 3, "metrics": {"full_valid_loss": 2.0}}]
    service.events["ftjob-001"] = [event(1, type="metrics", data={"step": 1, "train_loss": 3.5})]
    assert fttui("jobs", "metrics", "ftjob-001").cells == [["1", "3.5", ""], ["3", "", "2.0"]]
    del service.events["ftjob-001"], service.checkpoints["ftjob-001"]
    assert fttui("jobs", "metrics", "ftjob-001").cells == [["1", "3.5", ""], ["3", "", "2.0"]]
    assert fttui("--offline", "jobs", "metrics", "ftjob-001").cells == [["1", "3.5", ""], ["3", "", "2.0"]]


def test_best_checkpoint_is_judged_by_the_noise_of_the_run(
    fttui: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Output, "is_terminal", property(lambda _: True))
    run = until(real_run("overfit"), 640)
    service.jobs = [job(1, "running", hyperparameters={"n_epochs": 10})]
    service.events["ftjob-001"] = [
        event(int(step), type="metrics", data={"step": step, "total_steps": 900, "valid_loss": value})
        for step, value in zip(run.valid.steps[::-1], run.valid.values[::-1], strict=True)
    ]
    service.checkpoints["ftjob-001"] = [
        {
            "id": f"c{step}",
            "step_number": step,
            "fine_tuned_model_checkpoint": f"ft:m:ckpt-step-{step:.0f}",
            "metrics": {"full_valid_loss": value},
        }
        for step, value in zip(run.whole.steps, run.whole.values, strict=True)
    ]
    result = fttui("jobs", "checkpoints", "ftjob-001")
    assert result.lines[:2] == ["  STEP  EPOCH  VALID  MODEL", "   630      7  1.886  ft:m:ckpt-step-630"]
    assert result.lines[4] == "✶  360      4  1.738  ft:m:ckpt-step-360"
    assert result.err == (
        "Step 360 is best: validation 1.738. The last one is 0.149 worse. "
        "Steps 270 and 450 are equal to it within noise (±0.034).\n"
    )
    assert fttui("--offline", "jobs", "checkpoints", "ftjob-001").out == result.out
    service.checkpoints.clear()
    assert fttui("jobs", "checkpoints", "ftjob-001").err == "No checkpoints.\n"


def test_unknown_status_is_noted_and_searched(fttui: Fttui, service: Service) -> None:
    result = fttui("jobs", "list", "--status", "bogus")
    assert result.code == 0
    assert "unknown status 'bogus': it is searched for, because the provider may have it" in result.err
    assert "unknown status" not in fttui("jobs", "list", "--status", "running,done").err


def test_step_and_loss_come_from_the_archive_without_a_request(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(2, "running"), job(1, "running")]
    data = {"step": 640, "total_steps": 900, "train_loss": 0.98512}
    event = {"object": "fine_tuning.job.event", "id": "e1", "created_at": NOW, "level": "info", "message": "Step 640"}
    service.events["ftjob-001"] = [{**event, "type": "metrics", "data": data}]
    assert fttui("jobs", "list").cells[1][7:10] == ["", "", ""], "nothing is known yet"
    fttui("jobs", "events", "ftjob-001")
    before = len(service.lines)
    for flags in ([], ["--all"], ["--offline"], ["--sort", "loss"]):
        rows = {row[0]: row[7:10] for row in fttui("jobs", "list", *flags).cells}
        assert rows == {"ftjob-001": ["640", "900", "0.98512"], "ftjob-002": ["", "", ""]}, flags
    assert service.lines[before:] == ["GET /fine_tuning/jobs"] * 3

    fields = dict(fttui("jobs", "get", "ftjob-001").cells)
    assert (fields["step"], fields["loss"]) == ("640/900", "0.985")


def test_list_filters_sorts_and_prints_by_cost(fttui: Fttui, service: Service, home: Path) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "prices.toml").write_text("[models.m]\ntraining = 100\n")
    tokens = {1: 30_000, 2: 10_000, 3: 20_000}
    service.jobs = [job(index, "succeeded", model="m", trained_tokens=tokens[index]) for index in (3, 2, 1)]
    service.jobs.append(job(0, "succeeded", model="unknown", trained_tokens=5))
    for more in ([], ["--offline"], ["--all"]):
        result = fttui("jobs", "list", "--filter", "cost>1.5", "--sort", "-cost", *more)
        assert [(row[0], row[19]) for row in result.cells] == [("ftjob-001", "3.0"), ("ftjob-003", "2.0")], more
    assert [row[0] for row in fttui("jobs", "list", "--sort", "cost").cells][-1] == "ftjob-000"


def test_jobs_without_a_known_loss_are_listed_last_or_left_out_with_a_note(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(4, "queued"), job(3, "failed"), job(2, "running"), job(1, "running", model="other")]
    event = {"object": "fine_tuning.job.event", "id": "e1", "created_at": NOW, "level": "info", "message": "Step 640"}
    service.events["ftjob-001"] = [{**event, "type": "metrics", "data": {"step": 640, "train_loss": 0.98512}}]
    fttui("jobs", "list")
    fttui("jobs", "events", "ftjob-001")
    for flags in ([], ["--all"], ["--offline"], ["--offline", "--all"]):
        result = fttui("jobs", "list", "--sort", "best", *flags)
        assert [row[0] for row in result.cells] == ["ftjob-001", "ftjob-004", "ftjob-003", "ftjob-002"], flags
        assert result.err == "3 jobs have no known loss; they are listed last.\n", flags
        result = fttui("jobs", "list", "--filter", "loss<3 !model:other", *flags)
        assert result.cells == []
        assert "2 jobs have no known loss; the filter leaves them out.\n" in result.err, flags
    assert fttui("jobs", "list", "--sort", "name").err == ""


def test_samples_are_printed_by_step_and_on_a_terminal_by_prompt(
    fttui: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.jobs = [job(1)]
    service.samples["ftjob-001"] = [samples(0, "zz\nzz"), samples(90)]
    result = fttui("jobs", "checkpoints", "ftjob-001", "--samples")
    assert [line.split("\t") for line in result.lines] == [["0", "1", "stop", "zz zz"], ["90", "1", "stop", "yes"]]
    assert fttui("jobs", "checkpoints", "ftjob-001", "--samples", "--json").json["data"] == [
        samples(0, "zz\nzz"),
        samples(90),
    ]
    fttui("jobs", "get", "ftjob-001")  # the archive takes what belongs to a job only once it has the job
    fttui("jobs", "checkpoints", "ftjob-001", "--samples")
    assert fttui("--offline", "jobs", "checkpoints", "ftjob-001", "--samples").out == result.out
    monkeypatch.setattr(Output, "is_terminal", property(lambda _: True))
    block = fttui("jobs", "checkpoints", "ftjob-001", "--samples").lines
    assert block[0].startswith("── prompt 1 ───")
    assert block[1:] == [
        "user      Will it learn?",
        "step 0    zz",
        "          zz",
        "step 90   yes",
        "expected  Yes.",
    ]
    service.samples.clear()
    assert fttui("jobs", "checkpoints", "ftjob-001", "--samples").err == (
        "No answers during the training are known for this job.\n"
    )


def test_prune_is_refused_where_the_provider_keeps_the_checkpoints(fttui: Fttui, service: Service) -> None:
    result = fttui("jobs", "prune", "--yes")
    assert result.code == 2
    assert "keeps its checkpoints itself: only jobs of the embedded service are pruned" in result.err
    assert service.lines == []
