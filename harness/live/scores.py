"""Converts a search's scores, where larger is better, to accuracies in per cent and perplexities."""

from __future__ import annotations

import math
from collections.abc import Iterable

from harness.core.measures import ACCURACY, PERPLEXITY
from harness.core.oracle import Metric
from harness.execution.messages import BestScore

NEGATED_LOG = "negated log "
"""The prefix of the name of a metric whose scores are negated natural logarithms."""


def meaning(metric: Metric) -> str:
    """The measure of a score in words, such as ``validation perplexity``."""
    return f"{metric.split} {metric.name.removeprefix(NEGATED_LOG)}"


def natural_value(score: float, metric: Metric) -> float:
    """A score in its measure's own unit: a fraction, a perplexity, or the oracle's own unit."""
    return math.exp(-score) if metric.name.startswith(NEGATED_LOG) else score


def best_head(found: Iterable[BestScore | None]) -> str:
    """The head of a column of best scores: it names the measure if that is the same for all of them."""
    meanings = {meaning(best.metric) for best in found if best is not None}
    return f"best {meanings.pop() if len(meanings) == 1 else 'score'}".replace(" ", "\n")


def best_in_words(best: BestScore) -> str:
    """A best score with its measure: ``best validation accuracy 94.10 %``."""
    return f"best {meaning(best.metric)} {text(best.value, best.metric)}"


def text(score: float, metric: Metric) -> str:
    """A score as a leaderboard prints it: an accuracy in per cent, a perplexity with two decimals."""
    value = natural_value(score, metric)
    if metric.name == ACCURACY.name:
        return f"{100 * value:.2f} %"
    return f"{value:,.2f}" if metric.name == NEGATED_LOG + PERPLEXITY.name else f"{value:.4g}"
