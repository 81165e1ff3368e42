"""Answer to `--check`: whether a job can be trained, its tokens, steps, memory and time, without training."""

import json
import time
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PretrainedConfig

from fttui.server.trainers.hf import devices, hub, load, memory, nodes, processes
from fttui.server.trainers.hf.dataset import Prepared, prepare
from fttui.server.trainers.hf.masks import masks_of
from fttui.server.trainers.hf.memory import FOUR_BIT, FULL, LORA, Shape, Workload
from fttui.server.trainers.hf.options import Options
from fttui.server.trainers.hf.refusal import Refusal
from fttui.server.trainers.hf.train import Start
from fttui.server.trainers.protocol import RunSettings

_EFFICIENCY = 0.4
"""Share of the speed of a matrix product that a training reaches."""

_STEP = 0.02
"""Seconds that each step takes beside its arithmetic."""


def print_check(directory: str) -> int:
    """Check the job in `directory`, and print the answer as one line of JSON. Return the exit code."""
    try:
        answer = check(RunSettings.read(directory))
    except Refusal as refusal:
        print(json.dumps({"type": "error", "code": refusal.code, "message": str(refusal), "param": refusal.param}))
        return 1
    print(json.dumps({"type": "check", **answer}))
    return 0


def check(run: RunSettings) -> dict[str, Any]:
    """Return tokens, examples, steps, seconds, bytes of memory and warnings of a job.

    Raises:
        Refusal: the job cannot be trained here.
    """
    options = Options.read(run.settings)
    if run.nodes is not None:
        nodes.share(run.batch_size, run.nodes)
    if options.quantize == "4bit" and run.engine is None:
        load.check_four_bit()
    start = Start.of(run, options)
    path = load.fetch(run.base, run.source, weights=False)
    config = load.load_config(path, run.base)
    options = options.limited(hub.positions(path))
    masks = masks_of(load.load_tokenizer(path, run.base), run.base)
    training = prepare(masks, run.training_file, run.method, "training_file", options.max_length)
    if run.validation_file:
        prepare(masks, run.validation_file, run.method, "validation_file", options.max_length)
    known: dict[str, Any] = {
        "tokens": training.tokens * run.epochs,
        "examples": training.examples,
        "steps": -(-_sequences(training, run, options) // run.batch_size) * run.epochs,
        "warnings": _warnings(run, options, start, training, masks.knows_system),
    }
    if run.engine is not None:
        return known  # the devices of this machine say nothing about those of the node
    shape = shape_of(config, path)
    used = processes.number(devices.count(options.devices), run.batch_size)
    work = workload(run, options, start, training.longest, used)
    needed = memory.need(shape, work).total
    # Processes on a CPU share its memory.
    available = devices.memory() // (1 if torch.cuda.is_available() else used)
    if needed > available:
        raise _too_large(run, options, shape, work, available)
    estimate = seconds(shape, work, training.tokens * run.epochs, used, options.threads)
    return {
        **known,
        "seconds": None if estimate is None else round(estimate + known["steps"] * _STEP),
        "memory_bytes": needed,
    }


def workload(run: RunSettings, options: Options, start: Start, longest: int, used: int) -> Workload:
    """Return how much of a job is trained at once by one of `used` processes."""
    kind = FULL if start.full_weights else FOUR_BIT if options.quantize == "4bit" else LORA
    examples = min(options.micro_batch, max(1, run.batch_size // used))
    is_dpo = run.method == "dpo"
    tokens = options.max_length if options.packing and not is_dpo else longest
    return Workload(
        kind,
        torch.cuda.is_available(),
        is_dpo,
        examples * (2 if is_dpo else 1),
        tokens,
        options.lora_r,
        options.gradient_checkpointing,
    )


def shape_of(config: PretrainedConfig, path: str) -> Shape:
    """Return the sizes of a model, from its architecture without weights."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    text = config.get_text_config()
    heads = {id(model.get_output_embeddings()), id(model.get_input_embeddings())}
    linear = sum(
        module.in_features + module.out_features
        for module in model.modules()
        if isinstance(module, nn.Linear) and id(module) not in heads
    )
    try:
        parameters = hub.parameter_count(path)
    except (OSError, ValueError):  # not downloaded yet
        parameters = model.num_parameters()
    embedding = sum(
        parameter.numel()
        for module in (model.get_input_embeddings(), model.get_output_embeddings())
        if module is not None
        for parameter in module.parameters()
    )
    if getattr(text, "tie_word_embeddings", False):
        embedding //= 2
    hidden = int(text.hidden_size)
    intermediate = int(getattr(text, "intermediate_size", None) or 4 * hidden)
    return Shape(parameters, embedding, linear, int(text.num_hidden_layers), hidden, intermediate, int(text.vocab_size))


def seconds(shape: Shape, work: Workload, tokens: int, used: int, threads: int) -> float | None:
    """Estimate the time of a training from the speed of a matrix product. Return None if its memory is full."""
    passes = 6 if work.kind == FULL else 4  # frozen weights need no gradient
    passes += 2 if work.checkpointing else 0
    passes += 2 if work.is_dpo else 0  # the model to compare with
    try:
        speed = _speed(threads)
    except torch.OutOfMemoryError:
        return None
    return passes * shape.parameters * tokens / (speed * _EFFICIENCY * used)


def _speed(threads: int) -> float:
    """Return the operations per second of a matrix product."""
    has_gpu = torch.cuda.is_available()
    size, device = (4096, "cuda") if has_gpu else (512, "cpu")
    torch.set_num_threads(threads)
    matrix = torch.ones((size, size), dtype=load.compute_dtype(), device=device)
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        product = matrix @ matrix
        product[0, 0].item()  # waits for the device
        best = min(best, time.perf_counter() - began)
    return 2.0 * size**3 / best


def _too_large(run: RunSettings, options: Options, shape: Shape, work: Workload, available: int) -> Refusal:
    """Return the refusal of a job that needs too much memory, with the changes that would help."""
    needed = memory.need(shape, work).total
    device = "the GPU" if work.is_gpu else "this machine"
    kinds = {LORA: "a LoRA adapter", FULL: "all weights", FOUR_BIT: "an adapter in 4 bits"}
    sentence = f"Training {kinds[work.kind]} of {run.base} needs about {gib(needed)}; {device} has {gib(available)}."
    changes = {
        "gradient_checkpointing=true": work._replace(checkpointing=True),
        "micro_batch=1": work._replace(sequences=2 if work.is_dpo else 1),
        f"max_length={max(16, work.tokens // 4)}": work._replace(tokens=work.tokens // 4),
        "full_weights=false": work._replace(kind=LORA),
    }
    if work.is_gpu:
        changes["quantize=4bit"] = work._replace(kind=FOUR_BIT)
    helpful = [name for name, changed in changes.items() if memory.need(shape, changed).total <= available]
    if helpful:
        advice = f"Set {' or '.join(helpful)}, or choose a smaller model."
    else:
        advice = "Choose a smaller model, or a machine with more memory."
    return Refusal("out_of_memory", f"{sentence} {advice}", "model")


def gib(size: float) -> str:
    """Return a size in GiB, as shown to the user."""
    return f"{size / 2**30:.1f} GiB" if size < 100 * 2**30 else f"{size / 2**30:.0f} GiB"


def _sequences(training: Prepared, run: RunSettings, options: Options) -> int:
    """Return the sequences of an epoch: the examples, or the packs of them, whose number is an estimate."""
    kept = training.examples - training.dropped
    return -(-training.tokens // options.max_length) if options.packing and run.method != "dpo" else kept


def _warnings(run: RunSettings, options: Options, start: Start, training: Prepared, knows_system: bool) -> list[str]:
    warnings = []
    if training.cut:
        warnings.append(f"{training.cut} examples are longer than max_length ({options.max_length}) and will be cut.")
    if training.dropped:
        warnings.append(f"{training.dropped} examples have no answer within max_length and will be left out.")
    if not knows_system:
        warnings.append(f"{run.base} knows no system messages. They are put before the first message of the user.")
    if start.is_adapter and not start.full_weights:
        unused = [name for name in ("lora_r", "lora_alpha", "lora_dropout", "lora_targets") if name in run.settings]
        if unused:
            warnings.append(f"{', '.join(unused)}: not used, because the adapter to start from has its own.")
    if run.method == "dpo" and options.packing:
        warnings.append("packing: not used, because pairs of DPO are not packed.")
    return warnings
