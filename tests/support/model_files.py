"""Directories that look like models to `hub.py`: a configuration and weights of some bytes."""

import json
from pathlib import Path


def write_model(directory: Path, *, size: int = 1000, architecture: str = "LlamaForCausalLM") -> str:
    """Write a model without meaning. Return the path of its directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps({"architectures": [architecture]}))
    (directory / "model.safetensors").write_bytes(b"0" * size)
    return str(directory)


def write_cached_model(hub: Path, id: str, *, size: int = 1000) -> str:
    """Write a model into a cache of the hub. Return the path of its snapshot."""
    folder = hub / f"models--{id.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc123")
    return write_model(folder / "snapshots" / "abc123", size=size)
