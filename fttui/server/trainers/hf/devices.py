"""Devices that train: GPUs, or the CPU."""

import os
from collections import Counter

import torch


def count(asked: int) -> int:
    """Return the number of processes: one for each GPU, at most `asked`; on a CPU `asked`, else one."""
    gpus = torch.cuda.device_count()
    if not gpus:
        return max(1, asked)
    return min(asked, gpus) if asked else gpus


def names() -> list[str]:
    """Return the devices with their memory, as shown to the user."""
    if not torch.cuda.device_count():
        return [f"CPU, {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores"]
    all = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return [f"{device.name}, {device.total_memory / 2**30:.0f} GiB" for device in all]


def summary(used: int) -> str:
    """Return the devices in use as one text: `2 × NVIDIA H100`."""
    if not torch.cuda.device_count():
        return names()[0]
    counts = Counter(torch.cuda.get_device_properties(index).name for index in range(used))
    return ", ".join(f"{number} × {name}" if number > 1 else name for name, number in counts.items())


def limit_gpus(used: int) -> None:
    """Hide all but the first GPUs from this process: transformers would spread one process over all."""
    if 0 < used < torch.cuda.device_count():
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        every = visible.split(",") if visible else [str(index) for index in range(torch.cuda.device_count())]
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(every[:used])


def memory() -> int:
    """Return the bytes of memory that one process can use: of the smallest GPU, else of this machine."""
    if gpus := torch.cuda.device_count():
        return min(int(torch.cuda.get_device_properties(index).total_memory) for index in range(gpus))
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:  # the limit of a container
            return min(total, int(file.read()))
    except (OSError, ValueError):
        return total


def has_bf16() -> bool:
    """Return whether a GPU computes with bfloat16."""
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
