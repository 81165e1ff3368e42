"""`fttui doctor`: reported problems, exit codes, no changes, no secrets."""

import errno
import os
import sys
from email.utils import formatdate
from pathlib import Path

import pytest

from fttui.cli.doctor.machine import _directory, _terminal
from fttui.cli.doctor.trainers import environment_check, trainer_checks
from fttui.config.load import load
from fttui.config.paths import archive_file, data_dir
from fttui.server.environment import COMPARED, COMPARED_SECRETS
from tests.cli.conftest import Fttui, Result
from tests.support.clock import FakeClock
from tests.support.fault_server import refuse, send_json
from tests.support.service import Service, job

KEY = "sk-cli-0123456789"


def states(result: Result) -> dict[str, str]:
    return {cells[0]: cells[1] for cells in result.cells}


def texts(result: Result, check: str) -> str:
    return " | ".join(" ".join(cells[2:]) for cells in result.cells if cells[0] == check)


def test_healthy_service_has_only_passed_checks(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1)]
    result = fttui("doctor")
    assert (result.code, result.err) == (0, "")
    found = states(result)
    assert {found[name] for name in ("profile", "service", "key", "routes", "data", "archive", "config")} == {"ok"}
    assert "because of OPENAI_BASE_URL" in texts(result, "profile")
    assert "the key from OPENAI_API_KEY is accepted" in texts(result, "key")
    assert "supported: jobs, files, models, events, checkpoints" in texts(result, "routes")
    assert {line.split()[0] for line in service.lines} == {"GET"}, "read requests only"
    assert not os.path.exists(data_dir()), "no directory is created"


def test_failed_request_is_reported_with_its_exit_code(fttui: Fttui, service: Service) -> None:
    for fault, code, check, words in (
        (refuse(401, f"Incorrect API key provided: {KEY}", "invalid_api_key"), 4, "key", "was refused"),
        (refuse(403, "not yours"), 1, "key", "may not list jobs: not yours"),
        (refuse(404, "Invalid URL"), 1, "jobs", "Invalid URL"),
        (refuse(500, "oops"), 1, "jobs", "oops"),
        (send_json({"hello": 1}), 1, "jobs", "cannot parse"),
    ):
        service.faults["GET /fine_tuning/jobs"] = [fault]
        result = fttui("doctor")
        assert (result.code, states(result)[check]) == (code, "fail")
        assert words in texts(result, check)
        assert "data" in states(result), "the other checks still run"


def test_unreachable_service_exits_3(bare: Fttui) -> None:
    result = bare("doctor", "--base-url", "http://127.0.0.1:1/v1")
    assert (result.code, states(result)["service"]) == (3, "fail")


