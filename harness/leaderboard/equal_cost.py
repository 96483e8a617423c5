"""Random search at the same cost as each policy: how good a result do the queries alone give?

If a table answers a policy's Scores, random search runs on that table with the same settings, for at least the cost of
the most expensive run; the store keeps these as ordinary runs. A policy's run is compared with the beginning of random
search that spent no more: as many evaluations, or as many seconds of training by the table's record. A cell that is
asked again costs random search what it costs the policy: nothing, or, in runs that charge it, a query. Li and Talwalkar
("Random Search and Reproducibility for Neural Architecture Search", UAI 2019) ask for random search at the same cost
beside every search.

Random search has another seed than the run it is compared with: with the same seed, a policy that begins with random
cells would begin with those of random search, and the tests would not have the independent samples that they assume.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from harness.core.budget import Budget, Cost
from harness.core.judgement import NoVerdict, Verdict
from harness.core.numbers import Number, Undefined
from harness.core.policy import BASELINE
from harness.core.runspec import RunSpec
from harness.core.space import SearchSpace
from harness.judging.judge import Judge
from harness.leaderboard.anytime import Incumbent, at_cost, charged_queries, incumbents_and_cost
from harness.leaderboard.grouping import grouped
from harness.leaderboard.leaderboard import EntryKey, EqualCost
from harness.leaderboard.search_sizes import samples_needed
from harness.planning import registry, settings
from harness.planning.plan import build_oracle
from harness.storage.records import Run
from harness.storage.store import Store
from policies.random_search import RandomSearch

RANDOM_SEARCH = "random-search"

SEED_OFFSET = 1_000_000
"""The seed of random search minus the seed of the run that it is compared with."""

CostKind: TypeAlias = Literal["evaluations", "queries", "seconds"]

NumbersBySeed: TypeAlias = list[tuple[int, Number]]


@dataclass(frozen=True, slots=True)
class StoredSearch:
    """A stored random search: its incumbents, its cost, and whether it saw every cell that can be reached."""

    run: str
    steps: tuple[Incumbent, ...]
    spent: Cost
    samples: int
    exhausted: bool

    def at(self, cost: CostKind, run: Run) -> Incumbent | Undefined:
        """Its incumbent at the cost of a policy's run."""
        if run.status == "failed":
            return Undefined(run.reason or "the run failed")
        spent = "seconds" if cost == "seconds" else "queries"
        limit = getattr(run.spent, spent)
        if limit == 0:
            return Undefined(f"the run spent no {cost}, or the oracle knows none")
        if getattr(self.spent, spent) < limit and not self.exhausted:
            return Undefined(f"the run spent more {cost} than {self.samples:,} samples of random search")
        limits = {spent: limit}
        return at_cost(self.steps, **limits) or Undefined(f"random search has no answer within so many {cost}")


def missing_searches(runs: Sequence[Run], store: Store, space: SearchSpace) -> tuple[RunSpec, ...]:
    """The random searches that these runs of a space need, without those stored with at least as many samples.

    Raises a HarnessError if the runs' table cannot be read.
    """
    stored, specs = store.runs(status="finished", policy=RANDOM_SEARCH), dict[str, RunSpec]()
    for asked in _by_search(runs):
        samples = samples_needed(asked, build_oracle(asked[0].spec, space))
        known = {run.spec.seed for run in _matching(stored, asked[0].spec) if run.scores >= samples}
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
    chosen = settings.recorded({**settings.defaults(RandomSearch), "samples": samples}, RandomSearch.implied)
    parts = {**spec.settings, "policy": chosen, "oracle": mine}
    seed = spec.seed + SEED_OFFSET
    return replace(
        spec, policy=RANDOM_SEARCH, oracle=_without_decorators(spec.oracle), seed=seed, budget=Budget(), settings=parts
    )


def _longest_searches(runs: Iterable[Run]) -> dict[int, Run]:
    found: dict[int, Run] = {}
    for run in runs:
        seed = run.spec.seed
        found[seed] = max(found.get(seed, run), run, key=lambda each: each.scores)
    return found


def _stored_search(run: Run, store: Store, space: SearchSpace) -> StoredSearch:
    rows = list(store.trials(run.id))
    exhausted = saw_every_cell({row.architecture for row in rows}, space)
    steps, _ = incumbents_and_cost(rows, charged_queries(rows, space, repeats_free=run.repeats_free))
    return StoredSearch(run.id, steps, run.spent, len(rows), exhausted)


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
        yield from ((run, cost, missing) for run in runs for cost in _costs(run))
        return
    found = [(run, cost, searched.at(cost, run)) for run in runs for cost in _costs(run)]
    cells = list(dict.fromkeys(step.architecture for *_, step in found if isinstance(step, Incumbent)))
    truths = dict(zip(cells, judge.many([space.parse(cell) for cell in cells], run=searched.run), strict=True))
    yield from ((run, cost, _number(step, truths)) for run, cost, step in found)


def _costs(run: Run) -> tuple[CostKind, CostKind]:
    """The costs at which a run is compared, by what it was charged for."""
    return "evaluations" if run.repeats_free else "queries", "seconds"


def _number(step: Incumbent | Undefined, truths: Mapping[str, Verdict | NoVerdict]) -> Number:
    if isinstance(step, Undefined):
        return step
    truth = truths[step.architecture]
    return Undefined(truth.reason) if isinstance(truth, NoVerdict) else truth.value
