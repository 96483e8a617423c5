"""Random search at the same cost as each policy: how good a result do the queries alone give?

If a table answers a policy's Scores, random search runs on that table with the same settings, for at least the cost of
the most expensive run; the store keeps these as ordinary runs. A policy's run is compared with the beginning of random
search that spent no more: as many queries, or as many seconds of training by the table's record. A repeated query for a
cell costs random search what it costs the policy. Li and Talwalkar ("Random Search and Reproducibility for Neural
Architecture Search", UAI 2019) ask for random search at the same cost beside every search.

Random search has another seed than the run it is compared with: with the same seed, a policy that begins with random
cells would begin with those of random search, and the tests would not have the independent samples that they assume.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from harness.core.budget import Budget, Cost
from harness.core.judgement import NoVerdict, Verdict
from harness.core.numbers import Number, Undefined
from harness.core.oracle import Oracle, Score
from harness.core.policy import BASELINE
from harness.core.random import stream
from harness.core.runspec import RunSpec
from harness.core.space import Architecture, SearchSpace
from harness.judging.judge import Judge
from harness.leaderboard.anytime import Incumbent, at_cost, incumbents_and_cost
from harness.leaderboard.grouping import grouped
from harness.leaderboard.leaderboard import EntryKey, EqualCost
from harness.planning import registry, settings
from harness.planning.plan import build_oracle
from harness.storage.records import Run
from harness.storage.store import Store
from policies.random_search import RandomSearch

RANDOM_SEARCH = "random-search"

SEED_OFFSET = 1_000_000
"""The seed of random search minus the seed of the run that it is compared with."""

MOST_SAMPLES = 100_000
"""The most samples of a random search; beyond their cost its result is known only if it saw every cell."""

PILOT_CELLS = 1_000
"""The number of random cells whose cost estimates how many trainings a policy's seconds buy."""

STANDARD_ERRORS = 4.0
"""The number of standard errors by which the cost of trainings may differ from the estimate."""

UNSEEN_PROBABILITY = 1e-5
"""The chance that uniform draws end before they saw every cell of a small space."""

CostKind: TypeAlias = Literal["queries", "seconds"]
COSTS: tuple[CostKind, ...] = ("queries", "seconds")

NumbersBySeed: TypeAlias = list[tuple[int, Number]]


@dataclass(frozen=True, slots=True)
class StoredSearch:
    """A stored random search: its incumbents, its cost, and whether it saw every cell that can be reached."""

    run: str
    steps: tuple[Incumbent, ...]
    spent: Cost
    exhausted: bool

    def at(self, cost: CostKind, run: Run) -> Incumbent | Undefined:
        """Its incumbent at the cost of a policy's run."""
        if run.status == "failed":
            return Undefined(run.reason or "the run failed")
        limit = getattr(run.spent, cost)
        if limit == 0:
            return Undefined(f"the run spent no {cost}, or the oracle knows none")
        if getattr(self.spent, cost) < limit and not self.exhausted:
            return Undefined(f"the run spent more {cost} than {self.spent.queries:,} samples of random search")
        limits = {cost: limit}
        return at_cost(self.steps, **limits) or Undefined(f"random search has no answer within so many {cost}")


def missing_searches(runs: Sequence[Run], store: Store, space: SearchSpace) -> tuple[RunSpec, ...]:
    """The random searches that these runs of a space need, without those stored with at least as many samples.

    Raises a HarnessError if the runs' table cannot be read.
    """
    stored, specs = store.runs(status="finished", policy=RANDOM_SEARCH), dict[str, RunSpec]()
    for asked in _by_search(runs):
        oracle = build_oracle(asked[0].spec, space)
        if not oracle.independent:
            continue
        samples = _samples_needed(asked, oracle)
        known = {run.spec.seed for run in _matching(stored, asked[0].spec) if run.spent.queries >= samples}
        for made in (_search_spec(run.spec, samples) for run in asked if run.spec.seed + SEED_OFFSET not in known):
            specs[made.digest] = made
    return tuple(specs.values())


