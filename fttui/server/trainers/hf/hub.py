"""Models on this machine: the cache of the Hugging Face hub, and directories. Standard library only."""

import json
import math
import os
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple

_ID = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
_CAUSAL = re.compile(r"\w+(ForCausalLM|LMHeadModel)", re.ASCII)
_OTHER_SENSES = ("vision_config", "audio_config", "speech_config", "img_processor", "vision_tower", "visual")
"""Members of a configuration that only models have which read images or sound."""
_INDEX = "model.safetensors.index.json"
_LARGEST_JSON = 64 << 20
_LARGEST_LIST = 4 << 20


class LocalModel(NamedTuple):
    """Base model whose files are on this machine."""

    id: str
    path: str
    size: int
    """Bytes of its weights."""
    architecture: str
    source: str
    """`cache` or `settings`."""


class Unsuitable(ValueError):
    """The model is of a kind that is not trained. The message is a sentence."""


def cached_models(environ: Mapping[str, str] = os.environ) -> list[LocalModel]:
    """Return the causal language models in the hub's cache, by id. Incomplete downloads are left out."""
    folder = cache_folder(environ)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    found = []
    for name in names:
        kind, _, rest = name.partition("--")
        id = rest.replace("--", "/", 1)
        if kind != "models" or not _ID.fullmatch(id):
            continue
        try:
            found.append(_model(id, _snapshot(os.path.join(folder, name)), "cache"))
        except (OSError, ValueError):
            continue
    return found


def model_in(directory: str) -> LocalModel:
    """Return the model in a directory. Its id is the last component of the path.

    Raises:
        ValueError: the directory has no usable model. The message is a sentence.
    """
    path = os.path.realpath(os.path.expanduser(directory))
    id = os.path.basename(path)
    if not os.path.isdir(path):
        raise ValueError(f"{directory} is not a directory. Give the directory of a model, or its id at the hub.")
    if not _ID.fullmatch(id):
        raise ValueError(f"{directory} cannot be a model's id. Use letters, digits, '.', '_' and '-' in its last part.")
    try:
        return _model(id, path, "settings")
    except FileNotFoundError as error:
        name = os.path.basename(error.filename)
        raise ValueError(f"{directory} has no {name}. It is not the directory of a model.") from None
    except OSError as error:
        raise ValueError(f"{directory} cannot be read: {error.strerror}.") from None


def find(base: str, source: str | None, environ: Mapping[str, str] = os.environ) -> LocalModel | None:
    """Return a base model that is on this machine; None when it, or a part of it, has to come from the hub.

    Args:
        source: its directory, if the job names one.

    Raises:
        ValueError: `source` has no usable model, or the model is of a kind that is not trained.
    """
    if source is not None:
        return model_in(source)._replace(id=base)
    if not _ID.fullmatch(base):
        return None
    folder = os.path.join(cache_folder(environ), "models--" + base.replace("/", "--"))
    try:
        return _model(base, _snapshot(folder), "cache")
    except Unsuitable:
        raise
    except (OSError, ValueError):
        return None


