"""`python -m fttui.server.trainers.tiny DIRECTORY`: the small trainer as the protocol in ../README.md wants it."""

import os
import signal
import sys
import traceback

# One thread: a job leaves the other cores alone, and sums are always added in the same order.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"

STOPPED = 128 + signal.SIGTERM
CANNOT_WRITE = 74
"""EX_IOERR of sysexits.h."""


class Stop(Exception):
    """SIGTERM came: save, and leave."""


def main(directory: str) -> int:
    """Train the job in `directory`; returns the exit code."""
    wanted: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: wanted.append(number))

    def pulse() -> None:
        if wanted:
            raise Stop

    from fttui.server.trainers.tiny.examples import Unusable
    from fttui.server.trainers.tiny.files import Progress
    from fttui.server.trainers.tiny.training import Diverged, Plan, Training

    progress = Progress(directory)
    training = None
    try:
        training = Training(directory, Plan.read(directory), progress, pulse)
        result = training.run()
        progress.say("result", **result)
        progress.sync()
    except Stop:
        if training is not None:
            training.save()
        return STOPPED
    except Unusable as error:
        param = "validation_file" if os.path.basename(error.path).startswith("valid") else "training_file"
        message = f"Invalid file format. The {param.replace('_', ' ')}, {error}."
        progress.say("error", code="invalid_file_format", message=message, param=param)
        return 1
    except Diverged as error:
        hint = "a smaller learning_rate_multiplier may help"
        progress.say("error", code="training_diverged", message=f"Training diverged: {error}; {hint}.")
        return 1
    except Exception as error:
        traceback.print_exc()
        try:
            progress.say("error", code="trainer_error", message=f"{type(error).__name__}: {error}")
        except OSError:
            return CANNOT_WRITE
        return CANNOT_WRITE if isinstance(error, OSError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
