"""The registry of a leaderboard's columns: one entry here adds a column.

The terminal, CSV, JSON, Markdown, LaTeX, the report's ranking, ``harness export leaderboard`` and the documentation of
the columns follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.core.numbers import Undefined
from harness.judging.cell_noise import CellNoise
from harness.judging.judged_runs import (
    cross_fitted_regret_of,
    rank_interval_of,
    repeated_share_of,
    tau_ceiling_of,
    truth_error_of,
)
from harness.leaderboard.column import METRIC_UNIT, VIEWS, Column, ColumnKind, Heading
from harness.leaderboard.comparison import Comparison
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.output.units import CellPart, between, fixed, hours, probability, whole

TEXT = ColumnKind("text", format=lambda text, _: text)
COUNT = ColumnKind("integer", format=lambda count, _: whole(count))
LIST = ColumnKind("list")
NUMBER = ColumnKind("number")
SIGNED = ColumnKind("number", sign="+")
AMOUNT = ColumnKind("number", METRIC_UNIT)
DIFFERENCE = ColumnKind("number", METRIC_UNIT, sign="+")
INTERVAL = ColumnKind("interval")
AMOUNTS = ColumnKind("interval", METRIC_UNIT)
P = ColumnKind("number", format=lambda p, _: probability(p))
CHANCE = ColumnKind("number", format=lambda p, _: fixed(p, 3))
MEAN_COUNT = ColumnKind("number", format=lambda number, _: fixed(number, 0))
RANKS = ColumnKind("interval", format=lambda found, _: between(found))
HOURS = ColumnKind("number", "hours", lambda number, _: hours(number))

BEST_RANK = "The rank of the best seed; 1 is best, ties share the best rank"
BEATS_RANDOM = "(1 - r/rmax)^n: the chance that n uniform draws all rank worse than r, the best rank"
TAU = "Of the final shared weights’ scores and the truth, mean ± std"
DIFFERENCES = "Difference of the means from one random draw, positive is better, with Welch’s interval"


def _several(name: str) -> Callable[[Leaderboard], bool]:
    """A check whether rows differ in an attribute."""
    return lambda board: len({getattr(entry, name) for entry in board.entries}) > 1


def _uneven(board: Leaderboard) -> bool:
    """Whether the numbers of runs differ between rows or a run failed, so that the title cannot give the number."""
    return any(entry.failed for entry in board.entries) or len({len(entry.seeds) for entry in board.entries}) > 1


def _probed(board: Leaderboard) -> bool:
    return any(entry.probed for entry in board.entries)


def repeating(board: Leaderboard) -> bool:
    """Whether a policy asked for a cell again, so that queries and evaluations differ."""
    return any(entry.evaluations != entry.queries for entry in board.entries)


def noisy(board: Leaderboard) -> bool:
    """Whether the repeats of the truth were read, so that its noise is known."""
    return any(isinstance(run.noise, CellNoise) for entry in board.entries for run in entry.runs)


def _capped(board: Leaderboard) -> bool:
    return _probed(board) and noisy(board)


def _ranked(board: Leaderboard) -> bool:
    return not isinstance(board.truth.ranking, Undefined)


def _runs(entry: LeaderboardEntry) -> str:
    return f"{entry.judged}/{len(entry.seeds)}" if entry.failed else f"{len(entry.seeds)}"


def _report_hours(entry: LeaderboardEntry) -> CellPart:
    """Two significant digits below one hour, else one decimal."""
    found = entry.hours
    return f"{found:.2g}" if not isinstance(found, Undefined) and 0 < found < 1 else fixed(found, 1)


def _named(name: str, meaning: str, heading: Heading[LeaderboardEntry]) -> Column[LeaderboardEntry]:
    """A column that identifies a row, in every view."""
    return Column(name, meaning, TEXT, shows=dict.fromkeys(VIEWS, heading))


EntryColumn: type[Column[LeaderboardEntry]] = Column
ENTRY_COLUMNS: tuple[Column[LeaderboardEntry], ...] = (
    _named("policy", "the search policy", Heading("policy", "Who searched")),
    _named("oracle", "who answered its queries", Heading("oracle", "The oracle", shown=_several("oracle"))),
    _named("space", "the search space", Heading("space", "The space", shown=_several("space"))),
    EntryColumn("judge", "what judges", TEXT, lambda entry: f"{entry.truth.kind} {entry.truth.name}", None),
    EntryColumn("metric", "what the values are of", TEXT, lambda entry: entry.truth.text, None),
    EntryColumn("seeds", "runs that have ended", LIST)
    .show("main", Heading("runs", cell=_runs, shown=_uneven))
    .show("report", Heading("seeds", "Seeds with a value, of those that ran", cell=_runs, number=lambda e: e.judged)),
    EntryColumn("values", "the value of each seed", LIST, export=None),
    EntryColumn("ranks", "the rank of each seed", LIST, export=None),
    EntryColumn("mean", "the mean value over the seeds", AMOUNT)
    .show("main", Heading("mean ± std{sign}", beside="std"))
    .show("summaries", Heading("mean{sign}", beside="mean_interval"))
    .show("report", Heading("mean{sign} [95%]", "Mean over the seeds, with its bootstrap interval", "mean_interval")),
    EntryColumn("std", "the standard deviation over the seeds", AMOUNT).show(
        "report", Heading("std{sign}", "Standard deviation over the seeds")
    ),
    EntryColumn(
        "truth_error",
        "the standard error of the mean that the truth's own noise leaves, whatever the number of seeds",
        AMOUNT,
        lambda e: truth_error_of(e.runs),
    )
    .show("main", Heading("truth's\nerror{sign}", shown=noisy))
    .show("report", Heading("truth’s error{sign}", shown=noisy)),
    EntryColumn("best", "the best value", AMOUNT)
    .show("main", Heading("best{sign}"))
    .show("report", Heading("best{sign}", "The best seed")),
    EntryColumn("best_rank", "the best rank", COUNT)
    .show("main", Heading("best\nrank{of_size}"))
    .show("report", Heading("best rank{of_size}", BEST_RANK, shown=_ranked)),
    EntryColumn(
        "rank_interval",
        "the 95 % interval of the true rank of the best-ranked cell, from the repeats of the truth",
        RANKS,
        lambda e: rank_interval_of(e.runs),
        "best_rank",
    )
    .show("main", Heading("95 % of\nits rank", shown=noisy))
    .show("report", Heading("95 % of its rank", shown=noisy, number=lambda e: e.best_rank)),
    EntryColumn("size", "how many cells are ranked", COUNT),
    EntryColumn("mean_regret", "the mean distance to the best cell", AMOUNT)
    .show("main", Heading("mean\nregret{sign}"))
    .show("report", Heading("regret{sign}", "Mean distance to the best cell of the space", shown=_ranked)),
    EntryColumn(
        "cross_fitted_regret",
        "the mean distance to the best cell's value in repeats that did not choose it",
        AMOUNT,
        lambda e: cross_fitted_regret_of(e.runs),
    )
    .show("summaries", Heading("cross-fitted\nregret{sign}", shown=noisy))
    .show("report", Heading("cross-fitted regret{sign}", shown=noisy)),
    EntryColumn("p_beats_random", "the chance that as many random draws all rank worse than the best rank", CHANCE)
    .show("main", Heading("p(beats\nrandom)"))
    .show("report", Heading("p(beats random)", BEATS_RANDOM, shown=_ranked)),
    EntryColumn("welch_p", "Welch's two-sided p against random", P, export=None).show("main", Heading("Welch\np")),
    EntryColumn("probed", "how many cells tau is of", COUNT, export=None),
    EntryColumn("tau", "the mean of Kendall's tau-b over the seeds, where weights are shared", NUMBER)
    .show("main", Heading("Kendall's\ntau", beside="tau_std", shown=_probed))
    .show("report", Heading("Kendall’s τ", TAU, beside="tau_std", shown=_probed)),
    EntryColumn("tau_std", "its standard deviation", NUMBER),
    EntryColumn(
        "tau_ceiling",
        "the tau that a ranking of the same cells by their true values would have with this noisy truth",
        NUMBER,
        lambda e: tau_ceiling_of(e.runs),
    )
    .show("main", Heading("its\nceiling", shown=_capped))
    .show("report", Heading("τ’s ceiling", shown=_capped)),
    EntryColumn("queries", "mean scores and slopes a seed", MEAN_COUNT)
    .show("main", Heading("queries", shown=lambda board: not repeating(board)))
    .show("report", Heading("queries", "Mean queries a seed")),
    EntryColumn("evaluations", "mean queries a seed without those that repeated a cell", MEAN_COUNT)
    .show("main", Heading("evalu-\nations", shown=repeating))
    .show("report", Heading("evaluations", "Mean queries a seed that repeated no cell", shown=repeating)),
    EntryColumn("hours", "mean training a seed that was charged", HOURS)
    .show("main", Heading("hours"))
    .show("report", Heading("hours", "Mean hours of training a seed", cell=_report_hours)),
    EntryColumn(
        "repeated_share",
        "the share of queries that asked for a cell again",
        NUMBER,
        lambda e: repeated_share_of(e.runs),
    ),
    EntryColumn("median", "the median over the seeds", AMOUNT)
    .show("summaries", Heading("median{sign}", beside="median_interval"))
    .show("report", Heading("median{sign}", "Median over the seeds")),
    EntryColumn("iqm", "the mean of the middle half of the seeds", AMOUNT)
    .show("summaries", Heading("interquartile mean{sign}", beside="iqm_interval"))
    .show("report", Heading("IQM{sign}", "Mean of the middle half of the seeds")),
    EntryColumn("mean_interval", "its 95 % bootstrap interval", AMOUNTS, export="mean"),
    EntryColumn("median_interval", "that of the median", AMOUNTS, export=None),
    EntryColumn("iqm_interval", "that of the interquartile mean", AMOUNTS, export=None),
    EntryColumn("against_random", "the comparison with one random draw", ColumnKind("comparison")),
    EntryColumn("against_search", "those with random search at its cost", ColumnKind("searches"), export=None),
    EntryColumn("verdict", "what the comparisons come to, in words", TEXT),
    EntryColumn("failed_answers", "queries of all seeds that were answered without a value", COUNT),
    EntryColumn("failed_seeds", "runs among them without a value", LIST, lambda e: [s for s, _ in e.failed], "failed"),
)

Compared: type[Column[Comparison]] = Column
COMPARISON_COLUMNS: tuple[Column[Comparison], ...] = (
    Compared("other", "what it is compared with", TEXT, export=None),
    Compared("difference", "mean minus random's mean, positive where the policy is better", DIFFERENCE)
    .show("tests", Heading("difference", beside="interval"))
    .show("report", Heading("over random{sign}", DIFFERENCES, beside="interval")),
    Compared("interval", "Welch's 95 % interval of the difference", AMOUNTS, export="difference"),
    Compared("welch_p", "Welch's two-sided p against random", P).show("tests", Heading("Welch\np")),
    Compared("percentile", "the mean percentage of the ranked cells that the runs beat, ties counting half", NUMBER)
    .show("uniform", Heading("beats\n%", beside="chance_interval"))
    .show("report", Heading("beats %", cell=lambda found: fixed(found.percentile, 1))),
    Compared("exact_p", "the exact two-sided p of that percentage against uniform draws from the ranked cells", P).show(
        "uniform", Heading("exact\np")
    ),
    Compared("chance_interval", "where that percentage of as many uniform draws lies in 95 % of all cases", INTERVAL),
    Compared("best_p", "the chance that the best of as many uniform draws is as good as the best run", CHANCE).show(
        "uniform", Heading("p of\nthe best")
    ),
    Compared("holm_p", "the exact p, or else Welch's, corrected for all tests of its family (Holm 1979)", P)
    .show("uniform", Heading("Holm\np"))
    .show("tests", Heading("Holm\np"))
    .show(
        "report", Heading("Holm p", "The exact test against one random draw, or else Welch’s, corrected for all rows")
    ),
    Compared("mann_whitney_p", "the two-sided p of the Mann-Whitney test against random", P).show(
        "tests", Heading("Mann-\nWhitney p")
    ),
    Compared(
        "hedges_g", "the difference in pooled standard deviations, corrected for few seeds (Hedges 1981)", SIGNED
    ).show("tests", Heading("Hedges'\ng")),
    Compared("improvement", "the chance that a run beats a random draw, a tie counting half", NUMBER)
    .show("tests", Heading("P(better)", beside="improvement_interval"))
    .show("report", Heading("P(better)", "The chance that a seed beats one random draw, half of the ties included")),
    Compared("improvement_interval", "its 95 % bootstrap interval", INTERVAL, export="improvement"),
    Compared("margin", "the difference below which the two count as equally good", AMOUNT).show(
        "power", Heading("margin")
    ),
    Compared("equivalence_p", "the p of two one-sided tests that they differ by less than the margin", P).show(
        "power", Heading("equivalence\np")
    ),
    Compared("detectable", "the difference that four such comparisons in five would see", AMOUNT).show(
        "power", Heading("detectable")
    ),
    Compared("seeds_needed", "seeds a side by which a difference as found would be seen as often", COUNT).show(
        "power", Heading("seeds\nneeded")
    ),
)

OF_UNIFORM_DRAWS = ("percentile", "exact_p", "chance_interval", "best_p")
"""Columns that only the comparison with one random draw has."""

REPORT_ORDER = """
policy oracle space seeds mean truth_error difference holm_p improvement best_rank rank_interval mean_regret
cross_fitted_regret p_beats_random best std median iqm
"""
EXPORT_ORDER = """
policy oracle space seeds failed_seeds mean mean_interval std truth_error median iqm best best_rank rank_interval size
mean_regret cross_fitted_regret p_beats_random against_random
"""
ORDERS: Mapping[str, Sequence[str]] = {"report": REPORT_ORDER.split(), "export": EXPORT_ORDER.split()}
"""The first columns of each view with its own order; the other columns follow in the order of the registry."""


def place(view: str, name: str) -> int:
    """The sort key of a column in a view; columns with equal keys keep the order of the registry."""
    first = ORDERS.get(view, ())
    return first.index(name) if name in first else len(first)
