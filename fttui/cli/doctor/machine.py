"""Checks of this machine: installation, terminal, directories and archive."""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from fttui.config import paths
from fttui.config.errors import ConfigError
from fttui.text import clean_line, is_utf8_locale, size_words

GOOD, NOTE, WARN, FAIL = "ok", "note", "warn", "fail"
READ_ONLY = "is on a read-only file system"
ELSEWHERE = "Set FTTUI_DATA_DIR to a directory that you can write to."


class Check(NamedTuple):
    """Result of one check of `fttui doctor`."""

    name: str
    state: str
    """`ok`, `note` (information), `warn` (works, but should be fixed) or `fail`."""
    text: str
    hint: str = ""
    """Remedy; may be empty."""
    code: int = 1
    """Exit code of a failure."""


def machine_checks() -> list[Check]:
    """Run the checks that need no request."""
    checks: dict[str, Callable[[], list[Check]]] = {
        "program": _program,
        "terminal": lambda: _terminal(os.environ),
        "config": lambda: [_config()],
        "data": _directories,
        "archive": _archive,
        "local data": _service_kept,
    }
    return [result for name, run in checks.items() for result in _results(name, run)]


def _results(name: str, run: Callable[[], list[Check]]) -> list[Check]:
    """Run one check. A check that fails itself is a failure of its own, and the others still run."""
    try:
        return run()
    except ConfigError as error:
        first, _, rest = str(error).partition("\n")
        return [Check(name, FAIL, first, rest, code=2)]
    except OSError as error:
        return [Check(name, FAIL, f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))]


def _program() -> list[Check]:
    from fttui import __version__
    from fttui.install import install_line, missing_modules

    python = ".".join(map(str, sys.version_info[:3]))
    found = [Check("program", GOOD, f"fttui {__version__}, Python {python}, {sys.platform}")]
    if missing_modules("local"):
        hint = f"To train on this machine: {install_line('local')}"
        found.append(Check("extra local", NOTE, "not installed", hint))
    else:
        found.append(Check("extra local", GOOD, "installed"))
    if missing_modules("hf"):
        hint = f"To train open models on this machine: {install_line('hf')}"
        found.append(Check("extra hf", NOTE, "not installed", hint))
    else:
        found.append(Check("extra hf", GOOD, "installed"))
    if missing_modules("keyring"):
        found.append(Check("extra keyring", NOTE, "not installed; needed only by profiles with api_key_keyring"))
    return found


def _terminal(environment: "os._Environ[str] | dict[str, str]") -> list[Check]:
    term = environment.get("TERM", "")
    colours = "16 colours"
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        colours = "true colour"
    elif "256color" in term:
        colours = "256 colours"
    if environment.get("NO_COLOR"):
        colours = "no colour (NO_COLOR)"
    within = [
        name for name, variable in (("tmux", "TMUX"), ("screen", "STY"), ("SSH", "SSH_TTY")) if variable in environment
    ]
    utf8 = is_utf8_locale(environment)
    facts = [term or "no TERM", colours, "UTF-8" if utf8 else "no UTF-8", *(f"in {name}" for name in within)]
    if not sys.stdout.isatty():
        return [Check("terminal", NOTE, f"none: output is redirected ({', '.join(facts)})")]
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    text = f"{columns}×{lines}, {', '.join(facts)}"
    if term in ("", "dumb"):
        return [Check("terminal", WARN, text, "The cockpit needs a terminal with cursor control: set TERM.")]
    if not utf8:
        return [Check("terminal", WARN, text, "Lines and symbols need UTF-8: set LANG or LC_ALL to a UTF-8 locale.")]
    if columns < 80 or lines < 24:
        return [Check("terminal", NOTE, text, "The cockpit shows more at 80×24 and above.")]
    return [Check("terminal", GOOD, text)]


def _directories() -> list[Check]:
    found = []
    for name, path in (("data", paths.data_dir()), ("state", paths.state_dir())):
        if name == "state" and path == paths.data_dir():
            continue
        found.append(_directory(name, path))
    for path in (paths.profiles_file(), paths.archive_file()):
        if os.path.exists(path) and (mode := _mode(path)) & 0o077:
            found.append(Check("file", WARN, f"{path}, mode {mode:04o}", f"Other users can read it: chmod 600 {path}"))
    return found