def reference(base: str, path: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return what other programs load a base model by: its id at the hub, or its directory if it has none."""
    cache = os.path.realpath(cache_folder(environ))
    return base if os.path.realpath(path).startswith(cache + os.sep) else path


def cache_folder(environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder in which the hub's client keeps models."""
    if cache := environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE"):
        return os.path.expanduser(cache)
    return os.path.join(_home(environ), "hub")


def has_token(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether the user has a token of the hub: in the environment, or saved by `hf auth login`."""
    if environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN"):
        return True
    path = environ.get("HF_TOKEN_PATH") or os.path.join(_home(environ), "token")
    try:
        return os.path.getsize(os.path.expanduser(path)) > 0
    except OSError:
        return False


def is_reachable(environ: Mapping[str, str] = os.environ, timeout: float = 3.0) -> bool:
    """Return whether the hub answers. Sends one request, without a token."""
    if not (address := _address(environ)):
        return False
    try:
        request = urllib.request.Request(f"{address}/api/models?limit=1", method="HEAD")
        urllib.request.urlopen(request, timeout=timeout).close()
    except urllib.error.HTTPError:
        return True  # an answer, even if a refusal
    except (OSError, ValueError):
        return False
    return True


def download_size(id: str, environ: Mapping[str, str] = os.environ, timeout: float = 3.0) -> int | None:
    """Return the bytes of a model's weights at the hub, None when it does not say. Sends no token."""
    if not (address := _address(environ)):
        return None
    try:
        with urllib.request.urlopen(f"{address}/api/models/{id}/tree/main", timeout=timeout) as answer:
            files = json.loads(answer.read(_LARGEST_LIST))
    except (OSError, ValueError, RecursionError):
        return None
    entries = [entry for entry in files if isinstance(entry, dict)] if isinstance(files, list) else []
    sizes = [entry.get("size") for entry in entries if str(entry.get("path")).endswith(".safetensors")]
    known = [size for size in sizes if isinstance(size, int) and size > 0]
    return sum(known) if known and len(known) == len(sizes) else None


def _address(environ: Mapping[str, str]) -> str:
    """Return the address of the hub; empty when it must not be asked."""
    if environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
        return ""
    address = (environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
    return address if address.startswith(("https://", "http://")) else ""


def positions(path: str) -> int | None:
    """Return the tokens that the model in a directory can read; None if its configuration does not say it.

    Raises:
        OSError, ValueError: the configuration cannot be read.
    """
    config = _read_json(os.path.join(path, "config.json"))
    text = config.get("text_config")
    for name in ("max_position_embeddings", "n_positions"):
        for members in (config, text if isinstance(text, dict) else {}):
            if isinstance(members.get(name), int) and members[name] > 0:
                return int(members[name])
    return None


def parameter_count(path: str) -> int:
    """Return the number of parameters of the model in a directory, from the headers of its weights.

    Raises:
        OSError, ValueError: the weights cannot be read.
    """
    count = 0
    for weights in _weights(path):
        with open(weights, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= _LARGEST_JSON:
                raise ValueError(f"{os.path.basename(weights)} is not a safetensors file")
            header: dict[str, Any] = json.loads(file.read(length))
        count += sum(math.prod(members.get("shape", (0,))) for name, members in header.items() if name[:2] != "__")
    return count


def _home(environ: Mapping[str, str]) -> str:
    cache = environ.get("XDG_CACHE_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".cache")
    return os.path.expanduser(environ.get("HF_HOME") or os.path.join(cache, "huggingface"))


def _snapshot(folder: str) -> str:
    """Return the directory of a cached model's files: those of the branch `main`, else the newest.

    Raises:
        OSError, ValueError: it has none.
    """
    snapshots = os.path.join(folder, "snapshots")
    try:
        with open(os.path.join(folder, "refs", "main"), encoding="utf-8") as file:
            path = os.path.join(snapshots, os.path.basename(file.read(200).strip()))
            if os.path.isdir(path):
                return path
    except OSError:
        pass
    paths = [os.path.join(snapshots, name) for name in os.listdir(snapshots)]
    return max(paths, key=os.path.getmtime)


def _model(id: str, path: str, source: str) -> LocalModel:
    """Raises OSError or ValueError (with a sentence) when the directory has no complete causal language model."""
    architecture = architecture_of(id, path)
    return LocalModel(id, path, sum(map(os.path.getsize, _weights(path))), architecture, source)


def architecture_of(id: str, path: str) -> str:
    """Return the architecture of the model in a directory.

    Raises:
        Unsuitable: it is not a causal language model, or it reads more than text.
        OSError, ValueError: its configuration cannot be read.
    """
    config = _read_json(os.path.join(path, "config.json"))
    given = config.get("architectures")
    names = [str(name) for name in given if isinstance(name, str)] if isinstance(given, list) else []
    if any(config.get(member) for member in _OTHER_SENSES):
        kind = f" ({names[0]})" if names else ""
        raise Unsuitable(
            f"{id} reads images or sound besides text{kind}; such models are not trained here. "
            "Choose a model for text alone, whose architecture ends in ForCausalLM."
        )
    causal = next((name for name in names if _CAUSAL.fullmatch(name)), None)
    if causal is None:
        raise Unsuitable(f"{id} is not a causal language model. Choose a model whose architecture ends in ForCausalLM.")
    return causal


def _weights(path: str) -> list[str]:
    """Return the files with the weights. Raises OSError or ValueError when some are missing."""
    try:
        shards = _read_json(os.path.join(path, _INDEX)).get("weight_map")
    except FileNotFoundError:
        shards = None
    if isinstance(shards, dict):
        names = sorted({os.path.basename(str(name)) for name in shards.values()})
    else:
        names = sorted(name for name in os.listdir(path) if name.endswith(".safetensors"))
    if not names:
        raise ValueError(
            f"{os.path.basename(path)} has no weights in the safetensors format, the only one that is read. "
            "Convert the model, or choose one with *.safetensors files."
        )
    paths = [os.path.join(path, name) for name in names]
    for name in paths:
        os.stat(name)
    return paths


def _read_json(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            content = json.loads(file.read(_LARGEST_JSON))
    except (ValueError, RecursionError):
        raise ValueError(f"{os.path.basename(path)} is not JSON.") from None
    if not isinstance(content, dict):
        raise ValueError(f"{os.path.basename(path)} is not a JSON object.")
    return content
