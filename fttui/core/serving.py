"""Commands of other programs that serve an exported model, by its files. Pure.

They follow the documentation of vLLM, Ollama and llama.cpp.
"""

import os
import shlex
from typing import NamedTuple

from fttui.models.export import ModelExport

ADAPTER, WEIGHTS = "adapter_config.json", "config.json"
"""Files by which an export is told: of a LoRA adapter, and of a whole model."""


class ServingCommand(NamedTuple):
    """A program and one line of shell that serves the model with it."""

    program: str
    line: str


def serving_commands(found: ModelExport, name: str) -> list[ServingCommand]:
    """Return the commands that serve an export; none for a format that other programs do not read.

    vLLM finds a base model by its id at the hub. An id names a different model in Ollama, so it gets the directory.

    Args:
        name: name under which the model is served.
    """
    directory = shlex.quote(found.directory)
    base = shlex.quote(found.source or found.base)
    here = found.base_directory or found.source
    gguf = shlex.quote(os.path.join(found.directory, f"{name}.gguf"))
    served = shlex.quote(name)
    if ADAPTER in found.files:
        module = shlex.quote(f"{name}={found.directory}")
        of_base = f"--base {shlex.quote(here)}" if here else f"--base-model-id {base}"
        return [
            ServingCommand("vLLM", f"vllm serve {base} --enable-lora --lora-modules {module}"),
            ServingCommand("Ollama", _ollama(f"FROM {here or found.base}", found.directory, served)),
            ServingCommand("llama.cpp", f"python convert_lora_to_gguf.py {directory} {of_base} --outfile {gguf}"),
        ]
    if WEIGHTS in found.files:
        return [
            ServingCommand("vLLM", f"vllm serve {directory} --served-model-name {served}"),
            ServingCommand("Ollama", _ollama(f"FROM {found.directory}", "", served)),
            ServingCommand(
                "llama.cpp", f"python convert_hf_to_gguf.py {directory} --outfile {gguf} && llama-server -m {gguf}"
            ),
        ]
    return []


def serving_table() -> str:
    """Return the table of programs in docs/own-hardware.md."""
    base, cached = "Qwen/Qwen3-0.6B", "CACHED"
    rows = ["| program | export | command |", "| --- | --- | --- |"]
    for kind, files in (("adapter", (ADAPTER,)), ("merged", (WEIGHTS,))):
        directory = "tuned" if kind == "adapter" else "merged"
        found = ModelExport(directory, files, base, "", cached, is_copy=False)
        rows += [f"| {each.program} | {kind} | `{each.line}` |" for each in serving_commands(found, "support-v4")]
    return "\n".join(rows)


def _ollama(base: str, adapter: str, name: str) -> str:
    lines = [base, *([f"ADAPTER {adapter}"] if adapter else [])]
    quoted = " ".join(shlex.quote(line) for line in lines)
    return f"printf '%s\\n' {quoted} > Modelfile && ollama create {name} -f Modelfile"
