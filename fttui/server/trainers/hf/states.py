"""Saved states of a job, and the models that are kept from them.

transformers writes a state in place and continues from the one with the highest number, complete or not. A state
therefore counts only when it has the file `whole`, which is written last. Models are hard links to files of a state, so
they need no second copy on the disk.
"""

import os
import shutil

FOLDER = "state"
_WHOLE = "whole"
_MODEL_FILES = (".safetensors", ".json", ".jinja", ".model", ".txt")
_STATE_ONLY = ("trainer_state.json",)


def folder_of(directory: str) -> str:
    """Return the folder of the saved states of the job in a directory."""
    return os.path.join(directory, FOLDER)


def state_at(directory: str, step: int) -> str:
    """Return the path of the state after a step."""
    return os.path.join(directory, FOLDER, f"checkpoint-{step}")


def newest(directory: str) -> str | None:
    """Return the path of the newest complete state; None for a new job."""
    complete = [path for path in _states(directory) if os.path.exists(os.path.join(path, _WHOLE))]
    return max(complete, key=_step, default=None)


def remove_incomplete(directory: str) -> None:
    """Remove states and models that a kill left incomplete."""
    for path in _states(directory):
        if not os.path.exists(os.path.join(path, _WHOLE)):
            shutil.rmtree(path)
    for name in os.listdir(directory):
        if name.startswith("step-") and name.endswith(".new"):
            shutil.rmtree(os.path.join(directory, name))


def complete(directory: str, step: int) -> None:
    """Make the state after a step count, and remove all others."""
    path = state_at(directory, step)
    sync_tree(path)
    with open(os.path.join(path, _WHOLE), "w") as file:
        os.fsync(file.fileno())
    _sync(path)
    for other in _states(directory):
        if other != path:
            shutil.rmtree(other)


def keep_model(directory: str, step: int) -> str:
    """Keep the model of the state after a step. Return the name of its folder in the job's directory."""
    name = f"step-{step}"
    target, state = os.path.join(directory, name), state_at(directory, step)
    if os.path.isdir(target):
        return name  # reported before a kill, and perhaps in use since
    unfinished = target + ".new"
    shutil.rmtree(unfinished, ignore_errors=True)
    os.makedirs(unfinished)
    for file in _model_files(state):
        os.link(os.path.join(state, file), os.path.join(unfinished, file))
    sync_tree(unfinished)
    os.rename(unfinished, target)
    _sync(directory)
    return name


def copy_model(source: str, target: str) -> None:
    """Copy the files of a model into a new folder."""
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    for name in _model_files(source):
        shutil.copyfile(os.path.join(source, name), os.path.join(target, name))
    sync_tree(target)


def sync_tree(path: str) -> None:
    """Flush a folder and everything in it to disk."""
    for folder, _, names in os.walk(path):
        for name in names:
            _sync(os.path.join(folder, name))
        _sync(folder)


def _model_files(folder: str) -> list[str]:
    """Return the names of the files that belong to a model, without those that only resuming needs."""
    return sorted(
        name
        for name in os.listdir(folder)
        if name.endswith(_MODEL_FILES) and name not in _STATE_ONLY and os.path.isfile(os.path.join(folder, name))
    )


def _states(directory: str) -> list[str]:
    folder = folder_of(directory)
    if not os.path.isdir(folder):
        return []
    paths = [os.path.join(folder, name) for name in os.listdir(folder) if name.startswith("checkpoint-")]
    return [path for path in paths if path.rpartition("-")[2].isdigit()]


def _step(path: str) -> int:
    return int(path.rpartition("-")[2])


def _sync(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
