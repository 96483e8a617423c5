"""Times one call, or several in turn, so that a disturbance of the machine affects all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from backends.training.devices import clock


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds of calls that were made in turn, by the name of the call."""

    seconds: Mapping[str, Sequence[float]]

    def ratio(self, slow: str, fast: str) -> float:
        """The median ratio of the times of two calls, each pair taken in the same turn."""
        pairs = zip(self.seconds[slow], self.seconds[fast], strict=True)
        return statistics.median(a / b for a, b in pairs)

    def median(self, name: str) -> float:
        """The median seconds of a call."""
        return statistics.median(self.seconds[name])


def interleaved(calls: Mapping[str, Callable[[Any], Any]], arguments: Sequence[Any], device: torch.device) -> Times:
    """Make every call with each argument in turn; the first argument is used twice, and its first use is a warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for argument in (arguments[0], *arguments):
        for name, call in calls.items():
            start = clock(device)
            call(argument)
            seconds[name].append(clock(device) - start)
    return Times({name: each[1:] for name, each in seconds.items()})


def processor_seconds(work: Callable[[], object]) -> float:
    """The processor time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start
