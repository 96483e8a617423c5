"""Devices: how to select one, how to measure its time, and the error for full GPU memory."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from harness.core.errors import ResourceError, SettingError


def gpu_count() -> int:
    """The number of GPUs that torch can use."""
    return torch.cuda.device_count()


def resolve_device(name: str) -> torch.device:
    """The device `cpu`, `cuda` (the first GPU), `cuda:1` and so on, or `auto`: a GPU if there is one, else `cpu`.

    Raises SettingError for another name, and for a GPU that torch does not find.
    """
    if name == "cpu" or (name == "auto" and not gpu_count()):
        return torch.device("cpu")
    found = re.fullmatch(r"auto|cuda(?::(\d+))?", name)
    if not found:
        raise SettingError(f"setting 'device' cannot be {name!r}: it must be 'cpu', 'cuda' or 'auto'")
    index = int(found[1] or 0)
    if index >= gpu_count():
        raise SettingError(
            f"setting 'device' cannot be {name!r}: torch finds {gpu_count() or 'no'} GPU(s) here; use 'cpu' or 'auto'"
        )
    return torch.device("cuda", index)


def clock(device: torch.device) -> float:
    """Processor time in seconds, or for a GPU the wall-clock time after it has finished its work."""
    if device.type != "cuda":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()


@contextmanager
def memory_guard(lower: str) -> Iterator[None]:
    """Raise ResourceError, which advises to reduce ``lower``, if the memory of a GPU is full."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        reason = str(error).partition(".")[0]
        raise ResourceError(f"{reason}; lower {lower}, or use a larger GPU") from error
