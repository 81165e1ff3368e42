"""Export of a tuned model as a program: its files as they are, or merged into the base model.

python -m fttui.server.trainers.hf.export --model PATH --base ID --source DIRECTORY -o DIRECTORY [--merged]
"""

import argparse
import json
import os
import shutil
import sys

from fttui.server.trainers.hf import load, states
from fttui.server.trainers.hf.refusal import Refusal
from fttui.server.trainers.protocol import is_disk_full


def main(arguments: list[str] | None = None) -> int:
    """Run the program. Return the exit code."""
    parser = argparse.ArgumentParser(description="Export a tuned model.")
    parser.add_argument("--model", required=True, help="directory of the tuned model")
    parser.add_argument("--base", required=True, help="id of the base model")
    parser.add_argument("--source", default="", help="directory of the base model; empty to get it by its id")
    parser.add_argument("-o", "--output", required=True, help="directory to create")
    parser.add_argument("--merged", action="store_true", help="merge the adapter into the base model")
    given = parser.parse_args(arguments)
    try:
        files = export(given.model, given.base, given.source or None, given.output, merged=given.merged)
    except Refusal as refusal:
        print(json.dumps({"type": "error", "code": refusal.code, "message": str(refusal), "param": refusal.param}))
        return 1
    print(json.dumps({"files": files}))
    return 0


def export(model: str, base: str, source: str | None, output: str, *, merged: bool) -> list[str]:
    """Write a tuned model into a new directory. Return the names of its files.

    Raises:
        Refusal: the model cannot be exported.
    """
    if os.path.exists(output) and os.listdir(output):
        raise Refusal("output_exists", f"{output} is not empty. Choose a new directory.", "output")
    if not os.path.isdir(model):
        raise Refusal("model_not_found", "The directory of the model is gone.", "model")
    unfinished = output.rstrip(os.sep) + ".new"
    try:
        if merged and load.is_adapter(model):
            _merge(model, load.fetch(base, source), base, unfinished)
        else:
            states.copy_model(model, unfinished)
        if os.path.isdir(output):
            os.rmdir(output)
        os.rename(unfinished, output)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        advice = "Free some space" if is_disk_full(error) else "Choose a different directory"
        raise Refusal("not_written", f"{output} cannot be written: {error.strerror}. {advice}.", "output") from error
    return sorted(os.listdir(output))


def _merge(model: str, path: str, base: str, output: str) -> None:
    # Merged on the CPU, which has room for any model that a GPU of this machine trained.
    import torch

    config = load.load_config(path, base)
    dtype = config.dtype if isinstance(config.dtype, torch.dtype) else torch.float32
    tuned = load.load_tuned(model, path, base, dtype=dtype, on_cpu=True)
    tuned.merge_and_unload().save_pretrained(output)
    load.load_tokenizer(path, base).save_pretrained(output)


if __name__ == "__main__":
    sys.exit(main())
