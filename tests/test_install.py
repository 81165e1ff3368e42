"""Install lines for every way in which fttui can be installed."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from fttui.install import EXTRAS, Installation, install_line, missing_modules, this_installation

CLONE = {"dir_info": {"editable": True}, "url": "file:///home/ana/my%20fttui"}
WHEEL = {"archive_info": {}, "url": "file:///tmp/fttui-0.1.0-py3-none-any.whl"}
GIT = {"vcs_info": {"vcs": "git", "commit_id": "abc"}, "url": "https://example.test/fttui.git"}


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An activated environment."""
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    return tmp_path


def installation(prefix: Path, direct_url: dict[str, Any], *present: str, has_pip: bool = True) -> Installation:
    return Installation(str(prefix), f"{prefix}/bin/python", direct_url, has_pip, present)


def test_wheel_in_an_active_environment_uses_its_pip(prefix: Path) -> None:
    for source in ({}, WHEEL, GIT):
        assert install_line("local", installation(prefix, source)) == "pip install 'fttui[local]'"


def test_environment_that_is_not_active_names_its_interpreter(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = f"{prefix}/bin/python -m pip install 'fttui[tokens]'"
    for active in ("", "/somewhere/else"):
        monkeypatch.setenv("VIRTUAL_ENV", active)
        assert install_line("tokens", installation(prefix, {})) == line
    monkeypatch.delenv("VIRTUAL_ENV")
    assert install_line("tokens", installation(prefix, {})) == line


def test_environment_without_pip_uses_uv(prefix: Path) -> None:
    line = install_line("local", installation(prefix, {}, has_pip=False))
    assert line == f"uv pip install --python {prefix}/bin/python 'fttui[local]'"


def test_clone_is_installed_from_its_directory(prefix: Path) -> None:
    line = install_line("local", installation(prefix, CLONE))
    assert shlex.split(line) == ["pip", "install", "-e", "/home/ana/my fttui[local]"]


def test_clone_in_the_working_directory_is_a_dot(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prefix)
    source = {"dir_info": {"editable": True}, "url": prefix.as_uri()}
    assert install_line("local", installation(prefix, source)) == "pip install -e '.[local]'"


def test_pipx_and_uv_lines_keep_installed_extras_and_the_source(prefix: Path) -> None:
    for marker, command in (("pipx_metadata.json", "pipx install --force"), ("uv-receipt.toml", "uv tool install")):
        (prefix / marker).touch()
        assert install_line("local", installation(prefix, {})) == f"{command} 'fttui[local]'"
        assert install_line("local", installation(prefix, {}, "tokens")) == f"{command} 'fttui[local,tokens]'"
        line = install_line("local", installation(prefix, WHEEL))
        assert shlex.split(line)[-1] == "fttui[local] @ file:///tmp/fttui-0.1.0-py3-none-any.whl"
        line = install_line("local", installation(prefix, GIT))
        assert shlex.split(line)[-1] == "fttui[local] @ git+https://example.test/fttui.git"
        (prefix / marker).unlink()


def test_installed_extra_has_no_missing_modules() -> None:
    assert missing_modules("local") == []
    assert this_installation().present[0] == "local"
    assert all(extra in install_line(extra) for extra in EXTRAS)


def test_unreadable_metadata_counts_as_an_index_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    class Distribution:
        def read_text(self, name: str) -> str:
            return "[not json"

    monkeypatch.setattr(metadata, "distribution", lambda name: Distribution())
    assert this_installation().direct_url == {}
