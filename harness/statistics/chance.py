"""The ranks of uniform random draws from a ranked space."""

from __future__ import annotations


def p_beats_random(best_rank: int, size: int, runs: int) -> float:
    """The probability that all of ``runs`` uniform draws from ``size`` cells rank worse than ``best_rank`` (1 = best).

    It is (1 - r / rmax)^n. Yu et al. 2020 print the complement of this in their Eq. 1, but the values in their Tables 3
    and 4 are of the form used here. Defined for 1 <= r <= rmax and n >= 1.
    """
    if not (1 <= best_rank <= size and runs >= 1):
        raise ValueError(f"no rank {best_rank} of {size} cells in {runs} runs; need 1 <= rank <= size and runs >= 1")
    return float((1 - best_rank / size) ** runs)