def equal_cost(runs: Sequence[Run], judge: Judge, store: Store, space: SearchSpace) -> EqualCost:
    """The truth of stored random searches at the cost of each of these runs of a space; one lookup a search.

    Nothing is searched. A policy has no entry if it made no queries, no table answered them, or no matching random
    search is stored.
    """
    stored, found = store.runs(status="finished", policy=RANDOM_SEARCH), dict[EntryKey, dict[str, NumbersBySeed]]()
    for asked in _by_search(runs):
        searches = _longest_searches(_matching(stored, asked[0].spec))
        for seed in sorted({run.spec.seed for run in asked}) if searches else ():
            mine = [run for run in asked if run.spec.seed == seed]
            search = searches.get(seed + SEED_OFFSET)
            searched = None if search is None else _stored_search(search, store, space)
            for run, cost, number in _numbers_at_cost(mine, searched, judge, space):
                found.setdefault(_group(run), {}).setdefault(cost, []).append((seed, number))
    return {group: {cost: _in_order(values) for cost, values in costs.items()} for group, costs in found.items()}


def stored_searches(runs: Sequence[Run], store: Store) -> list[Run]:
    """The stored random searches that these runs are compared with, the longest of each seed."""
    stored, found = store.runs(status="finished", policy=RANDOM_SEARCH), dict[str, Run]()
    for asked in _by_search(runs):
        longest = _longest_searches(_matching(stored, asked[0].spec))
        wanted = sorted({run.spec.seed + SEED_OFFSET for run in asked} & set(longest))
        found |= {longest[seed].id: longest[seed] for seed in wanted}
    own = {run.id for run in runs}
    return [run for run in found.values() if run.id not in own]


def _in_order(values: NumbersBySeed) -> tuple[Number, ...]:
    return tuple(number for _, number in sorted(values, key=lambda pair: pair[0]))


def _group(run: Run) -> EntryKey:
    return run.spec.policy, run.spec.oracle, run.spec.space


def _by_search(runs: Sequence[Run]) -> list[list[Run]]:
    """The runs of policies that queried a table, grouped by the random search they are compared with."""
    asking = {_group(run) for run in runs if run.spent.queries and run.spec.policy not in (BASELINE, RANDOM_SEARCH)}
    asked = (run for run in runs if _group(run) in asking and _asks_table(run.spec))
    return list(grouped(asked, lambda run: _search_digest(run.spec)).values())


def _asks_table(spec: RunSpec) -> bool:
    """Whether a run's oracle reads a table; an oracle with a device trains, and loading it would load torch."""
    return spec.table is not None and "device" not in spec.settings["oracle"] and "table" in _settings_of(spec.oracle)


@functools.cache
def _settings_of(oracle: str) -> frozenset[str]:
    return frozenset(settings.defaults(registry.load("oracle", _without_decorators(oracle))))


def _without_decorators(oracle: str) -> str:
    return oracle.partition("+")[0]


def _search_digest(spec: RunSpec) -> str:
    """The digest that random searches of any length and seed share."""
    return replace(_search_spec(spec, 1), seed=0).digest


def _matching(stored: Iterable[Run], spec: RunSpec) -> Iterator[Run]:
    """The stored random searches with a run's table and settings, of any length and seed."""
    oracle, bare = _without_decorators(spec.oracle), _search_digest(spec)
    return (run for run in stored if run.spec.oracle == oracle and _search_digest(run.spec) == bare)


def _search_spec(spec: RunSpec, samples: int) -> RunSpec:
    """The random search for a run: the same table and settings, an offset seed, and no budget."""
    known = _settings_of(spec.oracle)
    mine = {name: value for name, value in spec.settings["oracle"].items() if name in known}
    chosen = {**settings.defaults(RandomSearch), "samples": samples}
    parts = {**spec.settings, "policy": chosen, "oracle": mine}
    seed = spec.seed + SEED_OFFSET
    return replace(
        spec, policy=RANDOM_SEARCH, oracle=_without_decorators(spec.oracle), seed=seed, budget=Budget(), settings=parts
    )


