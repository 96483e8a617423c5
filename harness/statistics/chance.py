"""What uniform random draws from a ranked space come to."""

from __future__ import annotations

import math


def p_beats_random(best_rank: int, size: int, runs: int) -> float:
    """The probability that all of ``runs`` uniform draws from ``size`` cells rank worse than ``best_rank`` (1 = best).

    It is (1 - r / rmax)^n. Yu et al. 2020 print the complement of this in their Eq. 1, but the values in their Tables 3
    and 4 are of the form used here. Defined for 1 <= r <= rmax and n >= 1.
    """
    if not (1 <= best_rank <= size and runs >= 1):
        raise ValueError(f"no rank {best_rank} of {size} cells in {runs} runs; need 1 <= rank <= size and runs >= 1")
    return float((1 - best_rank / size) ** runs)


def expected_best_rank(size: int, runs: int) -> float:
    """The mean best rank of ``runs`` different cells, each set of them as likely: (rmax + 1) / (n + 1).

    Draws that may repeat come to the same but for less than one rank where n is far below rmax.
    """
    if not 1 <= runs <= size:
        raise ValueError(f"no {runs} different cells among {size}; need 1 <= runs <= size")
    return (size + 1) / (runs + 1)


def median_best_rank(size: int, runs: int) -> int:
    """The smallest rank that the best of ``runs`` uniform draws reaches at least every other time."""
    if size < 1 or runs < 1:
        raise ValueError(f"no best of {runs} runs among {size} cells; need at least one of both")
    return math.ceil(size * (1 - math.pow(0.5, 1 / runs)))
