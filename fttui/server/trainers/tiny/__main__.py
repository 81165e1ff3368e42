"""The built-in trainer as a program: `python -m fttui.server.trainers.tiny DIRECTORY` (protocol: ../README.md)."""

import os
import signal
import sys
import traceback

from fttui.server.trainers.protocol import NO_ROOM, STOPPED, Progress, RunSettings, is_disk_full

# One thread: a job leaves the other cores alone, and sums are always added in the same order.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"


class Stop(Exception):
    """SIGTERM was received: save and exit."""


def main(directory: str) -> int:
    """Train the job in `directory`. Return the exit code."""
    try:
        return train(directory)
    except OSError as error:
        if not is_disk_full(error):
            raise
        return NO_ROOM  # without a word: there is no room for one


def train(directory: str) -> int:
    """Train, and report every failure except a full disk.

    Raises:
        OSError: the disk is full, or no report can be written.
    """
    signals: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: signals.append(number))

    def check_stop() -> None:
        if signals:
            raise Stop

    from fttui.server.trainers.tiny.dataset import UnusableData
    from fttui.server.trainers.tiny.job_files import Damaged
    from fttui.server.trainers.tiny.train import Diverged, TrainingRun

    progress = Progress(directory)
    run = None
    try:
        run = TrainingRun(directory, RunSettings.read(directory), progress, check_stop)
        result = run.run()
        progress.write("result", **result)
        progress.sync()
    except Stop:
        if run is not None:
            run.save()
        return STOPPED
    except UnusableData as error:
        param = "validation_file" if os.path.basename(error.path).startswith("valid") else "training_file"
        message = f"Invalid file format. The {param.replace('_', ' ')}, {error}."
        progress.write("error", code="invalid_file_format", message=message, param=param)
        return 1
    except Diverged as error:
        hint = "a smaller learning_rate_multiplier may help"
        progress.write("error", code="training_diverged", message=f"Training diverged: {error}; {hint}.")
        return 1
    except Damaged as error:  # only the model to start from is left: a damaged state is replaced
        message = f"The model to start from cannot be used: {error}. Start from a different model."
        progress.write("error", code="damaged_model", message=message, param="model")
        return 1
    except Exception as error:
        if is_disk_full(error):
            raise
        traceback.print_exc()
        progress.write("error", code="trainer_error", message=f"{type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
