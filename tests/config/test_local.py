"""`[local]`: the embedded service's settings, as a person writes them and as the service takes them."""

from pathlib import Path

import pytest

from fttui.config import load
from fttui.config.errors import ConfigError
from fttui.server.control import configure
from fttui.server.home import settings_path
from fttui.server.jobs.trainer_catalog import Catalog, Trainer


def test_nothing_set_is_the_built_in_trainer_and_one_job_at_a_time() -> None:
    assert load.load().local.for_service() == {
        "max_running": 1,
        "plain_results": False,
        "empty_error": False,
        "trainers": {},
    }


def test_what_is_written_reaches_the_service(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        [local.trainers.plain]
        command = ["/opt/plain", "--fast"]
        models = ["plain-1", "plain-2"]
        """
    )
    home = str(tmp_path / "service")
    configure(home, load.load().local.for_service())
    catalog = Catalog((), path=settings_path(home))
    assert catalog.settings.max_running == 2
    assert catalog.models == ["meta/llama-3-8b", "plain-1", "plain-2"]
    lora = ("python3", "/home/ada/lora.py", "--bf16")
    assert catalog.trainer("meta/llama-3-8b") == Trainer(
        "lora", lora, ("meta/llama-3-8b",), ("supervised", "dpo"), 60, 2 << 20
    )
    assert catalog.trainer("plain-2") == Trainer(
        "plain", ("/opt/plain", "--fast"), ("plain-1", "plain-2"), ("supervised",)
    )


ONE = "[local.trainers.x]\ncommand = 'x'\nmodels = ['m']\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[local]\nmax_runing = 2", "local.max_runing is not a setting; did you mean max_running?"),
        ("[local]\nmax_running = 0", "local.max_running must be a whole number, 1 or more"),
        ("[local]\nmax_running = true", "local.max_running must be a whole number, 1 or more"),
        ("[local.trainers.x]\nmodels = ['m']", "local.trainers.x.command is missing"),
        ("[local.trainers.x]\ncommand = 'x'", "local.trainers.x.models is missing"),
        ("[local.trainers.x]\ncommand = ''\nmodels = ['m']", "local.trainers.x.command"),
        ("[local.trainers.x]\ncommand = []\nmodels = ['m']", "local.trainers.x.command"),
        ("[local.trainers.x]\ncommand = './x'\nmodels = ['m']", "local.trainers.x has a command with a relative path"),
        ("[local.trainers.x]\ncommand = \"x 'y\"\nmodels = ['m']", "local.trainers.x.command cannot be read"),
        (ONE + "method = ['dpo']", "local.trainers.x.method is not a setting; did you mean methods?"),
        (ONE + "methods = ['reinforcement']", "local.trainers.x.methods must be a list of supervised or dpo"),
        (ONE + "methods = []", "local.trainers.x.methods must be"),
        (ONE + "hang_after = 0", "local.trainers.x.hang_after must be a number above 0"),
        ("[local.trainers.x]\ncommand = 'x'\nmodels = ['ft:a']", "local.trainers.x.models must be made of letters"),
        ("[local.trainers.x]\ncommand = 'x'\nmodels = ['fttui-tiny-1']", "which the built-in trainer offers"),
        (ONE + "[local.trainers.y]\ncommand = 'y'\nmodels = ['m']", "local.trainers offer m twice (x and y)"),
    ],
)
def test_faults_are_named(config: Path, text: str, words: str) -> None:
    config.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load.load()
    assert words in str(caught.value)
    assert str(caught.value).splitlines()[1:] == [f"The file is {config}"]