def _config() -> Check:
    path = paths.config_file()
    if not os.path.exists(path):
        return Check("config", GOOD, f"{path}: does not exist, defaults are used")
    mode = _mode(path)
    if mode & 0o022:
        hint = f"Other users can write it, and fttui runs the commands in it: chmod go-w {path}"
        return Check("config", WARN, f"{path}, mode {mode:04o}", hint)
    return Check("config", GOOD, f"{path}, mode {mode:04o}")


def _directory(name: str, path: str) -> Check:
    from fttui.server.settings import LEAST_FREE

    if not os.path.lexists(path):
        if reason := _why_not_writable(parent := _existing_parent(path)):
            text = f"{path}: does not exist and cannot be created: {parent} {reason}"
            return Check(name, FAIL, text, ELSEWHERE)
        return Check(name, GOOD, f"{path}: does not exist yet, created when needed")
    if not os.path.isdir(path):
        return Check(
            name, FAIL, f"{path} is not a directory", "Move it away, or set FTTUI_DATA_DIR to a different directory."
        )
    mode, owner = _mode(path), os.stat(path).st_uid
    text = f"{path}, mode {mode:04o}"
    if reason := _why_not_writable(path):
        own = owner == os.getuid() and reason != READ_ONLY
        return Check(name, FAIL, f"{text}: {reason}", f"To save jobs here: chmod u+rwx {path}" if own else ELSEWHERE)
    if (free := _free(path)) < LEAST_FREE:
        hint = "Free some space: nothing is saved, and jobs of the embedded service pause."
        return Check(name, FAIL, f"{text}: the disk is full ({size_words(free)} free)", hint)
    if owner != os.getuid():
        return Check(name, WARN, f"{text}, owned by a different user", "It contains your jobs, but no keys.")
    if mode & 0o077:
        return Check(name, WARN, text, f"Other users can read it: chmod 700 {path}")
    return Check(name, GOOD, text)


def _existing_parent(path: str) -> str:
    while not os.path.lexists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def _why_not_writable(path: str) -> str:
    """Return the reason why nothing can be written to a directory, or an empty string."""
    if not os.path.isdir(path):
        return "is not a directory"
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return READ_ONLY
    return "" if os.access(path, os.W_OK | os.X_OK) else "cannot be written"


def _free(path: str) -> int:
    """Return the free bytes of the disk with a directory."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def _mode(path: str) -> int:
    return os.stat(path).st_mode & 0o7777


def _archive() -> list[Check]:
    from fttui.store.archive import set_aside
    from fttui.store.archive.size import on_disk

    path = paths.archive_file()
    sizes = on_disk(path)
    state, reason = set_aside.verdict(path)
    text = f"{path}, {size_words(sum(sizes.values()))}" if path in sizes else f"{path}: none yet"
    if state == "broken":
        hint = "At the next start, fttui renames this file and creates a new archive. It deletes nothing."
        return [Check("archive", FAIL, f"{path}: {reason}", hint)]
    if state == "newer":
        hint = "This version of fttui uses a separate archive in the same directory."
        return [Check("archive", WARN, f"{path}: {reason}", hint)]
    if state == "unusable":
        hint = "Until this is fixed, fttui keeps fetched data in memory only."
        return [Check("archive", FAIL, f"{path}: {reason}", hint)]
    aside = [name for name in sizes if ".aside-" in name]
    if aside:
        more = f"broken archives renamed earlier: {', '.join(map(os.path.basename, aside))}"
        return [Check("archive", NOTE, text, more)]
    return [Check("archive", GOOD, text)]


def _service_kept() -> list[Check]:
    """Name what the embedded service renamed after damage, and what it does not know."""
    home = paths.service_dir()
    if not os.path.isdir(home):
        return []
    kept = [name for name in sorted(os.listdir(home)) if ".aside-" in name and not name.endswith(("-wal", "-shm"))]
    found = []
    if kept:
        names = clean_line(", ".join(kept))
        found.append(Check("local data", NOTE, f"{home}: damaged databases renamed earlier: {names}", _NO_USE))
    unknown = os.path.join(home, "unknown")
    contents = [name for name in os.listdir(unknown) if "." not in name] if os.path.isdir(unknown) else []
    if count := len(contents):  # descriptions are beside them
        found.append(
            Check("local data", NOTE, f"{unknown}: contents that the database does not know: {count}", _NO_USE)
        )
    return found


_NO_USE = "Delete them when you do not need them any more."
