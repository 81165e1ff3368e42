"""`[local]`: settings of the embedded service as the service receives them."""

from pathlib import Path

import pytest

from fttui.config.load import load
from fttui.server.home import settings_path
from fttui.server.jobs.trainer_catalog import Catalog
from fttui.server.settings import Trainer, write_settings


def test_default_is_the_built_in_trainer_and_one_job_at_a_time() -> None:
    assert load().local.for_service() == {
        "max_running": 1,
        "plain_results": False,
        "empty_error": False,
        "trainers": {},
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
        "lora", lora, ("meta/llama-3-8b",), ("supervised", "dpo"), 60, 2 << 20, 40 << 20
    )
    assert catalog.trainer("plain-2") == Trainer(
        "plain", ("/opt/plain", "--fast"), ("plain-1", "plain-2"), ("supervised",)
    )
