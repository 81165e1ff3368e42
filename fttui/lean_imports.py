"""Parts of libraries that the program does without, left out of its start. Standard library only."""

import sys


def skip_command_line_of_httpx() -> None:
    """Let `import httpx` skip `httpx._main`, its command line, which imports click, rich and pygments.

    These make up more than half of the import (measured: 32 of 50 ms). A module that `sys.modules` maps to None raises
    ImportError when it is imported, and httpx goes on without its command line then.
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
