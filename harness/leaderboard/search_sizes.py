"""How many samples random search must draw to cost at least as much as given runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.core.oracle import Oracle, Score
from harness.core.random import stream
from harness.core.space import Architecture, SearchSpace
from harness.storage.records import Run

MOST_SAMPLES = 100_000
"""The most samples of a random search; beyond their cost its result is known only if it saw every cell."""

PILOT_CELLS = 1_000
"""The number of random cells whose cost estimates how many trainings a policy's seconds buy."""

STANDARD_ERRORS = 4.0
"""The number of standard errors by which the cost of trainings may differ from the estimate."""

UNSEEN_PROBABILITY = 1e-5
"""The chance that uniform draws end before they saw every cell of a small space."""

WAITING_ERRORS = 6.0
"""The number of standard errors by which the wait for distinct cells may differ from its mean; it has a long tail."""

BATCH = 1_000
"""The draws at a time of a simulated search."""


def samples_needed(runs: Sequence[Run], oracle: Oracle) -> int:
    """The number of samples that covers the cost of each of these runs, at most ``MOST_SAMPLES``.

    It covers a small space once it saw every cell: further samples change nothing.
    """
    spec, space = runs[0].spec, oracle.space
    queries, seconds = max(run.spent.queries for run in runs), max(run.spent.seconds for run in runs)
    wanted = max(queries, trainings_bought(seconds, prices(oracle)))
    if spec.settings["space"].get("sampler", "cells") != "cells":
        wanted = simulated_draws(space, wanted) if runs[0].repeats_free else wanted
    elif runs[0].repeats_free:
        wanted = draws_of_distinct(wanted, space.reachable)
    else:
        wanted = min(wanted, draws_to_see_all(space.reachable))
    return min(MOST_SAMPLES, rounded_up(wanted))


def draws_of_distinct(count: int, cells: int) -> int:
    """The number of uniform draws from ``cells`` that hold ``count`` distinct ones, or all cells, but for rare chances.

    The mean and ``WAITING_ERRORS`` standard errors of the waiting times for one more, which are geometric.
    """
    if count >= cells:
        return draws_to_see_all(cells)
    new = 1 - np.arange(count) / cells
    needed = float((1 / new).sum()) + WAITING_ERRORS * math.sqrt(float(((1 - new) / new**2).sum()))
    return min(draws_to_see_all(cells), math.ceil(needed))


def simulated_draws(space: SearchSpace, count: int) -> int:
    """The draws of the space's sampler that hold ``count`` distinct cells, by one simulation, and a tenth more."""
    rng, seen, drawn = stream(0, "equal cost", "draws"), set[int](), 0
    while len(seen) < min(count, space.reachable) and drawn < MOST_SAMPLES:
        seen.update(space.canonical_keys(space.keys(space.sample_many(rng, BATCH))).tolist())
        drawn += BATCH
    return math.ceil(1.1 * drawn)


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
    """The training seconds of each distinct cell among ``PILOT_CELLS`` that the space's sampler draws."""
    rows, space = oracle.space.sample_many(stream(0, "equal cost"), PILOT_CELLS), oracle.space
    first = np.unique(space.canonical_keys(space.keys(rows)), return_index=True)[1]
    answers = oracle.answer([Score(Architecture(tuple(row))) for row in rows[np.sort(first)].tolist()])
    return [answer.cost.seconds for answer in answers]


def trainings_bought(seconds: float, prices: Sequence[float]) -> int:
    """The number of trainings that cost ``seconds`` or more, with ``STANDARD_ERRORS`` standard errors to spare."""
    mean, deviation = float(np.mean(prices)), float(np.std(prices))
    if mean == 0:
        return 0
    expected, spread = seconds / mean, STANDARD_ERRORS * deviation / mean
    return math.ceil(expected * (1 + spread / math.sqrt(len(prices))) + spread * math.sqrt(expected))
