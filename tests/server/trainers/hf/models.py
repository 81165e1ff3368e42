"""Tiny models with random weights, made in a second: no hub is needed."""

import json
import shutil
from pathlib import Path
from typing import Any

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}"
    "{% for c in m.tool_calls or [] %}<call>{{ c.function | tojson }}</call>{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_tokenizer(template: str | None = CHATML, special: tuple[str, ...] = ("<|im_start|>", "<|im_end|>")) -> Any:
    """Return a tokenizer with a token for each byte and for each special text. The last one ends an answer."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    content = Tokenizer(models.BPE(vocab={text: index for index, text in enumerate(alphabet)}, merges=[]))
    content.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    content.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=content, bos_token="<s>", eos_token=special[-1], pad_token="<pad>", model_max_length=4096
    )
    tokenizer.add_tokens(list(special), special_tokens=True)
    tokenizer.chat_template = template
    return tokenizer


def make_model(directory: Path, template: str | None = CHATML, *, hidden: int = 32, layers: int = 2) -> Path:
    """Write a Llama model with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer(template)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def write_job(directory: Path, source: Path, method: str = "supervised", **members: Any) -> Path:
    """Write the directory of a job: 12 examples, 3 epochs of 3 steps.

    Args:
        members: `settings` (texts), `start` (a model to start from), hyperparameters, other members of `job.json`.
    """
    directory.mkdir()
    settings, start = members.pop("settings", {}), members.pop("start", None)
    if start is not None:
        shutil.copytree(start, directory / "start-model")
    make = _pair if method == "dpo" else conversation
    for name, numbers in (("training", range(12)), ("validation", range(20, 27))):
        lines = members.pop(name, None) or [make(number) for number in numbers]
        (directory / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    given = {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 1.0, "beta": 0.1}
    job = {
        "protocol": 2,
        "id": "ftjob-1",
        "model": {"id": "tiny", "base": source.name, "path": "start-model" if start else None, "source": str(source)},
        "method": method,
        "hyperparameters": {name: members.pop(name, value) for name, value in given.items()},
        "settings": {"save_every": "0", **settings},
        "seed": 7,
        "suffix": None,
        "training_file": "training.jsonl",
        "validation_file": "validation.jsonl",
        **members,
    }
    (directory / "job.json").write_text(json.dumps(job))
    return directory


def progress(directory: Path, kind: str | None = None) -> list[dict[str, Any]]:
    """Return the lines of progress, or those of one type."""
    lines = [json.loads(line) for line in (directory / "progress.jsonl").read_text().splitlines()]
    return [line for line in lines if kind in (None, line["type"])]


def conversation(number: int) -> dict[str, Any]:
    """Return an example: a question and its answer."""
    words = "short " * (number % 4) + "words"
    return {
        "messages": [
            {"role": "system", "content": "Answer briefly."},
            {"role": "user", "content": f"Question {number}?"},
            {"role": "assistant", "content": f"{words} {number}."},
        ]
    }


def _pair(number: int) -> dict[str, Any]:
    *prompt, answer = conversation(number)["messages"]
    return {
        "input": {"messages": prompt},
        "preferred_output": [answer],
        "non_preferred_output": [{"role": "assistant", "content": "No."}],
    }