def _longest_searches(runs: Iterable[Run]) -> dict[int, Run]:
    found: dict[int, Run] = {}
    for run in runs:
        seed = run.spec.seed
        found[seed] = max(found.get(seed, run), run, key=lambda each: each.spent.queries)
    return found


def _stored_search(run: Run, store: Store, space: SearchSpace) -> StoredSearch:
    rows = store.trials(run.id)
    exhausted = saw_every_cell({row.architecture for row in rows}, space)
    return StoredSearch(run.id, incumbents_and_cost(rows)[0], run.spent, exhausted)


def saw_every_cell(cells: set[str], space: SearchSpace) -> bool:
    """Whether these are all reachable cells; several labellings of the same cell may occur."""
    if len(cells) < space.reachable:
        return False
    keys = space.canonical_keys(space.require([space.parse(cell) for cell in cells]))
    return len(np.unique(keys)) >= space.reachable


def _numbers_at_cost(
    runs: Sequence[Run], searched: StoredSearch | None, judge: Judge, space: SearchSpace
) -> Iterator[tuple[Run, CostKind, Number]]:
    """The truth of one seed's random search at the cost of each of the seed's runs."""
    if searched is None:
        missing = Undefined("the random search beside this seed is not stored")
        yield from ((run, cost, missing) for run in runs for cost in COSTS)
        return
    found = [(run, cost, searched.at(cost, run)) for run in runs for cost in COSTS]
    cells = list(dict.fromkeys(step.architecture for *_, step in found if isinstance(step, Incumbent)))
    truths = dict(zip(cells, judge.many([space.parse(cell) for cell in cells], run=searched.run), strict=True))
    yield from ((run, cost, _number(step, truths)) for run, cost, step in found)


def _number(step: Incumbent | Undefined, truths: Mapping[str, Verdict | NoVerdict]) -> Number:
    if isinstance(step, Undefined):
        return step
    truth = truths[step.architecture]
    return Undefined(truth.reason) if isinstance(truth, NoVerdict) else truth.value


def _samples_needed(runs: Sequence[Run], oracle: Oracle) -> int:
    """The number of samples that covers the cost of each of these runs, at most ``MOST_SAMPLES``.

    It covers a small space once it saw every cell: further samples change nothing.
    """
    spec, space = runs[0].spec, oracle.space
    queries, seconds = max(run.spent.queries for run in runs), max(run.spent.seconds for run in runs)
    wanted = max(queries, trainings_bought(seconds, prices(oracle)))
    if spec.settings["space"].get("sampler", "cells") == "cells":
        wanted = min(wanted, draws_to_see_all(space.reachable))
    return min(MOST_SAMPLES, rounded_up(wanted))


def rounded_up(number: int) -> int:
    """``number`` rounded up to two significant digits, so that the next experiment may share the run."""
    unit: int = 10 ** max(0, len(str(number)) - 2)
    return -(-number // unit) * unit


def draws_to_see_all(cells: int) -> int:
    """The number of uniform draws that see all of these cells, except for a chance of ``UNSEEN_PROBABILITY``.

    By the union bound: the chance that one is missing after k draws is at most n exp(-k/n).
    """
    return math.ceil(cells * math.log(cells / UNSEEN_PROBABILITY))


def prices(oracle: Oracle) -> list[float]:
    """The training seconds of each of ``PILOT_CELLS`` cells that the space's sampler draws."""
    rows = oracle.space.sample_many(stream(0, "equal cost"), PILOT_CELLS)
    answers = oracle.answer([Score(Architecture(tuple(row))) for row in rows.tolist()])
    return [answer.cost.seconds for answer in answers]


def trainings_bought(seconds: float, prices: Sequence[float]) -> int:
    """The number of trainings that cost ``seconds`` or more, with ``STANDARD_ERRORS`` standard errors to spare."""
    mean, deviation = float(np.mean(prices)), float(np.std(prices))
    if mean == 0:
        return 0
    expected, spread = seconds / mean, STANDARD_ERRORS * deviation / mean
    return math.ceil(expected * (1 + spread / math.sqrt(len(prices))) + spread * math.sqrt(expected))
