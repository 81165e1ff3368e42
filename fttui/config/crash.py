"""A fault of fttui itself: the whole of it into a file, a line for the person. Standard library only."""

import os
import time


def words(error: BaseException) -> str:
    """Write the traceback of `error` into a file of the owner's alone, and say so in a line or two.

    Without the values of variables: one of them may be a key.
    """
    import traceback

    from fttui.config.paths import make_dir, state_dir

    told = f"fttui: a fault of fttui itself: {type(error).__name__}"
    try:
        where = os.path.join(make_dir(state_dir()), time.strftime("crash-%Y%m%d-%H%M%S.txt"))
        with open(os.open(where, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
    except OSError:
        return told
    return f"{told}\nWhat happened is in {where}"
