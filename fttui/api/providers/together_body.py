"""The request that creates a job at Together, and what it cannot say. No requests are sent here."""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fttui.models import lenient
from fttui.models.auto_hyperparameters import AUTO
from fttui.models.spec import JobSpec

MAX_SUFFIX = 40
LORA = ("lora_r", "lora_alpha", "lora_dropout", "lora_trainable_modules")
SCHEDULER = ("min_lr_ratio", "num_cycles")
COSINE = {"min_lr_ratio": 0.0, "num_cycles": 0.5}
"""Together's defaults of the arguments of `cosine`, which takes both or none."""
PREFERENCE = ("rpo_alpha", "simpo_gamma", "dpo_normalize_logratios_by_length", "dpo_reference_free")
PLAIN = (
    *("n_checkpoints", "n_evals", "packing", "max_seq_length", "gradient_accumulation_steps", "warmup_ratio"),
    *("max_grad_norm", "weight_decay", "early_stopping_enabled", "early_stopping_patience"),
    *("early_stopping_min_delta", "early_stopping_warmup_evals", "from_checkpoint", "from_hf_model"),
    *("hf_model_revision", "hf_output_repo_name"),
)
_COMMON = ("n_epochs", "batch_size", "learning_rate", "training_type", *LORA, "lr_scheduler_type", *SCHEDULER, *PLAIN)
HYPERPARAMETERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "supervised": (*_COMMON, "train_on_inputs", "train_vision"),
        "dpo": (*_COMMON, "beta", *PREFERENCE),
    }
)
"""Names of hyperparameters by method. `training_type` is `lora` or `full`."""
WANDB_KEY = "WANDB_API_KEY"
"""Environment variable with the key of Weights & Biases, which Together needs to report a run."""
_WANDB = {"entity": "wandb_entity", "name": "wandb_name"}


def refusal(spec: JobSpec) -> str:
    """Return what Together cannot express of a job, as half a sentence; empty if nothing."""
    given = settings(spec)
    method = spec.method or "supervised"
    allowed = HYPERPARAMETERS.get(method, ())
    if unknown := next((name for name in given if name not in allowed), ""):
        other = any(unknown in names for names in HYPERPARAMETERS.values())
        return f"has no {unknown} for {method}" if other else f"has no {unknown}"
    if spec.suffix and len(spec.suffix) > MAX_SUFFIX:
        return f"takes a suffix of at most {MAX_SUFFIX} characters, not {len(spec.suffix)}"
    kind = given.get("training_type", "lora")
    if kind not in ("lora", "full"):
        return f"has no training_type {kind}: it is lora or full"
    lora = [name for name in LORA if name in given]
    if kind == "full" and lora:
        return f"has no {lora[0]} with training_type full"
    if lora and "lora_r" not in given:
        return f"takes {lora[0]} only together with lora_r"
    if scheduler := next((name for name in SCHEDULER if name in given and "lr_scheduler_type" not in given), ""):
        return f"takes {scheduler} only together with lr_scheduler_type"
    if "num_cycles" in given and given["lr_scheduler_type"] != "cosine":
        return "takes num_cycles only with lr_scheduler_type cosine"
    if spec.wandb_project and not os.environ.get(WANDB_KEY, "").strip():
        return f"reports to Weights & Biases only with a key: set {WANDB_KEY}"
    if more := next((name for name in spec.wandb_more if name not in _WANDB), ""):
        return f"has no {more} for Weights & Biases"
    return ""


def settings(spec: JobSpec) -> dict[str, Any]:
    """Return the hyperparameters of a job without those that Together chooses."""
    return {name: value for name, value in spec.hyperparameters.items() if value != AUTO}


