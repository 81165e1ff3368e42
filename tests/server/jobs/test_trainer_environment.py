"""Environment of trainers: no keys of providers, and the variables that the settings name."""

import pytest

from fttui import key_command
from fttui.server.jobs.trainer_environment import NoVariable, trainer_environment
from fttui.server.settings import BuiltIn, Settings, Trainer

ENVIRON = {
    "PATH": "/bin",
    "HOME": "/home/ada",
    "OPENAI_API_KEY": "sk-1",
    "NEBIUS_API_KEY": "n-1",
    "HF_TOKEN": "hf-1",
    "OTHER": "secret-1",
    "OMP_NUM_THREADS": "64",
}
SECRET = "s3cret"


def trainer(**env: object) -> Trainer:
    return Trainer("hf", ("x",), ("m",), ("supervised",), env=env)  # type: ignore[arg-type]


def test_variables_are_added_and_secrets_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    own = trainer(
        HF_HOME="~/hf",
        CUDA_VISIBLE_DEVICES="1",
        MY_TOKEN={"env": "NEBIUS_API_KEY"},
        PRINTED={"command": ["printf", f"{SECRET}\\nmore"]},
    )
    found = trainer_environment(own, Settings(), environ=ENVIRON)
    assert found["HF_HOME"] == "/home/ada/hf"
    assert found["CUDA_VISIBLE_DEVICES"] == "1"
    assert found["MY_TOKEN"] == "n-1"
    assert found["PRINTED"] == SECRET
    assert (found["HF_TOKEN"], found["PATH"], found["OMP_NUM_THREADS"]) == ("hf-1", "/bin", "1")
    assert found.keys().isdisjoint({"OPENAI_API_KEY", "NEBIUS_API_KEY"})


def test_variable_named_for_one_trainer_does_not_reach_the_others() -> None:
    settings = Settings(built_in={"hf": BuiltIn({"TOKEN": {"env": "OTHER"}, "HF_TOKEN": {"env": "HF_TOKEN"}})})
    found = trainer_environment(trainer(), settings, environ=ENVIRON)
    assert "OTHER" not in found
    assert found["HF_TOKEN"] == "hf-1", "a well-known variable is for every trainer"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"env": "MISSING"},
            "TOKEN of the trainer hf comes from MISSING, which the service does not have. Set it, stop",
        ),
        ({"command": ["false"]}, r"The command for TOKEN of the trainer hf \(false\) failed with exit code 1\."),
        ({"command": ["sleep", "9"]}, r"\(sleep\) took longer than 0 seconds"),
        ({"command": ["/nowhere"]}, r"\(/nowhere\) cannot be run"),
    ],
)
def test_variable_without_a_value_is_named(
    value: dict[str, object], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_command, "TIMEOUT", 0.3)
    with pytest.raises(NoVariable, match=message):
        trainer_environment(trainer(TOKEN=value), Settings(), environ=ENVIRON)
    assert "TOKEN" not in trainer_environment(trainer(TOKEN=value), Settings(), commands=False, environ=ENVIRON)
