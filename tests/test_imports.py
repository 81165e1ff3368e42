"""Modules that an import loads at run time, including late imports that import-linter cannot see."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fttui.cli.main import root
from tests.support.hf_runs import end, losses

HEAVY = ("textual", "pydantic", "httpx", "starlette", "uvicorn", "numpy", "click", "rich", "asyncio", "dataclasses")

COCKPIT = """
import sys

class Terminal:
    def isatty(self): return True
    def fileno(self): return 0
    def write(self, text): return len(text)
    def flush(self): pass

out = sys.stdout
import fttui.main
import fttui.ui.first_frame
def paint(self, *args):
    print(*(name for name, module in sys.modules.items() if module), file=out)
    out.flush()
    import os
    os._exit(0)
fttui.ui.first_frame.FirstFrame.paint = paint
sys.argv = ["fttui"]
sys.stdin = sys.stdout = sys.stderr = Terminal()
fttui.main.main()
"""


def loaded(code: str, tmp_path: Path) -> set[str]:
    """Run `code`, which prints `sys.modules`, in a new interpreter, and return these modules."""
    environment = {
        "TERM": "xterm-256color",
        "HOME": str(tmp_path),
        "FTTUI_CONFIG": f"{tmp_path}/config.toml",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def after(statement: str, tmp_path: Path) -> set[str]:
    return loaded(f"{statement}\nimport sys\nprint(*sys.modules)", tmp_path)


LEAN = {
    *("collections", "collections.abc", "functools", "itertools", "keyword", "operator", "reprlib", "types"),
    *("_collections", "_functools", "_operator", "_sqlite3", "errno", "gc", "termios"),
}
"""Modules outside fttui that the first frame loads. Most are those that `_sqlite3` needs."""


def of_first_frame(arguments: list[str], tmp_path: Path) -> set[str]:
    """Return the modules outside fttui that a start with these arguments loads before its first frame."""
    modules = loaded(COCKPIT.replace('["fttui"]', repr(["fttui", *arguments])), tmp_path)
    assert "_sqlite3" in modules, "the archive was asked"
    bare = loaded("import sys\nprint(*sys.modules)", tmp_path)
    return {name for name in modules - bare if name.split(".")[0] != "fttui"}


def test_first_frame_loads_few_modules(tmp_path: Path) -> None:
    assert of_first_frame([], tmp_path) <= LEAN


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:8765/v1", "http://127.0.0.1:48765/v1", "https://api.openai.com/v1"]
)
def test_first_frame_of_a_profile_loads_no_more(base_url: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f'profile = "x"  # mine\n[profiles.x]\nbase_url = "{base_url}"\n')
    assert of_first_frame([], tmp_path) <= LEAN


def test_first_frame_of_a_directory_loads_no_more(tmp_path: Path) -> None:
    assert of_first_frame(["runs", str(tmp_path)], tmp_path) <= LEAN


def test_first_look_at_a_directory_loads_the_reader_of_its_files_alone(tmp_path: Path) -> None:
    end(tmp_path / "run", losses(range(10, 101, 10)))
    statement = f"from fttui.runs.first_look import first_look\nassert first_look('file://{tmp_path}', 9, 0.0)"
    modules = after(statement, tmp_path)
    assert "fttui.runs.formats.trainer_state" in modules
    assert not modules & {"typing", "hashlib", "csv", "struct", "glob", "datetime", "sqlite3", "fttui.runs.log"}
    assert not {name for name in modules if name.endswith((".wandb", ".tensorboard", ".csv_table", ".text_log"))}


def test_configuration_with_escapes_is_read_by_tomllib(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('profile = "\\u0078"\n[profiles.x]\nbase_url = "http://127.0.0.1:8765/v1"\n')
    modules = of_first_frame([], tmp_path)
    assert "tomllib" in modules
    assert not modules & {*HEAVY, "urllib", "ipaddress", "json", "argparse", "subprocess", "inspect", "logging"}


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import fttui", HEAVY),
        ("import fttui.main", HEAVY),
        (
            "import fttui.ui.start, fttui.ui.app, fttui.ui.cockpit.screen",
            (
                *("httpx", "pydantic", "click", "numpy", "starlette", "hashlib", "csv", "shlex"),
                *("fttui.learning.alarms", "fttui.learning.comparison", "fttui.server.settings"),
                *("fttui.ui.render.detail_lines", "fttui.ui.render.headline", "fttui.core.pricing"),
            ),
        ),
        (
            "import fttui.cli.main, fttui.cli.completion, fttui.cli.jobs.group",
            ("textual", "pydantic", "httpx", "starlette", "uvicorn", "numpy", "rich", "asyncio", "sqlite3", "socket"),
        ),
        ("import fttui.core.connect", ("textual", "starlette", "uvicorn", "numpy", "click")),
        ("import fttui.server.control", HEAVY),
        ("import fttui.server.api.app", ("textual", "httpx", "numpy", "click")),
        (
            "import fttui.data.check, fttui.data.repair, fttui.core.pricing",
            tuple(name for name in HEAVY if name != "rich"),
        ),
        ("import fttui.models.row, fttui.text, fttui.clock, fttui.sqlite", HEAVY),
    ],
)
def test_package_loads_only_its_own_libraries(statement: str, absent: tuple[str, ...], tmp_path: Path) -> None:
    assert not after(statement, tmp_path) & set(absent)


def test_version_is_printed_without_the_command_parser(tmp_path: Path) -> None:
    code = (
        "import atexit, sys\nsys.argv = ['fttui', '--version']\natexit.register(lambda: print(*sys.modules))\n"
        "from fttui.main import main\nmain()"
    )
    modules = loaded(code, tmp_path)
    assert "fttui" in modules
    assert not modules & {*HEAVY, "sqlite3"}


def test_version_is_the_one_that_the_command_parser_prints() -> None:
    quick = subprocess.run([sys.executable, "-m", "fttui", "--version"], capture_output=True, text=True, check=True)
    parsed = CliRunner().invoke(root, ["--version"])
    assert quick.stdout == parsed.output


def test_httpx_is_imported_without_its_command_line(tmp_path: Path) -> None:
    statement = "import fttui.lean_imports as lean\nlean.skip_command_line_of_httpx()\nimport httpx\nhttpx.Client"
    modules = after(statement, tmp_path)
    assert "httpx" in modules
    assert not modules & {"click", "rich", "pygments"}


def test_reading_a_list_of_jobs_builds_no_model(tmp_path: Path) -> None:
    """The first model that is built imports the search for plugins, which looks at all installed packages."""
    modules = after("import fttui.core.service_reader, fttui.core.connect, fttui.api.client", tmp_path)
    assert "pydantic" in modules
    assert "pydantic.plugin._loader" not in modules