def body_of(spec: JobSpec) -> dict[str, Any]:
    """Return the body of the request that creates a job."""
    given = settings(spec)
    body: dict[str, Any] = {"training_file": spec.training_file, "training_method": _method(spec, given)}
    if "from_checkpoint" not in given:
        body["model"] = spec.model
    for name, value in (
        ("validation_file", spec.validation_file),
        ("suffix", spec.suffix),
        ("random_seed", spec.seed),
        *((name, given.get(name)) for name in ("n_epochs", "batch_size", "learning_rate", *PLAIN)),
    ):
        if value not in (None, ""):
            body[name] = value
    if kind := training_type(given):
        body["training_type"] = kind
    if "lr_scheduler_type" in given:
        arguments = {name: given[name] for name in SCHEDULER if name in given}
        if arguments and given["lr_scheduler_type"] == "cosine":
            arguments = COSINE | arguments
        body["lr_scheduler"] = {"lr_scheduler_type": given["lr_scheduler_type"]} | (
            {"lr_scheduler_args": arguments} if arguments else {}
        )
    if "train_vision" in given:
        body["multimodal_params"] = {"train_vision": given["train_vision"]}
    if spec.wandb_project:
        body |= {"wandb_project_name": spec.wandb_project, "wandb_key": os.environ.get(WANDB_KEY, "").strip()}
        body |= {_WANDB[name]: value for name, value in spec.wandb_more.items()}
    return body


def _method(spec: JobSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    if spec.method != "dpo":
        return {"method": "sft", "train_on_inputs": given.get("train_on_inputs", AUTO)}
    more = {name: given[name] for name in PREFERENCE if name in given}
    return {"method": "dpo"} | ({"dpo_beta": given["beta"]} if "beta" in given else {}) | more


def training_type(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training type for hyperparameters; empty where Together's default, LoRA, is wanted."""
    if given.get("training_type") == "full":
        return {"type": "Full"}
    if "lora_r" not in given:
        return {}
    rank = given["lora_r"]
    alpha = given.get("lora_alpha", 2 * rank if isinstance(rank, int) else rank)
    more = {name: given[name] for name in ("lora_dropout", "lora_trainable_modules") if name in given}
    return {"type": "Lora", "lora_r": rank, "lora_alpha": alpha, **more}


def estimate_body(spec: JobSpec) -> dict[str, Any]:
    """Return the body of the request for the price of a job."""
    body = body_of(spec)
    names = ("training_file", "model", "validation_file", "n_epochs", "n_evals", "training_method", "training_type")
    return {name: body[name] for name in (*names, "from_checkpoint") if name in body}


def over_limits(spec: JobSpec, limits: Mapping[str, Any]) -> str:
    """Return the limit of a model that a job exceeds, as half a sentence; empty if none is known."""
    given = settings(spec)
    full = given.get("training_type") == "full"
    if full and limits.get("supports_full_training") is False:
        return f"trains {spec.model} with LoRA only"
    inner = lenient.mapping(limits.get("full_training" if full else "lora_training"))
    dpo = spec.method == "dpo"
    ranges = {
        "n_epochs": (1, limits.get("max_num_epochs")),
        "n_evals": (0, limits.get("max_num_evals")),
        "n_checkpoints": (None, limits.get("max_num_checkpoints")),
        "learning_rate": (limits.get("min_learning_rate"), limits.get("max_learning_rate")),
        "batch_size": (inner.get("min_batch_size"), inner.get("max_batch_size_dpo" if dpo else "max_batch_size")),
        "lora_r": (None, inner.get("max_rank")),
        "max_seq_length": (
            limits.get("min_max_seq_length"),
            limits.get("max_seq_length_dpo" if dpo else "max_seq_length_sft"),
        ),
    }
    for name, (least, most) in ranges.items():
        value = lenient.number(given.get(name))
        low, high = lenient.number(least), lenient.number(most)
        if value is not None and low is not None and value < low:
            return f"takes a {name} of at least {low:g} for {spec.model}, not {value:g}"
        if value is not None and high is not None and value > high:
            return f"takes a {name} of at most {high:g} for {spec.model}, not {value:g}"
    return ""
