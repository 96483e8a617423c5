"""Which cells of a space an encoding reaches: no policy that uses it can do better than the best of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

import numpy as np

from harness.core.judgement import Truth, TruthLookup, TruthTable, Verdict
from harness.core.numbers import Undefined
from harness.core.runspec import RunSpec
from harness.core.space import SearchSpace
from harness.judging.judge import Judge
from harness.output.figure_style import counted
from harness.output.units import unit_of
from harness.planning.plan import available_truth, build_space


@dataclass(frozen=True, slots=True)
class BestReachable:
    """The best cell that the encoding reaches, in text form, and its verdict; ``metric`` names the verdict's value."""

    cell: str
    metric: str
    verdict: Verdict

    @property
    def text(self) -> str:
        """Its rank and its value: ``rank 17, 91.20 %``."""
        unit = unit_of(self.metric)
        return f"rank {self.verdict.rank:,}, {unit.plain(self.verdict.value)}{unit.sign}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the ``size`` unique cells of a space an encoding reaches, and the best of them."""

    space: str
    encoding: str
    reachable: int
    size: int
    best: BestReachable | Undefined

    @property
    def share(self) -> float:
        """The reachable share of the space's unique cells, from 0 to 1."""
        return self.reachable / self.size

    @property
    def text(self) -> str:
        """One sentence for the reader of a leaderboard."""
        counts = f"encoding {self.encoding} reaches {self.reachable:,} of {self.size:,} cells ({percent(self.share)})"
        if isinstance(self.best, Undefined):
            return counts
        return f"{counts}; the best of them is {self.best.text}: no policy can do better"


def percent(share: float) -> str:
    """A share in per cent with two significant digits: ``3.2 %``, ``0.74 %``, ``100 %``."""
    return f"{float(f'{100 * share:.2g}'):g} %"


def unrecorded(look: TruthLookup) -> None:
    """Record a lookup nowhere."""


def coverage(
    space: SearchSpace,
    table: TruthTable | None = None,
    metric: str | None = None,
    *,
    record: Callable[[TruthLookup], object] = unrecorded,
) -> Coverage:
    """The cells that a space's encoding reaches, and the best of them by a table (``metric=None``: its test metric).

    With a table, a lookup that is about no run is given to ``record`` first.
    """
    encoding = space.encoding
    if table is not None:
        judge = Judge(table, space, metric)
        what = f"the best of {counted(space.reachable, 'cell')} that encoding {encoding} reaches"
        record(TruthLookup("", datetime.now(UTC), what, judge.truth.metric, judge.truth.digest))
    best = Undefined("no table is at hand") if table is None else _best_reachable(space, table, judge)
    return Coverage(space.name, encoding, space.reachable, space.size, best)


def _best_reachable(space: SearchSpace, table: TruthTable, judge: Judge) -> BestReachable | Undefined:
    keys, truth = space.enumerate_keys(), judge.truth
    rows = table.rows(keys)
    values = np.where(rows >= 0, table.mean(truth.metric)[rows], np.nan) * (1 if truth.larger_is_better else -1)
    if not np.isfinite(values).any():
        return Undefined("the table has no value of any cell that is reached")
    cell = space.from_key(int(keys[np.argmax(np.where(np.isfinite(values), values, -np.inf))]))
    verdict = judge.judge(cell)
    if not isinstance(verdict, Verdict):
        return Undefined(verdict.reason)
    return BestReachable(space.format(cell), truth.metric, verdict)


def coverage_warnings(found: Iterable[Coverage | None]) -> list[str]:
    """One sentence for each encoding that does not reach its whole space."""
    different = dict.fromkeys(each for each in found if each is not None)
    several = len({each.space for each in different}) > 1
    return [f"{each.space}: {each.text}" if several else each.text for each in different]


def partial_coverage(
    spec: RunSpec, space: SearchSpace, truth: Truth, record: Callable[[TruthLookup], object] = unrecorded
) -> Coverage | None:
    """The coverage of a run's encoding, judged by ``truth``; ``None`` if it reaches every cell of ``space``.

    Its lookup is given to ``record`` once in a process.
    """
    if space.reachable >= space.size:
        return None
    settings = {part: spec.settings[part] for part in ("oracle", "space")}
    alike = replace(spec, policy="any", seed=0 if spec.table_digest else spec.seed, settings=settings)
    return _covered(alike, truth, record)


@cache
def _covered(spec: RunSpec, truth: Truth, record: Callable[[TruthLookup], object]) -> Coverage:
    """The coverage for all runs that share a space and a truth; without the best cell if that truth is lost."""
    space = build_space(spec)
    return coverage(space, available_truth(spec, space, truth), truth.metric, record=record)
