"""Memory that a training needs, computed from the shape of the model. Standard library only.

`--check` and the table in docs/own-hardware.md use the same function. The constants of activations were fitted to
measurements on a CPU (tests/benchmarks/hf_memory.py).
"""

from typing import Any, NamedTuple

LORA, FULL, FOUR_BIT = "LoRA", "all weights", "4 bits"
_LIBRARIES = 0.55 * 2**30
"""Bytes of Python and its libraries, which a CPU has to hold too."""
_GPU_CONTEXT = 0.8 * 2**30
"""Bytes of a GPU that CUDA and its libraries take."""
_FOUR_BIT_BYTES = 0.53
"""Bytes of a parameter in 4 bits, with its constants."""
_TRAINED_BYTES = 16
"""Bytes of a trained parameter: itself, its gradient and two moments of AdamW, in 32 bits."""
_MARGIN = 1.1
"""Factor for fragmented memory and short-lived copies."""


class Shape(NamedTuple):
    """Sizes of a model."""

    parameters: int
    embedding: int
    """Parameters of embeddings and output head, which stay in 16 bits when the others get 4."""
    linear: int
    """Sum of inputs and outputs of all linear layers but the output head: an adapter of rank 1."""
    layers: int
    hidden: int
    intermediate: int
    vocabulary: int


class Workload(NamedTuple):
    """What is trained, and how much of it at once."""

    kind: str
    """`LORA`, `FULL` or `FOUR_BIT`."""
    is_gpu: bool
    is_dpo: bool
    sequences: int
    """Examples at once. A pair of DPO counts twice."""
    tokens: int
    """Tokens of each."""
    rank: int
    checkpointing: bool


class Need(NamedTuple):
    """Bytes that a training needs."""

    weights: int
    training: int
    """Trained parameters, gradients and moments."""
    activations: int
    fixed: int

    @property
    def total(self) -> int:
        """Sum of all parts, with a margin."""
        return int((self.weights + self.training + self.activations) * _MARGIN) + self.fixed


def need(shape: Shape, work: Workload) -> Need:
    """Return the memory of one process of a training."""
    width = 2 if work.is_gpu else 4
    if work.kind == FULL:
        # Weights in 32 bits, computed with in 16 on a GPU; DPO needs a second model to compare with.
        weights = 4 * shape.parameters if work.is_dpo else 0
        training = _TRAINED_BYTES * shape.parameters
    else:
        inner = shape.parameters - shape.embedding
        weights = shape.embedding * width + int(inner * (_FOUR_BIT_BYTES if work.kind == FOUR_BIT else width))
        adapters = 2 if work.is_dpo else 1
        training = work.rank * shape.linear * (_TRAINED_BYTES + 4 * (adapters - 1))
    fixed = int(_GPU_CONTEXT if work.is_gpu else _LIBRARIES)
    return Need(weights, training, _activations(shape, work, width), fixed)


def _activations(shape: Shape, work: Workload, width: int) -> int:
    """Return the bytes that are kept from the forward to the backward pass, and those of the output head."""
    tokens = work.sequences * work.tokens
    # Values a token that one layer keeps: inputs of norms, projections, attention and the gated block.
    layer = 14 * shape.hidden + 5 * shape.intermediate
    if work.kind != FULL:
        layer += 7 * shape.hidden + shape.intermediate  # inputs of the adapters, after dropout
    # A layer that is computed again needs its gradients and copies at the same time: measured as five times its values.
    kept = shape.layers * shape.hidden + 5 * layer if work.checkpointing else shape.layers * layer
    head = min(tokens, 256) * shape.vocabulary * 4 * 3  # TRL computes the output head in pieces
    return tokens * kept * width + head


def from_config(config: dict[str, Any], parameters: int | None = None) -> Shape:
    """Return the sizes of a model of the Llama kind from its `config.json`.

    Args:
        parameters: their number, if it is known better than by the configuration.
    """
    hidden, layers = int(config["hidden_size"]), int(config["num_hidden_layers"])
    intermediate, vocabulary = int(config["intermediate_size"]), int(config["vocab_size"])
    heads = int(config["num_attention_heads"])
    head = int(config.get("head_dim") or hidden // heads)
    queries, keys = heads * head, int(config.get("num_key_value_heads") or heads) * head
    matrices = [(hidden, queries), (hidden, keys), (hidden, keys), (queries, hidden)]
    matrices += [(hidden, intermediate), (hidden, intermediate), (intermediate, hidden)]
    embedding = vocabulary * hidden * (1 if config.get("tie_word_embeddings") else 2)
    counted = embedding + layers * (sum(a * b for a, b in matrices) + 2 * hidden) + hidden
    linear = layers * sum(a + b for a, b in matrices)
    return Shape(parameters or counted, embedding, linear, layers, hidden, intermediate, vocabulary)


_KNOWN = {
    "0.6 B": {"hidden_size": 1024, "num_hidden_layers": 28, "intermediate_size": 3072, "num_attention_heads": 16},
    "1.7 B": {"hidden_size": 2048, "num_hidden_layers": 28, "intermediate_size": 6144, "num_attention_heads": 16},
    "4 B": {"hidden_size": 2560, "num_hidden_layers": 36, "intermediate_size": 9728, "num_attention_heads": 32},
    "8 B": {"hidden_size": 4096, "num_hidden_layers": 36, "intermediate_size": 12288, "num_attention_heads": 32},
    "14 B": {"hidden_size": 5120, "num_hidden_layers": 40, "intermediate_size": 17408, "num_attention_heads": 40},
    "32 B": {"hidden_size": 5120, "num_hidden_layers": 64, "intermediate_size": 25600, "num_attention_heads": 64},
}
"""Sizes of the Qwen3 family, which stand for models of as many parameters."""
_COLUMNS = (
    ("LoRA", LORA, False, False),
    ("LoRA, checkpointing", LORA, True, False),
    ("4 bits, checkpointing", FOUR_BIT, True, False),
    ("LoRA, DPO, checkpointing", LORA, True, True),
    ("all weights, checkpointing", FULL, True, False),
)


def table() -> str:
    """Return the table of docs/own-hardware.md: GiB on one GPU, by model size and kind of training."""
    lines = [f"| parameters | {' | '.join(title for title, *_ in _COLUMNS)} |", "| --- |" + " --- |" * len(_COLUMNS)]
    common = {"vocab_size": 151936, "num_key_value_heads": 8, "head_dim": 128}
    for name, sizes in _KNOWN.items():
        shape = from_config({**common, **sizes, "tie_word_embeddings": sizes["hidden_size"] <= 2560})
        cells = []
        for _, kind, checkpointing, is_dpo in _COLUMNS:
            work = Workload(kind, True, is_dpo, 8 if is_dpo else 4, 512, 16, checkpointing)
            cells.append(f"{need(shape, work).total / 2**30:.0f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
