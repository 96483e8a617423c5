"""What an encoding can reach of a space: the policies that decide in it can do no better than the best of that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from harness.core.judgement import Truth, TruthTable, Verdict
from harness.core.numbers import Undefined
from harness.core.runspec import RunSpec
from harness.core.space import SearchSpace
from harness.judging.judge import Judge
from harness.output.units import unit_of
from harness.planning.plan import available_truth, build_space


@dataclass(frozen=True, slots=True)
class BestReachable:
    """The best cell that is reached, in text form, and what the judge says of it; ``metric`` names its value."""

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
        """The share of the space's unique cells, from 0 to 1."""
        return self.reachable / self.size

    @property
    def text(self) -> str:
        """One sentence for the reader of a leaderboard."""
        counts = f"encoding {self.encoding} reaches {self.reachable:,} of {self.size:,} cells ({percent(self.share)})"
        if isinstance(self.best, Undefined):
            return counts
        return f"{counts}; the best of them is {self.best.text}: no policy can do better"


def percent(share: float) -> str:
    """Two significant digits: ``3.2 %``, ``0.74 %``, ``100 %``."""
    return f"{float(f'{100 * share:.2g}'):g} %"


def coverage(space: SearchSpace, table: TruthTable | None = None, metric: str | None = None) -> Coverage:
    """What a space's encoding reaches, and the best truth in it by a table, ``None`` being the test data's metric.

    That is no look at the truth, as it is about no run.
    """
    encoding = space.encoding
    best = Undefined("no table is at hand") if table is None else _best_reachable(space, table, metric)
    return Coverage(space.name, encoding, space.reachable, space.size, best)


def _best_reachable(space: SearchSpace, table: TruthTable, metric: str | None) -> BestReachable | Undefined:
    judge, keys = Judge(table, space, metric), space.enumerate_keys()
    truth, rows = judge.truth, table.rows(keys)
    values = np.where(rows >= 0, table.mean(truth.metric)[rows], np.nan) * (1 if truth.larger_is_better else -1)
    if not np.isfinite(values).any():
        return Undefined("the table has no value of any cell that is reached")
    cell = space.from_key(int(keys[np.argmax(np.where(np.isfinite(values), values, -np.inf))]))
    verdict = judge.judge(cell)
    if not isinstance(verdict, Verdict):
        return Undefined(verdict.reason)
    return BestReachable(space.format(cell), truth.metric, verdict)


def coverage_warnings(found: Iterable[Coverage | None]) -> list[str]:
    """What each encoding that does not reach its whole space leaves out of it, a sentence each."""
    different = dict.fromkeys(each for each in found if each is not None)
    several = len({each.space for each in different}) > 1
    return [f"{each.space}: {each.text}" if several else each.text for each in different]


def partial_coverage(spec: RunSpec, space: SearchSpace, truth: Truth) -> Coverage | None:
    """What a run's encoding reaches of its ``space``, judged by ``truth``; ``None`` where it reaches every cell."""
    if space.reachable >= space.size:
        return None
    settings = {part: spec.settings[part] for part in ("oracle", "space")}
    alike = replace(spec, policy="any", seed=0 if spec.table_digest else spec.seed, settings=settings)
    return _covered(alike, truth)


@cache
def _covered(spec: RunSpec, truth: Truth) -> Coverage:
    """The coverage of all runs that share a space and a truth; without its best where that truth is not at hand."""
    space = build_space(spec)
    return coverage(space, available_truth(spec, space, truth), truth.metric)