def test_wrong_configuration_exits_2_and_missing_key_4(
    bare: Fttui, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = bare("doctor", "--profile", "nobody")
    assert (result.code, states(result)["profile"]) == (2, "fail")
    assert bare("doctor", "--base-url", "https://api.openai.com/v1").code == 4
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(
        "[profiles.w]\nbase_url = 'http://127.0.0.1:1/v1'\nsecret_thing = 'x'\n"
    )
    result = bare("doctor", "--profile", "w")
    assert (result.code, "secret_thing" in texts(result, "config")) == (2, True)


def test_output_has_no_secrets(fttui: Fttui, service: Service, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    secrets = {"SECRET-query", "SECRET-proxy", KEY}
    monkeypatch.setenv("OPENAI_BASE_URL", f"{service.server.url}?token=SECRET-query")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:SECRET-proxy@proxy.example:3128")
    service.faults["GET /fine_tuning/jobs"] = [refuse(401, f"Incorrect API key provided: {KEY}")]
    for form in ((), ("--json",)):
        result = fttui("doctor", *form)
        assert not [word for word in secrets if word in result.out + result.err]
    result = fttui("doctor", "--base-url", "https://host.invalid/v1", "--offline")
    assert "proxy.example, set in HTTPS_PROXY" in texts(result, "proxy")
    assert not [word for word in secrets if word in result.out + result.err]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"HTTPS_PROXY": "http://upper.example", "https_proxy": "lower.example:3128"}, "lower.example, set in https"),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "other.example,host.invalid"}, ""),
        ({"ALL_PROXY": "http://proxy.example", "no_proxy": "*"}, ""),
        ({"ALL_PROXY": "http://all.example", "HTTPS_PROXY": "http://tls.example"}, "tls.example, set in HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://other:SECRET@proxy:port"}, "HTTPS_PROXY is not the address of a proxy Set HTTPS"),
    ],
)
def test_proxy_is_the_one_that_requests_use(
    bare: Fttui, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = bare("doctor", "--base-url", "https://host.invalid/v1", "--offline")
    found = texts(result, "proxy")
    assert found.startswith(words) if words else found == ""
    assert "SECRET" not in result.out + result.err
    assert result.code == (2 if "is not the address" in words else 0)


def test_unsupported_routes_are_listed(fttui: Fttui, service: Service) -> None:
    service.jobs = [job(1, "running")]
    service.faults["GET /models"] = [refuse(404, "Invalid URL")]
    service.faults["GET /fine_tuning/jobs/ftjob-001/events"] = [refuse(501, "not built")]
    result = fttui("doctor")
    assert result.code == 0
    assert "not supported: events, models" in texts(result, "routes")


def test_clock_difference_is_reported(fttui: Fttui, service: Service, clock: FakeClock) -> None:
    for skew, state, words in ((20, "ok", "20 s"), (600, "warn", "behind"), (-600, "warn", "ahead")):
        service.faults["GET /models"] = [send_json({"data": []}, date=formatdate(clock.now() + skew))]
        result = fttui("doctor")
        assert (result.code, states(result)["clock"]) == (0, state)
        assert words in texts(result, "clock")


def test_open_or_unusable_directories_are_reported(fttui: Fttui, home: Path) -> None:
    (home / "data").mkdir(mode=0o755)
    (home / "data" / "profiles.toml").write_text("")
    (home / "data" / "profiles.toml").chmod(0o644)
    result = fttui("doctor")
    assert (result.code, states(result)["data"], states(result)["file"]) == (0, "warn", "warn")
    assert "chmod 700" in texts(result, "data")
    (home / "data" / "profiles.toml").unlink()
    (home / "data").rmdir()
    (home / "data").write_text("in the way")
    result = fttui("doctor")
    assert (result.code, states(result)["data"]) == (1, "fail")


def test_read_only_directory_is_one_of_all_checks(bare: Fttui, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, *rest: int) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    found = os.statvfs(home)
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((*found[:8], os.ST_RDONLY, found[9])))
    monkeypatch.setattr(os, "mkdir", refuse)
    result = bare("doctor", "--profile", "local")
    assert (result.code, states(result)["service"], states(result)["data"]) == (1, "fail", "fail")
    assert "Read-only file system" in texts(result, "service")
    reason = f"{home} is on a read-only file system Set FTTUI_DATA_DIR to a directory"
    assert f"{home}/data: does not exist and cannot be created: {reason}" in texts(result, "data")
    assert {"profile", "program", "terminal", "config", "archive"} <= set(states(result))
    assert _directory("data", str(home)).text.endswith("is on a read-only file system")


def test_full_disk_is_a_failure(fttui: Fttui, service: Service, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "data").mkdir(mode=0o700)
    found = os.statvfs(home)
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((*found[:4], 0, *found[5:10])))
    result = fttui("doctor")
    assert (result.code, states(result)["data"]) == (1, "fail")
    assert "the disk is full (0 B free) Free some space" in texts(result, "data")


def test_missing_home_directory_is_one_of_all_checks(bare: Fttui, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "FTTUI_DATA_DIR"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_111)
    result = bare("doctor")
    assert (result.code, states(result)["config"]) == (2, "fail")
    assert result.out.count("there is no home directory") == 1
    assert {"program", "terminal"} <= set(states(result))
    assert list(home.iterdir()) == []


def test_broken_archive_is_reported_and_not_changed(fttui: Fttui, service: Service, home: Path) -> None:
    (home / "data").mkdir(mode=0o700)
    Path(archive_file()).write_bytes(b"no archive" * 100)
    result = fttui("doctor")
    assert (result.code, states(result)["archive"]) == (1, "fail")
    assert Path(archive_file()).read_bytes() == b"no archive" * 100
    assert [path.name for path in (home / "data").iterdir()] == ["archive.db"]
    fttui("archive", "list")
    result = fttui("doctor")
    assert (result.code, states(result)["archive"]) == (0, "note")
    assert "renamed earlier" in texts(result, "archive")


def test_what_the_service_kept_after_damage_is_named(fttui: Fttui, service: Service, home: Path) -> None:
    kept = home / "data" / "service"
    (kept / "unknown").mkdir(parents=True, mode=0o700)
    (kept / "unknown" / "file-1").write_bytes(b"")
    (kept / "unknown" / "file-1.json").write_bytes(b"")
    (kept / "service.db.aside-20300101-000000").write_bytes(b"")
    text = texts(fttui("doctor"), "local data")
    assert "service.db.aside-20300101-000000" in text
    assert "does not know: 1" in text


