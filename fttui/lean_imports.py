"""Parts of libraries that the program does without, left out of its start. Standard library only."""

import sys


def skip_command_line_of_httpx() -> None:
    """Let `import httpx` skip `httpx._main`, its command line, which imports click, rich and pygments.

    These make up more than half of the import (measured: 32 of 50 ms). A module that `sys.modules` maps to None raises
    ImportError when it is imported, and httpx goes on without its command line then.
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


def import_asyncio_without_tls() -> None:
    """Import asyncio without `ssl`, which takes a fifth of the import (measured: 6 of 28 ms).

    asyncio has no TLS of its own then, as in a Python that was built without OpenSSL. httpx does not need it: anyio
    does TLS over plain connections. `ssl` itself can be imported as usual afterwards.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        import asyncio  # noqa: F401
    finally:
        del sys.modules["ssl"]
