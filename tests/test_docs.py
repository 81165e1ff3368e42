"""Generated parts of the documentation. `FTTUI_DOCS=write pytest tests/test_docs.py` writes them."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fttui.commands import key_table
from fttui.config.reference import settings_tables
from fttui.core.serving import serving_table
from fttui.server.trainers.hf import memory, options
from fttui.store.filter_fields import field_table
from fttui.ui.cockpit.command_line import word_table

ROOT = Path(__file__).parents[1]
GENERATED: dict[str, tuple[str, Callable[[], str]]] = {
    "settings": ("settings.md", settings_tables),
    "keys": ("keys.md", key_table),
    "words": ("keys.md", word_table),
    "fields": ("keys.md", field_table),
    "options": ("own-hardware.md", options.table),
    "memory": ("own-hardware.md", memory.table),
    "serving": ("own-hardware.md", serving_table),
}
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", GENERATED)
def test_generated_table_is_current(name: str) -> None:
    page, make = GENERATED[name]
    path = ROOT / "docs" / page
    text = path.read_text(encoding="utf-8")
    block = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- /generated -->)", re.DOTALL)
    assert block.search(text)
    expected = block.sub(lambda found: f"{found[1]}{make()}\n{found[2]}", text)
    if os.environ.get("FTTUI_DOCS") == "write":
        path.write_text(expected, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == expected, "run: FTTUI_DOCS=write pytest tests/test_docs.py"


def test_links_lead_to_files_and_headings() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
            name, _, heading = target.partition("#")
            path = (page.parent / name).resolve() if name else page
            assert path.exists(), f"{page.name}: {target}"
            if heading:
                titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}
                assert heading in anchors, f"{page.name}: {target}"


def test_files_named_in_the_documentation_exist() -> None:
    for page in PAGES:
        for name in re.findall(r"`((?:fttui|tests|docs|screenshots)/[\w./-]+)`", page.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{page.name}: {name}"
