"""`[local]`: settings of the embedded service as the service receives them."""

from pathlib import Path

import pytest

from fttui.config.errors import ConfigError
from fttui.config.load import load
from fttui.server.home import settings_path
from fttui.server.jobs.trainer_catalog import TINY, Catalog
from fttui.server.settings import Trainer, named_variables, write_settings


def test_default_is_the_built_in_trainer_and_one_job_at_a_time() -> None:
    assert load().local.for_service() == {
        "max_running": 1,
        "plain_results": False,
        "empty_error": False,
        "webhook": None,
        "webhook_format": "json",
        "models": [],
        "trainers": {},
        "built_in": {},
        "engines": {},
    }


def test_settings_reach_the_service(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    config.write_text(
        """
        [local]
        max_running = 2
        [local.trainers.lora]
        command = "python3 ~/lora.py --bf16"
        models = ["meta/llama-3-8b"]
        methods = ["supervised", "dpo"]
        hang_after = 60.0
        log_limit_mb = 2
        disk_mb = 40
        sampler = "python3 ~/sample.py"
        [local.trainers.plain]
        command = ["/opt/plain", "--fast"]
        models = ["plain-1", "plain-2"]
        """
    )
    home = str(tmp_path / "service")
    write_settings(home, load().local.for_service())
    catalog = Catalog((), path=settings_path(home))
    assert catalog.settings.max_running == 2
    assert catalog.models == ["meta/llama-3-8b", "plain-1", "plain-2"]
    lora = ("python3", "/home/ada/lora.py", "--bf16")
    assert catalog.trainer("meta/llama-3-8b") == Trainer(
        "lora",
        lora,
        ("meta/llama-3-8b",),
        ("supervised", "dpo"),
        60,
        2 << 20,
        40 << 20,
        sampler=("python3", "/home/ada/sample.py"),
    )
    assert catalog.trainer("plain-2") == Trainer(
        "plain", ("/opt/plain", "--fast"), ("plain-1", "plain-2"), ("supervised",)
    )


def test_alert_settings_reach_the_service(config: Path, tmp_path: Path) -> None:
    config.write_text(
        """
        notify_command = ["notify-send", "fttui"]
        [local]
        webhook = "https://ntfy.sh/secret"
        webhook_format = "ntfy"
        [alarms]
        plateau = false
        """
    )
    home = str(tmp_path / "service")
    write_settings(home, load().for_service())
    found = Catalog((), path=settings_path(home)).settings
    assert found.channels == ("command", "webhook")
    assert (found.notify_command, found.webhook) == (("notify-send", "fttui"), "https://ntfy.sh/secret")
    assert (found.webhook_format, found.alarms_off) == ("ntfy", frozenset({"plateau"}))
    assert (tmp_path / "service" / "settings.json").stat().st_mode & 0o077 == 0


def test_a_webhook_without_https_is_refused_without_its_address(config: Path) -> None:
    config.write_text('[local]\nwebhook = "http://ntfy.sh/secret"\n')
    with pytest.raises(ConfigError, match="https address") as found:
        load()
    assert "secret" not in str(found.value)


def test_environment_of_trainers_reaches_the_service_without_secrets(config: Path, tmp_path: Path) -> None:
    config.write_text(
        """
        [local.trainers.tiny]
        stop_after = 20
        [local.trainers.tiny.env]
        CUDA_VISIBLE_DEVICES = "0"
        HF_TOKEN = { env = "MY_SECRET" }
        [local.trainers.lora]
        command = "lora"
        models = ["m"]
        env = { WANDB_API_KEY = { command = "pass show 'w and b'" } }
        """
    )
    settings = load().local
    assert [*settings.trainers] == ["lora"]
    home = str(tmp_path / "service")
    write_settings(home, settings.for_service())
    catalog = Catalog(path=settings_path(home))
    tiny, lora = catalog.trainer("fttui-tiny-1"), catalog.trainer("m")
    assert tiny is not None
    assert lora is not None
    assert (tiny.stop_after, tiny.env) == (20, {"CUDA_VISIBLE_DEVICES": "0", "HF_TOKEN": {"env": "MY_SECRET"}})
    assert (lora.stop_after, lora.env) == (10, {"WANDB_API_KEY": {"command": ["pass", "show", "w and b"]}})
    assert named_variables(home) == {"MY_SECRET"}
    config.write_text("[local.trainers.tiny]")
    write_settings(home, load().local.for_service())
    assert catalog.trainer("fttui-tiny-1") == TINY


RAY = '[local.engines.lab]\nkind = "ray"\ndirectory = "~/fttui"\n'


def test_ray_engine_reaches_the_service(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    config.write_text(
        f"""{RAY}
        address = "http://head:8265"
        options = ["num_gpus=1", "resources.TPU=0.5"]
        token_env = "RAY_AUTH_TOKEN"
        runtime_env = {{ pip = ["trl"], env_vars = {{ A = "1" }} }}
        """
    )
    home = str(tmp_path / "service")
    write_settings(home, load().local.for_service())
    engine = Catalog((), path=settings_path(home)).settings.engines["lab"]
    assert (engine.kind, engine.directory, engine.address) == ("ray", "/home/ada/fttui", "http://head:8265")
    assert engine.runtime_env == {"pip": ["trl"], "env_vars": {"A": "1"}}
    assert "RAY_AUTH_TOKEN" in named_variables(home), "the service that is started gets the token"


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("", "local.engines.lab.address: missing"),
        ('address = "http://ada:secret@head:8265"', "must be a URL without user and password"),
        ('address = "http://head"\noptions = ["--gres=gpu:1"]', "must be options of Ray with their values"),
        ('address = "http://head"\n[local.engines.lab.runtime_env.env_vars]\nHF_TOKEN = "hf_1"', "a key in plain text"),
        ('address = "http://head"\nruntime_env = { env_vars = "A=1" }', "must be a table of variables"),
        ('address = "http://head"\nruntime_env = { since = 2026-01-01 }', "must be text, numbers, lists and tables"),
        ('address = "http://head"\n[local.engines.two]\nkind = "slurm"\ndirectory = "/s"\ntoken_env = "A"', "kind = "),
    ],
)
def test_wrong_ray_engine_is_refused_without_repeating_a_key(config: Path, lines: str, fault: str) -> None:
    config.write_text(RAY + lines)
    with pytest.raises(ConfigError) as raised:
        load()
    assert fault in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "hf_1" not in str(raised.value)
