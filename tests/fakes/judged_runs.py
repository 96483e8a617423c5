"""Judged runs, and leaderboards of them."""

import io

import numpy as np
from rich.console import Console

from harness.core.budget import Cost
from harness.core.judgement import NoVerdict, Ranking, Truth, UnrankedVerdict, Verdict
from harness.core.numbers import Undefined
from harness.judging.judged_runs import JudgedRun
from harness.leaderboard.formats import render, terminal
from harness.leaderboard.leaderboard import build

SIZE = 423_624
WHOLE = Ranking(SIZE, SIZE, 0.9432, 0.8968, 0.058)
TRUTH = Truth("test_accuracy", 3, 108, "table", "nasbench101", "d" * 64, True, WHOLE)
SCRATCH = Truth("test_accuracy", 1, 108, "recipe", "nasbench101-cifar10", "c" * 64, True, Undefined("not ranked"))
SEEDS = range(1268, 1278)
NAO = [0.930, 0.932, 0.941, 0.935, 0.928, 0.931, 0.925, 0.933, 0.938, 0.927]
RANDOM = [0.91, 0.89, 0.92, 0.90, 0.87, 0.915, 0.905, 0.88, 0.93, 0.895]

PERPLEXITIES = Ranking(32, 32, 62.63, 67.21, 2.52)  # Yu et al. 2020, Table 3: the space's best and spread, test data
COURSES = Truth("test_perplexity", 10, 1000, "table", "rnn2-ptb", "d" * 64, False, PERPLEXITIES)


def perplexity(value, rank):
    """A verdict of the 32 recurrent cells of two nodes."""
    return Verdict(value, rank, 32, value - 62.63, 100 * (33 - rank) / 32)


def judgement(told):
    """From a value, a value with its rank, a value that was trained, or a reason why there is none."""
    if isinstance(told, UnrankedVerdict | Verdict):
        return told
    if isinstance(told, str):
        return NoVerdict(told)
    value, rank = told if isinstance(told, tuple) else (told, 50_000)
    return Verdict(value, rank, SIZE, 0.9432 - value, 100 * (SIZE - rank + 1) / SIZE)


def runs(policy, values, seeds=SEEDS, taus=None, **changes):
    """Judged runs, one a seed; with ``taus``, 200 cells were probed after each."""
    defaults = {
        "policy": policy,
        "oracle": "tabular",
        "space": "nasbench101",
        "probed": 0 if taus is None else 200,
        "spent": Cost(0) if policy == "random" else Cost(600, 64_800.0, 1.8e6),
        "repeated": 0 if policy == "random" else 150,
        "search_metric": "validation_accuracy",
    }
    taus = taus or [Undefined("shares no weights")] * len(values)
    return [
        JudgedRun(seed=seed, judgement=judgement(value), tau=tau, **defaults | changes)
        for seed, value, tau in zip(seeds, values, taus, strict=True)
    ]


def board(*groups, truth=TRUTH):
    """The leaderboard of these groups of runs."""
    return build([run for group in groups for run in group], truth)


def entry(policy, leaderboard):
    """The first row of a policy."""
    return next(entry for entry in leaderboard.entries if entry.policy == policy)


def printed(leaderboard, width=100, **options):
    """A leaderboard as a terminal of this width shows it."""
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(terminal(leaderboard, **options))
    return console.file.getvalue()


def every_form(leaderboard):
    """A leaderboard as each kind of text that it can be."""
    return [printed(leaderboard), *(render(leaderboard, form) for form in ("csv", "json", "markdown", "latex"))]


RANDOM_AND_NAO = [*runs("random", RANDOM), *runs("nao", NAO)]
"""Runs of random and of nao."""

TRAINED_BOARD = board(
    *(runs(name, list(map(UnrankedVerdict, of))) for name, of in (("random", RANDOM), ("nao", NAO))), truth=SCRATCH
)
"""The same, of which every recommendation was trained from scratch."""

FULL = board(runs("random", RANDOM), runs("nao", [(0.941, 3_543), *NAO[1:]]))
SPREAD = f"{100 * np.mean([0.941, *NAO[1:]]):.2f} ± {100 * np.std([0.941, *NAO[1:]], ddof=1):.2f}"
