"""A table or figure that is reproduced: its runs, and what they come to."""

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
    """What the store came to: printed cells beside ours, tables of ours alone, and the figure.

    ``content`` is in full precision what the tables and the figure are made of.
    """

    sections: tuple[ReproducedSection, ...]
    figure: FigureFactory | Missing
    grids: tuple[TextTable, ...] = ()
    notes: tuple[str, ...] = ()
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproducedItem:
    """``steps`` are the runs to make; ``find`` reads what the store has of them and performs nothing.

    ``spaces`` are those of the tables that it reads: a table of another scheme is none for it.
    """

    name: str
    steps: Callable[[ReproduceRequest], tuple[ReproduceStep, ...]]
    find: Callable[[ReproduceRequest, Watcher], Findings]
    spaces: tuple[str, ...] = ()
