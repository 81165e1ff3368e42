"""Flat YAML: `name: value` lines, as MLflow writes them in `meta.yaml` and Lightning in `hparams.yaml`.

A YAML library reads more, and none of it is needed: lists and nested mappings are left out.
"""

import json
import re

from fttui.lean_typing import Any

_LINE = re.compile(r"([A-Za-z_][\w.\-/]*):(?:\s+(.*))?")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*)?\.?\d+(?:[eE][-+]?\d+)?")
_WORDS = {"null": None, "~": None, "true": True, "false": False, ".nan": float("nan"), ".inf": float("inf")}


def parse(text: str) -> dict[str, Any]:
    """Return the scalar members of the mapping at the top level. Everything else is left out."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.rstrip())
        if match and match[2] and not match[2].startswith(("[", "{", "&", "*", "!", "|", ">")):
            found[match[1]] = _scalar(match[2])
    return found


def _scalar(text: str) -> Any:
    if text.startswith("'"):
        return text[1:].partition("'")[0] if "''" not in text else text.strip("'").replace("''", "'")
    if text.startswith('"'):
        try:
            return json.loads(text)
        except ValueError:
            return text.strip('"')
    text = text.partition(" #")[0].rstrip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.fullmatch(text) and len(text) <= 40:
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    return text