def test_json_is_a_list_of_checks(fttui: Fttui) -> None:
    found = fttui("doctor", "--json").json
    assert found["object"] == "list"
    assert {"check": "key", "state": "ok", "text": "the key from OPENAI_API_KEY is accepted", "hint": ""} in found[
        "data"
    ]


def test_offline_sends_no_request(fttui: Fttui, service: Service) -> None:
    assert fttui("doctor", "--offline").code == 0
    assert service.lines == []


def test_offline_does_not_claim_to_start_the_local_service(bare: Fttui) -> None:
    assert texts(bare("doctor", "--offline", "--profile", "local"), "local service").strip() == "not running"


def test_terminal_colours_and_multiplexers_are_reported() -> None:
    for environment, words in (
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "true colour"),
        ({"TERM": "xterm-256color"}, "256 colours"),
        ({"TERM": "screen", "STY": "1", "SSH_TTY": "x"}, "in screen, in SSH"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "no colour"),
        (dict[str, str](), "no TERM"),
    ):
        (finding,) = _terminal(environment)
        assert words in finding.text


def test_a_test_alert_says_what_happened_on_each_channel(bare: Fttui, service: Service, home: Path) -> None:
    path = Path(os.environ["FTTUI_CONFIG"])
    path.parent.mkdir(parents=True, exist_ok=True)
    nothing = bare("doctor", "--test-alert")
    assert (nothing.code, states(nothing)) == (2, {"alert": "fail"})
    assert "no alerts are set up" in texts(nothing, "alert")

    path.write_text(
        f'notify_command = ["/bin/true"]\n[local]\nwebhook = "{service.server.origin}/hook/secret"\n'
        'webhook_format = "slack"\n'
    )
    service.faults["POST /hook/secret"] = [refuse(500, "secret"), send_json({})]
    failed = bare("doctor", "--test-alert")
    assert (failed.code, states(failed)) == (1, {"notify_command": "ok", "webhook": "fail"})
    assert texts(failed, "webhook").strip() == f"{service.server.origin}/…: the webhook answered 500"
    sent = bare("doctor", "--test-alert")
    assert (sent.code, states(sent)) == (0, {"notify_command": "ok", "webhook": "ok"})
    assert texts(sent, "webhook").strip() == f"{service.server.origin}/… got the test alert"
    assert service.server.requests[-1].json() == {"text": "This is a test alert of fttui."}
    shown = bare("config", "show", "--profile", "local")
    assert f"{service.server.origin}/…" in shown.out
    assert "secret" not in shown.out + failed.out + sent.out


FAKE = Path(__file__).parents[1] / "support" / "fake_trainer.py"


def test_trainers_say_devices_versions_hub_and_token(bare: Fttui, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    config = home / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text(
        f"""
        [local.trainers.fake]
        command = ['{sys.executable}', '{FAKE}']
        models = ['base-1']
        describes = true
        [local.trainers.broken]
        command = 'false'
        models = ['base-2']
        describes = true
        [local.trainers.secret]
        command = ['{sys.executable}', '{FAKE}']
        models = ['base-3']
        describes = true
        env = {{ HF_TOKEN = {{ env = 'MISSING' }} }}
        [local.trainers.old]
        command = 'false'
        models = ['base-4']
        """
    )
    result = bare("doctor", "--offline")
    assert "torch 2.13.0; no token" in texts(result, "trainer fake")
    assert "does not describe itself" in texts(result, "trainer broken")
    assert "comes from MISSING" in texts(result, "trainer secret")
    assert "trainer old" not in states(result)
    assert {states(result)[f"trainer {name}"] for name in ("broken", "secret")} == {"warn"}
    (facts, *_) = trainer_checks(load().for_service(), offline=False)
    assert (facts.state, facts.text) == ("note", "CPU, 2 cores; torch 2.13.0; the hub does not answer; no token")


def test_environment_of_the_running_service_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*COMPARED, *COMPARED_SECRETS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", "/here")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    (check,) = environment_check({"HF_HOME": "/there\x1b", "CUDA_VISIBLE_DEVICES": "0"})
    assert check.state == "warn"
    assert check.text == (
        "the running service has another environment: CUDA_VISIBLE_DEVICES: 0 there, not set here; "
        "HF_HOME: /there there, /here here; HF_TOKEN: not set there, set here"
    )
    assert "fttui serve --stop" in check.hint
    assert environment_check({"HF_HOME": "/here", "HF_TOKEN": True}) == []
