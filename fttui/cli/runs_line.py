"""Command line `fttui runs PATH…`, read without the parser. Standard library only.

The parser takes longer to import than the archived rows to paint. All other command lines, `runs` with flags too, and
paths that do not exist go to the parser.
"""

from collections.abc import Sequence

from fttui.core.options import Options
from fttui.runs.place import exists, url_of


def options_of(arguments: Sequence[str]) -> Options | None:
    """Return the options of `fttui runs PATH…`; None for a command line that the parser must read."""
    if not arguments or arguments[0] != "runs":
        return None
    paths = arguments[1:] or (".",)
    if any(path.startswith("-") or not exists(path) for path in paths):
        return None
    return Options(base_url=url_of(paths))
