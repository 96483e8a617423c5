"""A table or figure that is reproduced: its runs, and the findings read from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.leaderboard.end_to_end import Watcher
from harness.output.page import TextTable
from harness.reproduce.cells import Missing, ReproducedSection
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.steps import ReproduceStep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FigureFactory: TypeAlias = "Callable[[], Figure]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the stored runs give: sections of our and the printed cells, tables of ours alone, and the figure.

    ``content`` has the numbers of the tables and the figure in full precision.
    """

    sections: tuple[ReproducedSection, ...]
    figure: FigureFactory | Missing
    grids: tuple[TextTable, ...] = ()
    notes: tuple[str, ...] = ()
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproducedItem:
    """``steps`` gives the runs that the item needs; ``find`` reads the stored ones and performs nothing.

    ``spaces`` are those of the tables that the item can read; it cannot use a table of another scheme.
    """

    name: str
    steps: Callable[[ReproduceRequest], tuple[ReproduceStep, ...]]
    find: Callable[[ReproduceRequest, Watcher], Findings]
    spaces: tuple[str, ...] = ()
