"""Reports of unexpected errors. Standard library only."""

import os
import time


def report(error: BaseException) -> str:
    """Write the traceback of an unexpected error to a file, mode 0600, and return a message that names the file.

    Values of variables are left out, since one may be a key.
    """
    import traceback

    from fttui.config.paths import make_dir, state_dir
    from fttui.own_files import open_own

    cause = error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    message = f"fttui: unexpected error: {type(cause).__name__}"
    try:
        path = os.path.join(make_dir(state_dir()), time.strftime("crash-%Y%m%d-%H%M%S.txt"))
        with open(open_own(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
    except Exception:  # a full disk, or a directory that is refused
        return message
    return f"{message}\nDetails: {path}"
