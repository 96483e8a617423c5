"""Scores as people read them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.core.measures import ACCURACY, PERPLEXITY
from harness.core.oracle import Metric
from harness.live.scores import meaning, natural_value, text

SYNTHETIC = Metric("score", "validation", 0.0, 1.0)


@pytest.mark.parametrize(
    ("score", "metric", "words", "shown"),
    [
        (0.94316, ACCURACY.metric("validation"), "validation accuracy", "94.32 %"),
        (-math.log(54.566), PERPLEXITY.metric("validation"), "validation perplexity", "54.57"),
        (-math.log(12_345.678), PERPLEXITY.metric("test"), "test perplexity", "12,345.68"),
        (0.93751234, SYNTHETIC, "validation score", "0.9375"),
    ],
)
def test_a_score_is_read_in_its_measure_s_own_words(score: float, metric: Metric, words: str, shown: str) -> None:
    assert (meaning(metric), text(score, metric)) == (words, shown)


@pytest.mark.parametrize("value", [1.0, 54.57, 1e5])
def test_what_a_search_sees_of_a_perplexity_leads_back_to_it(value: float) -> None:
    score = float(PERPLEXITY.scores(np.array([value]))[0])
    assert natural_value(score, PERPLEXITY.metric("validation")) == pytest.approx(value)


def test_other_scores_are_what_they_are() -> None:
    assert natural_value(0.5, ACCURACY.metric("validation")) == 0.5
    assert natural_value(-0.5, SYNTHETIC) == -0.5
