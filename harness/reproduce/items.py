"""The tables and figures that can be reproduced, by name, and how one is."""

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
    """The item of a name; raises UnknownNameError for what is no table or figure here."""
    if name not in ITEMS:
        raise UnknownNameError.among("table or figure", name, ITEMS)
    return ITEMS[name]


def require_table(item: ReproducedItem, request: ReproduceRequest) -> None:
    """Raise SettingError for a table that nothing of an item reads."""
    if request.table is None:
        return
    spaces = [create_space(space) for space in item.spaces]
    if not any(serves(request.table, space) for space in spaces):
        schemes = " or ".join(dict.fromkeys(space.scheme for space in spaces))
        reads = f"reads tables of {schemes}" if schemes else "reads no table"
        raise SettingError(f"--table {request.table!r} has no use for {item.name}, which {reads}; leave it out")


def schedules(item: ReproducedItem, request: ReproduceRequest) -> Schedules:
    """What is done and to do of an item's runs, and what it will take, tried where the scale fits the machine."""
    return tuple(schedule(step, timed=request.fits) for step in item.steps(request))


def perform_missing(item: ReproducedItem, request: ReproduceRequest, watcher: Watcher) -> None:
    """Perform the steps of which the store lacks runs, in order, each announced with what it will take.

    Raises DataError, before anything runs, naming all that must be fetched first.
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
    """What is to do of a step, a line a group with its cost."""
    yield f"{planned.waiting} runs to do: {planned.command}"
    for group in planned.groups:
        left = group.seeds - (group.done or 0)
        if left:
            yield f"  {group.policy} on {group.oracle}, {group.space}: {left} of {group.seeds} runs, {group.cost}"
