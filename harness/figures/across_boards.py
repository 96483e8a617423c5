"""Compares policies over several leaderboards: mean ranks, Friedman's test, and Nemenyi's critical distance.

Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 2006, Sec. 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.core.errors import SettingError
from harness.core.numbers import Undefined
from harness.figures.critical_difference import CriticalDifferenceData, critical_difference_data
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.statistics import friedman, nemenyi_distance


def over_boards(boards: Sequence[Leaderboard]) -> CriticalDifferenceData:
    """Rank the rows that all boards have by their means over the seeds, and average the ranks; a board is one block.

    Raises SettingError for fewer than two boards, or fewer than three rows with a mean in all of them.
    """
    means = [{_name(entry): _mean(board, entry) for entry in board.entries} for board in boards]
    shared = [name for name in (means[0] if means else ()) if all(np.isfinite(m.get(name, np.nan)) for m in means)]
    found = friedman(np.array([[board[name] for name in shared] for board in means]).reshape(len(means), len(shared)))
    if isinstance(found, Undefined):
        raise SettingError(
            f"a critical-difference diagram compares rows that several leaderboards share ({found.reason}); these runs "
            f"make {len(boards)} with {len(shared)} rows in common, so give runs on more tables or of more policies"
        )
    distance = nemenyi_distance(len(shared), len(boards))
    ranks = dict(zip(shared, found.mean_ranks, strict=True))
    content = critical_difference_data(ranks, distance, blocks=len(boards), block="leaderboard")
    return {**content, "title": f"{content['title']}; Friedman p = {found.p:.2g}"}


def _name(entry: LeaderboardEntry) -> str:
    """The policy's name, followed by the oracle's unless that is ``tabular``."""
    return entry.policy if entry.oracle == "tabular" else f"{entry.policy} on {entry.oracle}"


def _mean(board: Leaderboard, entry: LeaderboardEntry) -> float:
    """The mean, negated if smaller is better; NaN if it is undefined."""
    if isinstance(entry.mean, Undefined):
        return np.nan
    return entry.mean if board.truth.larger_is_better else -entry.mean
