"""Install lines: the shell command that adds an extra to this installation of fttui."""

import json
import os
import sys
from importlib.util import find_spec
from typing import Any, NamedTuple

EXTRAS = {
    "local": ("starlette", "uvicorn", "python_multipart", "numpy"),
    "hf": ("torch", "transformers", "trl", "peft"),
    "tokens": ("rs_bpe",),
    "keyring": ("keyring",),
    "socks": ("socksio",),
}
"""Modules that each extra brings."""


class Installation(NamedTuple):
    """Facts about this installation that decide which command adds an extra."""

    prefix: str
    """Root directory of the environment (`sys.prefix`)."""
    python: str
    """Path of the interpreter."""
    direct_url: dict[str, Any]
    """Parsed `direct_url.json` (PEP 610); empty after an installation from a package index."""
    has_pip: bool
    present: tuple[str, ...] = ()
    """Extras that are installed already."""


def missing_modules(extra: str) -> list[str]:
    """Return the modules of an extra that cannot be imported."""
    return [name for name in EXTRAS[extra] if find_spec(name) is None]


def install_line(extra: str, installation: Installation | None = None) -> str:
    """Return the shell command that adds an extra to this installation.

    pipx and uv rebuild the whole environment, so their lines name the extras that are installed already, too.
    """
    from shlex import quote

    found = installation or this_installation()
    if os.path.exists(os.path.join(found.prefix, "pipx_metadata.json")):
        return f"pipx install --force {_requirement(found, *found.present, extra)}"
    if os.path.exists(os.path.join(found.prefix, "uv-receipt.toml")):
        return f"uv tool install {_requirement(found, *found.present, extra)}"
    if clone := _clone(found):
        here = os.path.realpath(clone) == os.path.realpath(os.getcwd())
        return f"{_pip_install(found)} -e {quote(f'.[{extra}]' if here else f'{clone}[{extra}]')}"
    # The installed fttui satisfies the requirement, so pip adds only the packages of the extra.
    return f"{_pip_install(found)} {quote(f'fttui[{extra}]')}"


def this_installation() -> Installation:
    """Look at the running interpreter and at the metadata of the installed package."""
    from importlib import metadata

    try:
        text = metadata.distribution("fttui").read_text("direct_url.json")
        direct_url = json.loads(text) if text else {}
    except (metadata.PackageNotFoundError, OSError, ValueError):
        direct_url = {}
    return Installation(
        sys.prefix,
        sys.executable,
        direct_url if isinstance(direct_url, dict) else {},
        has_pip=find_spec("pip") is not None,
        present=tuple(extra for extra in EXTRAS if not missing_modules(extra)),
    )


def _clone(installation: Installation) -> str:
    """Return the directory of an editable installation, else an empty string."""
    from urllib.parse import unquote, urlsplit

    directory = installation.direct_url.get("dir_info")
    if not isinstance(directory, dict) or not directory.get("editable"):
        return ""
    return unquote(urlsplit(str(installation.direct_url.get("url", ""))).path)


def _requirement(installation: Installation, *extras: str) -> str:
    """Return the quoted requirement that installs fttui again from the same source."""
    from shlex import quote

    name = f"fttui[{','.join(sorted(set(extras)))}]"
    url = str(installation.direct_url.get("url", ""))
    version_control = installation.direct_url.get("vcs_info")
    if url and isinstance(version_control, dict):
        url = f"{version_control.get('vcs', 'git')}+{url}"
    return quote(f"{name} @ {url}" if url else name)


def _pip_install(installation: Installation) -> str:
    from shlex import quote

    if not installation.has_pip:
        return f"uv pip install --python {quote(installation.python)}"
    active = os.environ.get("VIRTUAL_ENV")
    if active and os.path.realpath(active) == os.path.realpath(installation.prefix):
        return "pip install"
    return f"{quote(installation.python)} -m pip install"
