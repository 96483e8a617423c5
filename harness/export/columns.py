"""What is exported: the columns of runs, trials and leaderboards, with their types, units and meanings.

All three are long: a row a run and truth, a row an answered Score, a row a policy of a leaderboard. Accuracies are
fractions. What does not exist is empty (CSV), ``null`` (JSON, Parquet) or ``NA`` (pandas), never a number, and a column
of reasons says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.core.errors import UnknownNameError

ExportKind: TypeAlias = Literal["runs", "trials", "leaderboard"]
ColumnType: TypeAlias = Literal["text", "integer", "number", "boolean", "json"]
"""``json`` is nested: text in CSV, Parquet and pandas, itself in JSON."""

METRIC_UNIT = "the metric's"
"""The unit of a number that is a value of the judged metric, or a difference of two."""


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column: its name, type, unit (empty for none) and meaning; ``printed`` ones stand in Markdown too."""

    name: str
    type: ColumnType
    unit: str
    meaning: str
    printed: bool = False


def _text(name: str, meaning: str, *, printed: bool = False) -> ExportColumn:
    return ExportColumn(name, "text", "", meaning, printed)


def _count(name: str, meaning: str, unit: str = "", *, printed: bool = False) -> ExportColumn:
    return ExportColumn(name, "integer", unit, meaning, printed)


def _number(name: str, meaning: str, unit: str = "", *, printed: bool = False) -> ExportColumn:
    return ExportColumn(name, "number", unit, meaning, printed)


POLICY_COLUMNS = (
    _text("policy", "the search policy", printed=True),
    _text("oracle", "who answered its queries", printed=True),
    _text("space", "the search space", printed=True),
)

SEED_COLUMNS = (
    _text("run", "the run's id, the digest of its specification"),
    *POLICY_COLUMNS,
    _count("seed", "its seed", printed=True),
)

TRUTH_COLUMNS = (
    _text("metric", "what it is judged by", printed=True),
    _text("split", "the data split of that metric"),
    _text("truth_kind", "table or recipe: looked up, or trained from scratch"),
    _text("truth", "the name of that table or recipe"),
    _text("truth_digest", "the digest of its content"),
    _count("repeats", "trainings that a cell's truth is the mean of"),
    _count("truth_epochs", "the budget of each of these trainings", "epochs"),
    ExportColumn("larger_is_better", "boolean", "", "whether a larger value is the better one"),
)

RUN_COLUMNS = (
    *SEED_COLUMNS,
    _text("status", "running, finished or failed", printed=True),
    _text("reason", "why it failed"),
    *TRUTH_COLUMNS,
    _text("recommendation", "the architecture that it recommends, in the space's text form"),
    _number("value", "the true value of the recommendation", METRIC_UNIT, printed=True),
    _count("rank", "its rank among the cells of the truth, 1 being the best; ties share the best rank", printed=True),
    _count("size", "how many cells are ranked"),
    _number("regret", "its distance to the best cell, never negative", METRIC_UNIT, printed=True),
    _number("percentile", "the percentage of ranked cells that are no better", "percent"),
    _text("value_reason", "why there is no value or no rank"),
    _number("tau", "Kendall's tau-b between the final shared weights' scores of sampled cells and their truth"),
    _count("tau_cells", "how many cells that is of"),
    _text("tau_reason", "why there is no tau where cells were probed"),
    _text("search_metric", "what the search saw: a metric of the table, or its split alone"),
    _count("queries", "scores and slopes that it asked for", printed=True),
    _number("epochs", "training that it was charged", "epochs"),
    _number("seconds", "training that it was charged: a table's recorded time, a live oracle's own", "seconds"),
    _count("trials", "answers of every kind"),
    _count("scores", "answered Scores, which are the rows of the trials"),
    _count("repeated", "queries that asked for a cell again"),
    _count("budget_queries", "the most queries it might ask, empty for no limit"),
    _number("budget_epochs", "the most training it might be charged, empty for no limit", "epochs"),
    _number("budget_seconds", "the most training it might be charged, empty for no limit", "seconds"),
    _text("table", "the table that answered, as it was called"),
    _text("table_digest", "the digest of that table's content"),
    _count("looks", "recorded looks at the truth for this run"),
    _text("version", "the harness that made it"),
    ExportColumn("settings", "json", "", "every setting of its policy, oracle and space"),
    ExportColumn("provenance", "json", "", "the circumstances: versions, machine, git revision"),
    _text("created", "when it began, ISO 8601 in UTC"),
    _text("finished", "when it ended, ISO 8601 in UTC"),
)

