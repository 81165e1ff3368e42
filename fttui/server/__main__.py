"""`python -m fttui.server --home DIR`: the process of the embedded service."""

import argparse
import os
import sys

from fttui.server.environment import key_variables


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fttui.server", description=__doc__)
    parser.add_argument("--home", required=True, help="the directory of the service")
    parser.add_argument("--detach", action="store_true", help="run in the background")
    parser.add_argument("--idle", type=float, metavar="SECONDS", help="end after this time without requests (600)")
    parser.add_argument("--host", help="serve TCP in the foreground on this address")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--api-key-file", metavar="FILE")
    options = parser.parse_args()
    home = os.path.abspath(options.home)
    os.umask(0o077)
    for name in key_variables(os.environ):
        del os.environ[name]  # the service needs no API keys, and trainers inherit its environment

    if options.host is not None:
        from fttui.server.control import serve

        return serve(home, options.host, options.port, options.api_key_file)
    if options.detach and os.fork():
        return 0

    from fttui.server.detached import run, run_detached
    from fttui.server.idle import IDLE_SECONDS
    from fttui.server.log_file import log_to

    idle_limit = IDLE_SECONDS if options.idle is None else options.idle
    if options.detach:
        return run_detached(home, idle_limit)
    log_to(2)
    return run(home, idle_limit, lambda line: print(line, flush=True))


if __name__ == "__main__":
    sys.exit(main())
