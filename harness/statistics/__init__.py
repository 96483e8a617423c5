"""Statistics to compare policies: every number is defined, or it is ``Undefined`` with a reason."""

from harness.core.numbers import Number, Undefined
from harness.statistics.chance import p_beats_random
from harness.statistics.comparison import (
    Sample,
    Welch,
    equivalence,
    holm,
    mann_whitney,
    mean_difference_interval,
    welch,
    welch_from_summary,
)
from harness.statistics.correlation import (
    ENOUGH_PAIRS,
    kendall,
    sparse_kendall,
    spearman,
    top_precision,
    top_regret,
    weighted_kendall,
)
from harness.statistics.effects import hedges_g, improvement, improvement_interval
from harness.statistics.intervals import Interval, bootstrap, interval_of
from harness.statistics.noisy_means import TOP, NoisyMeans
from harness.statistics.numbers import best, interquartile_mean, mean, median, std
from harness.statistics.power import detectable_difference, seeds_needed, test_power
from harness.statistics.several import Friedman, friedman, nemenyi_distance, tukey_distance
from harness.statistics.truth_noise import NoiseSummary, TruthNoise
from harness.statistics.uniform_draws import UniformDraws

__all__ = [
    "ENOUGH_PAIRS",
    "TOP",
    "Friedman",
    "Interval",
    "NoiseSummary",
    "NoisyMeans",
    "Number",
    "Sample",
    "TruthNoise",
    "Undefined",
    "UniformDraws",
    "Welch",
    "best",
    "bootstrap",
    "detectable_difference",
    "equivalence",
    "friedman",
    "hedges_g",
    "holm",
    "improvement",
    "improvement_interval",
    "interquartile_mean",
    "interval_of",
    "kendall",
    "mann_whitney",
    "mean",
    "mean_difference_interval",
    "median",
    "nemenyi_distance",
    "p_beats_random",
    "seeds_needed",
    "sparse_kendall",
    "spearman",
    "std",
    "test_power",
    "top_precision",
    "top_regret",
    "tukey_distance",
    "weighted_kendall",
    "welch",
    "welch_from_summary",
]
