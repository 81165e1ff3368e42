"""One training: model, data and settings put together for TRL's trainers."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import datasets
import torch
from peft import LoraConfig, PeftModel
from transformers import PreTrainedTokenizerBase as Tokenizer
from transformers import PrinterCallback, TrainerCallback, set_seed
from transformers.utils import logging
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from fttui.server.trainers.hf import devices, hub, load, processes, states
from fttui.server.trainers.hf.dataset import Prepared, prepare
from fttui.server.trainers.hf.keeper import Keeper
from fttui.server.trainers.hf.masks import Masks, masks_of
from fttui.server.trainers.hf.options import Options
from fttui.server.trainers.hf.pace import VALIDATION_EXAMPLES, Pace, Stopped, StopRequest
from fttui.server.trainers.hf.refusal import Refusal
from fttui.server.trainers.hf.reports import FULL_VALID, VALID, Phases, Reporter
from fttui.server.trainers.hf.samples import Samples, read_prompts
from fttui.server.trainers.protocol import STOPPED, Progress, RunSettings

LORA_RATE, FULL_RATE, DPO_RATE = 2e-4, 2e-5, 5e-6
"""Learning rates that the multiplier multiplies."""


class Start(NamedTuple):
    """Kind of training, which depends on the settings and the model to start from."""

    path: str | None
    """Directory of the tuned model to start from."""
    is_adapter: bool
    full_weights: bool

    @classmethod
    def of(cls, run: RunSettings, options: Options) -> "Start":
        """Return the kind of training of a job.

        Raises:
            Refusal: the settings do not fit the model to start from.
        """
        path = run.start_model
        is_adapter = path is not None and load.is_adapter(path)
        has_own_weights = path is not None and not is_adapter
        if has_own_weights and (options.full_weights is False or options.quantize == "4bit"):
            name = "quantize" if options.quantize == "4bit" else "full_weights"
            message = (
                "The model to start from has weights of its own, so an adapter for it would not fit the base model. "
                f"Leave out {name}, or start from a base model or an adapter."
            )
            raise Refusal("invalid_setting", message, name)
        full = has_own_weights if options.full_weights is None else options.full_weights
        return cls(path, is_adapter, full)


def train(
    directory: str,
    run: RunSettings,
    progress: Progress | None,
    stop: StopRequest,
    *,
    began: float,
    on_begin: Callable[[], None] = lambda: None,
    extra: Sequence[TrainerCallback] = (),
) -> int:
    """Train the job in `directory` to its end. Return the exit code.

    Args:
        progress: None in a process that is not the first.
        began: monotonic time at which this start of the trainer began.
        on_begin: called when everything is loaded and training begins.
        extra: callbacks that see every event before those of the trainer.

    Raises:
        Refusal: the job cannot be trained.
    """
    options = Options.read(run.settings)
    torch.set_num_threads(options.threads)
    datasets.disable_progress_bars()  # they would fill the log
    logging.disable_progress_bar()
    set_seed(run.seed)
    phases = Phases(progress)
    start = Start.of(run, options)
    path = load.fetch(run.base, run.source, on_bytes=phases.downloading)
    phases.begin("preparing")
    load.load_config(path, run.base)
    options = options.limited(hub.positions(path))
    tokenizer = load.load_tokenizer(path, run.base)
    masks = masks_of(tokenizer, run.base)
    training = prepare(masks, run.training_file, run.method, "training_file", options.max_length, phases.preparing)
    validation = None
    if run.validation_file:
        validation = prepare(masks, run.validation_file, run.method, "validation_file", options.max_length)
    phases.begin("loading")
    model, reference = _models(path, run, options, start)
    state = states.newest(directory)

    reporter = Reporter(progress)
    pace = Pace(stop, options.save_every, options.save_steps)
    trainer = _trainer(
        model,
        reference,
        tokenizer,
        masks,
        training,
        validation,
        [*extra, reporter, pace],
        config=_config(directory, run, options, start, validates_first=validation is not None and state is None),
        adapter=None if start.full_weights or isinstance(model, PeftModel) else _adapter(options),
    )
    if isinstance(trainer.model, PeftModel):  # adapters name their base model: by its id, if it has one at the hub
        trainer.model.peft_config["default"].base_model_name_or_path = hub.reference(run.base, path)
    prompts = read_prompts(run.validation_file or run.training_file, run.method, masks) if progress else []
    samples = Samples(directory, trainer.model, tokenizer, prompts, options.max_length, began)
    is_packed = options.packing and run.method != "dpo"
    length = options.max_length if is_packed else min(options.max_length, -(-training.tokens // training.examples))
    sequences = trainer.args.per_device_train_batch_size, length
    trainer.add_callback(Keeper(directory, progress, reporter, pace, samples, sequences))
    trainer.remove_callback(PrinterCallback)
    pace.attach(trainer, -(-len(trainer.get_train_dataloader()) // trainer.args.gradient_accumulation_steps))
    on_begin()
    try:
        trainer.train(resume_from_checkpoint=state)
    except Stopped:
        return STOPPED
    if pace.stopped:
        return STOPPED
    if progress is not None:
        steps = trainer.state.global_step
        progress.write("result", checkpoint=steps, trained_tokens=training.tokens * run.epochs)
        progress.sync()
    return 0


def micro_batch(batch_size: int, options: Options) -> tuple[int, int]:
    """Return the examples on a device at once, and how often they are accumulated to one step."""
    share = batch_size // processes.world()
    micro = max(count for count in range(1, min(options.micro_batch, share) + 1) if share % count == 0)
    return micro, share // micro


def _models(path: str, run: RunSettings, options: Options, start: Start) -> tuple[Any, Any]:
    """Return the model to train, and for DPO with all weights the model to compare with."""
    if not start.full_weights:
        four_bit = options.quantize == "4bit"
        base = load.load_model(path, run.base, dtype=load.compute_dtype(), four_bit=four_bit)
        return (base if start.path is None else load.with_adapter(base, start.path, trainable=True)), None

    def full() -> Any:
        # Updates of bfloat16 weights would be lost in rounding. TRL computes in bfloat16 where the GPU can.
        model = load.load_tuned(start.path or path, path, run.base, dtype=torch.float32)
        if isinstance(model, PeftModel):
            model = model.merge_and_unload().requires_grad_(True)
        return model

    return full(), full() if run.method == "dpo" else None


def _adapter(options: Options) -> LoraConfig:
    return LoraConfig(
        r=options.lora_r,
        lora_alpha=options.lora_alpha,
        lora_dropout=options.lora_dropout,
        target_modules=options.targets,
        task_type="CAUSAL_LM",
    )


def _config(directory: str, run: RunSettings, options: Options, start: Start, *, validates_first: bool) -> Any:
    micro, accumulated = micro_batch(run.batch_size, options)
    is_dpo, has_gpu = run.method == "dpo", torch.cuda.is_available()
    rate = options.learning_rate or (DPO_RATE if is_dpo else FULL_RATE if start.full_weights else LORA_RATE)
    own: dict[str, Any] = {"beta": run.beta} if is_dpo else {"packing": options.packing, "eval_packing": False}
    return (DPOConfig if is_dpo else SFTConfig)(
        output_dir=states.folder_of(directory),
        num_train_epochs=run.epochs,
        per_device_train_batch_size=micro,
        per_device_eval_batch_size=micro,
        gradient_accumulation_steps=accumulated,
        learning_rate=rate * run.learning_rate_multiplier,
        lr_scheduler_type=options.schedule if options.schedule != "constant" else "constant_with_warmup",
        warmup_steps=options.warmup_ratio,
        weight_decay=options.weight_decay,
        max_length=options.max_length,
        seed=run.seed,
        data_seed=run.seed,
        bf16=devices.has_bf16(),
        gradient_checkpointing=options.gradient_checkpointing,
        eval_on_start=validates_first,
        # `Pace` decides at each step.
        logging_strategy="no",
        eval_strategy="no",
        save_strategy="no",
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        use_cpu=not has_gpu,
        dataloader_pin_memory=has_gpu,
        **own,
    )


def _trainer(
    model: Any,
    reference: Any,
    tokenizer: Tokenizer,
    masks: Masks,
    training: Prepared,
    validation: Prepared | None,
    callbacks: list[TrainerCallback],
    *,
    config: Any,
    adapter: LoraConfig | None,
) -> Any:
    sets = None
    if validation is not None:
        few = validation.rows.select(range(min(VALIDATION_EXAMPLES, len(validation.rows))))
        sets = {VALID: few, FULL_VALID: validation.rows}
    members = {
        "model": model,
        "args": config,
        "train_dataset": training.rows,
        "eval_dataset": sets,
        "processing_class": tokenizer,
        "peft_config": adapter,
        "callbacks": callbacks,
    }
    if not isinstance(config, DPOConfig):
        return SFTTrainer(**members)
    own = tokenizer.chat_template
    tokenizer.chat_template = masks.template  # verified; TRL renders the pairs with the tokenizer's template
    try:
        return DPOTrainer(ref_model=reference, **members)
    finally:
        tokenizer.chat_template = own
