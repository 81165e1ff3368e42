"""Hold out a part of a training file for validation: two new files beside it, which share no example.

The choice depends on content and seed alone, not on the order of the lines. Equal lines stay on one side.
"""

import heapq
import json
import os
from collections.abc import Container, Iterator
from contextlib import suppress
from hashlib import blake2b
from itertools import zip_longest
from typing import NamedTuple

from fttui.atomic import writing
from fttui.data.line_reader import LineReader, wide_encoding

SHARE = 0.05
SEED = 1
MOST_LINES = 1_000
"""Most lines of the validation part. More of them cost time at each evaluation and tell little more."""


class CannotHoldOut(ValueError):
    """The file cannot be split. The message is for the user."""


class HeldOut(NamedTuple):
    """Result of a split."""

    training: str
    """Path of the file with the lines to learn from."""
    validation: str
    """Path of the file with the lines that were held out."""
    kept: int
    """Lines of the training part."""
    held_out: int
    """Lines of the validation part."""

    @property
    def words(self) -> str:
        """The split in a sentence: `5 of 90 lines are held out: …`."""
        lines = "line is" if self.held_out == 1 else "lines are"
        return f"{self.held_out:,} of {self.kept + self.held_out:,} {lines} held out: {self.validation}"


def paths_beside(path: str) -> tuple[str, str]:
    """Return the paths of both parts: `train.kept.jsonl` and `train.held-out.jsonl`."""
    base = path.removesuffix(".gz")
    stem, ending = os.path.splitext(base)
    return f"{stem}.kept{ending or '.jsonl'}", f"{stem}.held-out{ending or '.jsonl'}"


def hold_out(path: str, share: float = SHARE, *, seed: int = SEED) -> HeldOut:
    """Write the two parts of the file at `path` beside it. The same parts, written before, are used again.

    Args:
        share: part of the lines to hold out, above 0 and below 1; at least 1 line and at most 1,000.

    Raises:
        CannotHoldOut: the file has too few different lines or is not JSON lines, or a part exists with other content.
        OSError: a file cannot be read or written.
    """
    _check_form(path)
    total, chosen = _choose(path, share, seed)
    training, validation = paths_beside(path)
    # The validation part first: it is small, and alone it does no harm.
    held_out = _write(path, validation, chosen, seed, is_held_out=True)
    _write(path, training, chosen, seed, is_held_out=False)
    return HeldOut(training, validation, total - held_out, held_out)


def _check_form(path: str) -> None:
    head = LineReader(path).head()
    if wide_encoding(head) is not None or not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise CannotHoldOut(
            f"{path} is not a file of JSON lines; fttui files check {path} --fix -o PATH may convert it"
        )


def _lines(path: str, seed: int) -> Iterator[tuple[int, bytes]]:
    """Yield a hash of the content of each line, and the line with its end. Blank lines are left out."""
    reader = LineReader(path)
    for _, line in reader.lines():
        content = line.strip()
        if content:
            yield _hash(content, seed), content + b"\n"
    if reader.too_long or reader.is_damaged:
        raise CannotHoldOut(f"{path} has lines that cannot be read; fttui files check {path} names them")


def _hash(content: bytes, seed: int) -> int:
    """Return a hash that equal JSON values share, however they are written."""
    with suppress(ValueError, RecursionError):
        content = json.dumps(json.loads(content), sort_keys=True).encode()
    return int.from_bytes(blake2b(content, digest_size=8, salt=seed.to_bytes(8, "big")).digest(), "big")


def _choose(path: str, share: float, seed: int) -> tuple[int, Container[int]]:
    """Return the number of lines and the hashes of those to hold out, in bounded memory: the smallest ones."""
    counts: dict[int, int] = {}
    largest: list[int] = []  # a heap of negative hashes
    total, dropped = 0, False
    for key, _ in _lines(path, seed):
        total += 1
        if key in counts:
            counts[key] += 1
        elif len(counts) <= MOST_LINES or key < -largest[0]:
            counts[key] = 1
            heapq.heappush(largest, -key)
            if len(counts) > MOST_LINES + 1:
                del counts[-heapq.heappop(largest)]
                dropped = True
        else:
            dropped = True
    if len(counts) < 2:
        raise CannotHoldOut(f"{path} has fewer than two different lines: nothing can be held out")
    target = min(MOST_LINES, max(1, round(share * total)))
    chosen: set[int] = set()
    left = target
    for key in sorted(counts):
        is_last = not dropped and len(chosen) == len(counts) - 1
        if counts[key] <= left and not is_last:
            chosen.add(key)
            left -= counts[key]
    if not chosen:
        fewest = min(counts, key=lambda key: (counts[key], key))
        if counts[fewest] > MOST_LINES:
            raise CannotHoldOut(f"{path} repeats each line more than {MOST_LINES:,} times: delete the repeated lines")
        chosen.add(fewest)
    return total, chosen


def _write(path: str, target: str, chosen: Container[int], seed: int, *, is_held_out: bool) -> int:
    """Write one part, unless the same part is there. Return the number of its lines."""
    lines = (line for key, line in _lines(path, seed) if (key in chosen) is is_held_out)
    if os.path.lexists(target):
        return _compare(target, lines)
    number = 0
    with writing(target, overwrite=False) as file:
        for line in lines:
            number += 1
            file.write(line)
    return number


def _compare(target: str, lines: Iterator[bytes]) -> int:
    number = 0
    with open(target, "rb") as file:
        for line, there in zip_longest(lines, file):
            number += 1
            if line != there:
                raise CannotHoldOut(f"{target} already exists with other content; rename or delete it first")
    return number
