"""The tables and figures that can be reproduced, by name, and the performing of their missing runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from harness.core.errors import DataError, SettingError, UnknownNameError
from harness.leaderboard.end_to_end import Watcher
from harness.planning.settings import create_space
from harness.reproduce.figure2 import FIGURE2
from harness.reproduce.figure3 import FIGURE3
from harness.reproduce.figure7 import FIGURE7
from harness.reproduce.item import ReproducedItem
from harness.reproduce.request import ReproduceRequest, serves
from harness.reproduce.schedule import Schedule, schedule
from harness.reproduce.sharing import FIGURE4, FIGURE6, TABLE5
from harness.reproduce.steps import ReproduceStep, SharingAmountStep
from harness.reproduce.table1 import TABLE1, TABLE2
from harness.reproduce.table3 import TABLE3, TABLE4
from harness.reproduce.table6 import TABLE6

ITEMS: Mapping[str, ReproducedItem] = {
    item.name: item
    for item in (TABLE1, TABLE2, TABLE3, TABLE4, TABLE5, TABLE6, FIGURE2, FIGURE3, FIGURE4, FIGURE6, FIGURE7)
}

Schedules: TypeAlias = tuple[Schedule, ...]


def find(name: str) -> ReproducedItem:
    """The item of a name; raises UnknownNameError for an unknown name."""
    if name not in ITEMS:
        raise UnknownNameError.among("table or figure", name, ITEMS)
    return ITEMS[name]


def require_table(item: ReproducedItem, request: ReproduceRequest) -> None:
    """Raise SettingError if the request gives a table that the item cannot read."""
    if request.table is None:
        return
    spaces = [create_space(space) for space in item.spaces]
    if not any(serves(request.table, space) for space in spaces):
        schemes = " or ".join(dict.fromkeys(space.scheme for space in spaces))
        reads = f"reads tables of {schemes}" if schemes else "reads no table"
        raise SettingError(f"--table {request.table!r} has no use for {item.name}, which {reads}; leave it out")


def schedules(item: ReproducedItem, request: ReproduceRequest) -> Schedules:
    """The schedule of each step; its cost is timed if the request's devices fit the scale."""
    return tuple(schedule(step, timed=request.fits) for step in item.steps(request))


def perform_missing(item: ReproducedItem, request: ReproduceRequest, watcher: Watcher) -> None:
    """Perform the steps whose runs the store lacks, in order, and announce each with its cost.

    Raises DataError, before anything runs, if data must be fetched first, and names all of it.
    """
    planned = [schedule(step, timed=False) for step in item.steps(request)]
    lacking = dict.fromkeys(each for one in planned for each in one.lacking)
    if lacking:
        raise DataError(
            f"{item.name} at {request.scale} scale lacks {', '.join(lacking)}; get it, or see the plan with --dry-run"
        )
    for step in item.steps(request):
        one = schedule(step, timed=request.fits)
        if one.waiting or not _has_truth(step):
            for line in _lines(one):
                watcher.note(line)
            step.perform(watcher)


def _has_truth(step: ReproduceStep) -> bool:
    return not isinstance(step, SharingAmountStep) or step.has_truth()


def _lines(planned: Schedule) -> Iterator[str]:
    """The announcement of a step: the number of runs to do, and the cost of each group on a line."""
    yield f"{planned.waiting} runs to do: {planned.command}"
    for group in planned.groups:
        left = group.seeds - (group.done or 0)
        if left:
            yield f"  {group.policy} on {group.oracle}, {group.space}: {left} of {group.seeds} runs, {group.cost}"
