"""Base models and tokenizers: from a directory, the hub's cache or the hub. Errors become refusals.

Code of a model's repository is never run, and weights are read from safetensors only.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import torch
from huggingface_hub import snapshot_download
from peft import PeftModel
from tqdm.auto import tqdm
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PretrainedConfig, PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

from fttui.server.trainers.hf import devices, hub
from fttui.server.trainers.hf.refusal import Refusal

ADAPTER_CONFIG = "adapter_config.json"
_SMALL_FILES = ("*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken")
_FILES = (*_SMALL_FILES, "*.safetensors")
_UNUSED = ("original/*", "onnx/*", "*/*")
OnBytes = Callable[[int, int], None]
"""Called while a model is downloaded, with the bytes done and the bytes in all."""


def fetch(base: str, source: str | None, *, weights: bool = True, on_bytes: OnBytes = lambda done, total: None) -> str:
    """Return the directory of a base model, after a download if it has to come from the hub.

    Args:
        source: the directory of the model, if the job names one.
        weights: get the weights too, not only configuration and tokenizer.

    Raises:
        Refusal: the model is missing, gated or unusable.
    """
    try:
        model = hub.find(base, source)
    except ValueError as error:
        raise Refusal("model_not_loaded", str(error), "model") from None
    if model is not None:
        return model.path

    class Bar(tqdm):
        """Progress of a download. The hub's client makes one for bytes and others for files."""

        def update(self, n: float | None = 1) -> bool | None:
            shown = super().update(n)
            if self.unit == "B" and self.total:
                on_bytes(int(self.n), int(self.total))
            return bool(shown)

        def display(self, *_: Any, **__: Any) -> None:
            pass

    on_bytes(0, 0)  # the hub can take a minute to answer
    try:
        files = list(_FILES if weights else _SMALL_FILES)
        return snapshot_download(base, allow_patterns=files, ignore_patterns=list(_UNUSED), tqdm_class=Bar)
    except Exception as error:
        raise explained(error, base) from error


def load_config(path: str, base: str) -> PretrainedConfig:
    """Return the configuration of a model.

    Raises:
        Refusal: its architecture is unknown, or is not a causal language model.
    """
    try:
        hub.architecture_of(base, path)
    except (OSError, ValueError) as error:
        raise Refusal("model_not_loaded", str(error), "model") from None
    try:
        config = AutoConfig.from_pretrained(path, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise explained(error, base) from error
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        message = f"{base} ({config.model_type}) is not a causal language model. Choose a model that writes text."
        raise Refusal("model_not_loaded", message, "model")
    return config


def load_tokenizer(path: str, base: str) -> Tokenizer:
    """Return the tokenizer of a model, with a token for padding.

    Raises:
        Refusal: it cannot be loaded.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise explained(error, base) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(
    path: str, base: str, *, dtype: torch.dtype, four_bit: bool = False, on_cpu: bool = False
) -> PreTrainedModel:
    """Return a model with its weights, on the device of this process or on the CPU.

    Raises:
        Refusal: it cannot be loaded.
    """
    members: dict[str, Any] = {}
    if torch.cuda.is_available() and not on_cpu:
        members["device_map"] = {"": int(os.environ.get("LOCAL_RANK", "0"))}
    if four_bit:
        members["quantization_config"] = _four_bit(dtype)
    try:
        return AutoModelForCausalLM.from_pretrained(
            path, dtype=dtype, use_safetensors=True, trust_remote_code=False, local_files_only=True, **members
        )
    except Exception as error:
        raise explained(error, base) from error


def load_tuned(path: str, base_path: str, base: str, *, dtype: torch.dtype, on_cpu: bool = False) -> Any:
    """Return a tuned model: a base model with an adapter, or one with its own weights."""
    if not is_adapter(path):
        return load_model(path, base, dtype=dtype, on_cpu=on_cpu)
    return with_adapter(load_model(base_path, base, dtype=dtype, on_cpu=on_cpu), path, trainable=False)


def with_adapter(model: PreTrainedModel, path: str, *, trainable: bool) -> PeftModel:
    """Return the model with the adapter in a directory.

    Raises:
        Refusal: the adapter does not fit the model, or is damaged.
    """
    try:
        return PeftModel.from_pretrained(model, path, is_trainable=trainable, use_safetensors=True)
    except Exception as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        message = f"The model to start from cannot be used: {first[:300]}. Start from a different model."
        raise Refusal("damaged_model", message, "model") from error


def is_adapter(path: str) -> bool:
    """Return whether a directory has an adapter, not a model of its own."""
    return os.path.exists(os.path.join(path, ADAPTER_CONFIG))


def check_four_bit() -> None:
    """Check that models can be loaded in 4 bits.

    Raises:
        Refusal: bitsandbytes or a GPU is missing.
    """
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        advice = "Install it beside fttui (pip install bitsandbytes), or leave out quantize"
        raise Refusal("not_supported", f"quantize=4bit needs the package bitsandbytes. {advice}.", "quantize") from None
    if not torch.cuda.is_available():
        raise Refusal("not_supported", "quantize=4bit needs a GPU. Leave out quantize on this machine.", "quantize")


def compute_dtype() -> torch.dtype:
    """Return the type in which a frozen base model is kept: bfloat16 on GPUs that have it."""
    return torch.bfloat16 if devices.has_bf16() else torch.float32


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out: of a GPU, or of this machine."""
    return any(
        isinstance(link, MemoryError | torch.OutOfMemoryError)
        or (isinstance(link, RuntimeError) and ("can't allocate memory" in str(link) or "out of memory" in str(link)))
        for link in chain(error)
    )


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def explained(error: Exception, base: str) -> Refusal:
    """Return the reason why a model could not be loaded."""
    names = {type(link).__name__ for link in chain(error)}
    texts = " ".join(str(link) for link in chain(error))
    if "GatedRepoError" in names:
        message = (
            f"{base} is gated at the hub. Accept its licence on its page there, then give the trainer your token: "
            "set HF_TOKEN, or run `hf auth login`."
        )
        return Refusal("gated_model", message, "model")
    if "RepositoryNotFoundError" in names or "HFValidationError" in names:
        message = f"The hub has no model {base}, or your token may not read it. Check the id and the token."
        return Refusal("model_not_found", message, "model")
    if names & {"OfflineModeIsEnabled", "LocalEntryNotFoundError", "ConnectError", "ConnectTimeout", "ConnectionError"}:
        message = f"{base} is not on this machine, and the hub cannot be reached. Download it first: hf download {base}"
        return Refusal("model_not_here", message, "model")
    if is_out_of_memory(error):
        message = (
            f"{base} does not fit into the memory of this machine. Use a smaller model, or quantize=4bit on a GPU."
        )
        return Refusal("out_of_memory", message, "model")
    if "trust_remote_code" in texts:
        message = (
            f"{base} needs code from its repository, which fttui never runs. Choose a model that transformers knows."
        )
        return Refusal("model_not_loaded", message, "model")
    if "safetensors" in texts and "EnvironmentError" in names | {"OSError"} & names:
        message = (
            f"{base} has no weights in the safetensors format, the only one that is read. Choose a different model."
        )
        return Refusal("model_not_loaded", message, "model")
    first = next(iter(str(error).splitlines()), "") or type(error).__name__
    return Refusal("model_not_loaded", f"{base} could not be loaded: {first[:300].rstrip('.')}.", "model")


def _four_bit(dtype: torch.dtype) -> Any:
    check_four_bit()
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
