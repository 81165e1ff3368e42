"""`python -m fttui.server --home DIR`: the process of the embedded service.

With `--detach` it leaves its caller behind first: a session of its own, closed standard streams, `/` as its
directory, a log in its home. What it says on stdout is one line for `daemon.ensure`, and then never anything.
"""

import argparse
import os
import sys
from contextlib import suppress


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fttui.server", description=__doc__)
    parser.add_argument("--home", required=True, help="the service's own directory")
    parser.add_argument("--detach", action="store_true", help="go on in the background")
    parser.add_argument("--idle", type=float, metavar="SECONDS", help="how long to stay when nobody asks (600)")
    parser.add_argument("--host", help="serve TCP in the foreground, on this address")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--api-key-file", metavar="FILE")
    options = parser.parse_args()
    home = os.path.abspath(options.home)
    os.umask(0o077)
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "AZURE_OPENAI_"))]:
        del os.environ[name]  # keys are none of the service's business, and trainers inherit what it has

    if options.host is not None:
        from fttui.server.control import serve

        return serve(home, options.host, options.port, options.api_key_file)
    if options.detach and os.fork():
        return 0

    from fttui.server.process import IDLE_LIMIT, run_detached

    idle = IDLE_LIMIT if options.idle is None else options.idle
    if not options.detach:
        _log_to(2)
        return run_detached(home, idle_limit=idle, say=lambda line: print(line, flush=True))
    return _detached(home, idle)


def _detached(home: str, idle: float) -> int:
    from fttui.server.home import log_path
    from fttui.server.process import bound_log, run_detached

    os.chdir("/")
    try:
        os.makedirs(home, mode=0o700, exist_ok=True)
        path = log_path(home)
        bound_log(path)
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(log, 2)
    except OSError as error:
        os.write(1, f"failed {error.strerror} ({error.filename})\n".encode())
        return 1
    _log_to(2)

    def say(line: str) -> None:
        with suppress(BrokenPipeError):  # whoever started us may have given up waiting
            os.write(1, (" ".join(line.split()) + "\n").encode())
        os.dup2(log, 1)

    return run_detached(home, idle_limit=idle, say=say)


def _log_to(descriptor: int) -> None:
    import logging

    stream = os.fdopen(os.dup(descriptor), "w", buffering=1)
    logging.basicConfig(level=logging.INFO, stream=stream, format="%(asctime)s %(process)d %(levelname)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
