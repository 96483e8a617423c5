"""Times of several calls made in turn, so that what disturbs the machine disturbs them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of calls that were made in turn, by name."""

    seconds: Mapping[str, Sequence[float]]

    def ratio(self, slow: str, fast: str) -> float:
        """How many times longer a call took than its neighbour, in the median."""
        pairs = zip(self.seconds[slow], self.seconds[fast], strict=True)
        return statistics.median(a / b for a, b in pairs)

    def median(self, name: str) -> float:
        """Seconds of a call."""
        return statistics.median(self.seconds[name])


def interleaved(calls: Mapping[str, Callable[[Any], Any]], arguments: Sequence[Any], device: torch.device) -> Times:
    """Make every call with each argument, one after the other; the first argument is done twice, to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for argument in (arguments[0], *arguments):
        for name, call in calls.items():
            start = clock(device)
            call(argument)
            seconds[name].append(clock(device) - start)
    return Times({name: each[1:] for name, each in seconds.items()})


def clock(device: torch.device) -> float:
    """Seconds of this process on a processor; seconds until an accelerator is done."""
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()