TRIAL_COLUMNS = (
    *SEED_COLUMNS,
    _count("number", "its place among all answers of the run, from 0", printed=True),
    _text("architecture", "the scored architecture, in the space's text form", printed=True),
    _count("trained_epochs", "the budget that was asked for, empty for the full one", "epochs"),
    _number(
        "value", "what the search saw, larger being better: an accuracy, or a negated log perplexity", printed=True
    ),
    _text("reason", "why there is no value"),
    _number("cost_epochs", "what the answer cost", "epochs", printed=True),
    _number("cost_seconds", "what the answer cost", "seconds", printed=True),
)

COMPARISON_COLUMNS = (
    _number("difference", "mean minus random's mean, positive where the policy is better", METRIC_UNIT),
    _number("difference_low", "lower end of Welch's 95 % interval of the difference", METRIC_UNIT),
    _number("difference_high", "upper end of it", METRIC_UNIT),
    _number("welch_p", "Welch's two-sided p against random"),
    _number("holm_p", "that p, corrected for all policies of the leaderboard (Holm 1979)"),
    _number("mann_whitney_p", "the two-sided p of the Mann-Whitney test against random"),
    _number("hedges_g", "the difference in pooled standard deviations, corrected for few seeds (Hedges 1981)"),
    _number("improvement", "the chance that a run beats a random draw, a tie counting half"),
    _number("improvement_low", "lower end of its 95 % bootstrap interval"),
    _number("improvement_high", "upper end of it"),
    _number("margin", "the difference below which the two count as equally good", METRIC_UNIT),
    _number("equivalence_p", "the p of two one-sided tests that they differ by less than the margin"),
    _number("detectable", "the difference that four such comparisons in five would see", METRIC_UNIT),
    _count("seeds_needed", "seeds a side by which a difference as found would be seen as often"),
)

LEADERBOARD_COLUMNS = (
    *POLICY_COLUMNS,
    *TRUTH_COLUMNS,
    _count("seeds", "runs that have ended", printed=True),
    _count("failed", "runs among them without a value"),
    _number("mean", "the mean value over the seeds", METRIC_UNIT, printed=True),
    _number("mean_low", "lower end of its 95 % bootstrap interval", METRIC_UNIT),
    _number("mean_high", "upper end of it", METRIC_UNIT),
    _number("std", "the standard deviation over the seeds", METRIC_UNIT, printed=True),
    _number("median", "the median over the seeds", METRIC_UNIT),
    _number("iqm", "the mean of the middle half of the seeds", METRIC_UNIT),
    _number("best", "the best value", METRIC_UNIT),
    _count("best_rank", "the best rank", printed=True),
    _count("size", "how many cells are ranked"),
    _number("mean_regret", "the mean distance to the best cell", METRIC_UNIT),
    _number("p_beats_random", "the chance that as many random draws all rank worse than the best rank"),
    *COMPARISON_COLUMNS,
    _number("tau", "the mean of Kendall's tau-b over the seeds, where weights are shared"),
    _number("tau_std", "its standard deviation"),
    _number("queries", "mean scores and slopes a seed"),
    _number("hours", "mean training a seed that was charged", "hours"),
    _number("repeated_share", "the share of queries that asked for a cell again"),
    _text("verdict", "what the comparisons come to, in words"),
    ExportColumn("reasons", "json", "", "why numbers are missing, by their names"),
)

COLUMNS_BY_KIND: dict[ExportKind, tuple[ExportColumn, ...]] = {
    "runs": RUN_COLUMNS,
    "trials": TRIAL_COLUMNS,
    "leaderboard": LEADERBOARD_COLUMNS,
}


def columns_of(kind: str) -> tuple[ExportColumn, ...]:
    """The columns of ``runs``, ``trials`` or ``leaderboard``; raises UnknownNameError for another kind."""
    for name, columns in COLUMNS_BY_KIND.items():
        if name == kind:
            return columns
    raise UnknownNameError.among("export", kind, COLUMNS_BY_KIND)
