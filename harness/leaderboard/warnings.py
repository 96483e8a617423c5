"""Warns of what limits the numbers of a leaderboard: one line for each warning that applies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.core.judgement import Truth
from harness.core.numbers import Undefined
from harness.judging.cell_noise import CellNoise
from harness.judging.judged_runs import RunGroup
from harness.leaderboard.comparison import Comparison
from harness.output.truth_noise import noise_sentence

if TYPE_CHECKING:
    from harness.leaderboard.leaderboard import EntryKey, LeaderboardEntry

ENOUGH_SEEDS = 10
"""Seeds of each policy in Yu et al. 2020, Sec. 4.1."""


def warnings(
    groups: Sequence[RunGroup], entries: Sequence[LeaderboardEntry], names: Mapping[EntryKey, str], truth: Truth
) -> Iterator[str]:
    """The warnings of a leaderboard; ``names`` are the names of its entries in sentences."""
    yield from _leaks(groups, truth)
    ranking = truth.ranking
    if not isinstance(ranking, Undefined) and ranking.size < ranking.space_size:
        yield f"ranks and regrets are among the {ranking.size:,} of {ranking.space_size:,} cells that the table judges"
    yield from _noise(groups, truth)
    for entry in entries:
        yield from _runs(entry, names[entry.key])
    yield from _constant(entries, names)
    yield from _few(entries, names)


def _leaks(groups: Sequence[RunGroup], truth: Truth) -> Iterator[str]:
    asking = [run for group in groups for run in group if run.spent.queries > 0]
    leaked = {run.policy for run in asking if run.search_metric in (truth.metric, truth.split)}
    for oracle in sorted({run.oracle for run in asking if run.answered_truth}):
        yield (
            f"oracle {oracle} answered with {truth.metric}, the metric that the runs are judged by, though it declares "
            "another: their numbers are too good"
        )
    if leaked:
        yield (
            f"the search of {', '.join(sorted(leaked))} saw {truth.metric}, the metric that it is judged by: "
            "its numbers are too good"
        )


def _noise(groups: Sequence[RunGroup], truth: Truth) -> Iterator[str]:
    """One line for each table whose repeats were read: how far it tells its best cells apart."""
    found = (run.noise.truth for group in groups for run in group if isinstance(run.noise, CellNoise))
    yield from (noise_sentence(each, truth.metric) for each in dict.fromkeys(found))


def _runs(entry: LeaderboardEntry, name: str) -> Iterator[str]:
    if entry.failed:
        reasons = "; ".join(f"seed {seed}: {reason}" for seed, reason in entry.failed)
        yield f"{name}: {len(entry.failed)} of {len(entry.seeds)} runs have no value ({reasons})"
    if unscored := sum(run.unscored for run in entry.runs):
        yield (
            f"{name}: {unscored} of {len(entry.runs)} runs recommend a cell that they never scored, so that choice "
            "did not come from an answer of the oracle"
        )
    yield from _failed_answers(entry, name)
    if len(set(entry.seeds)) < len(entry.seeds):
        yield f"{name}: a seed stands twice, so runs of different settings are mixed in one row"


def _failed_answers(entry: LeaderboardEntry, name: str) -> Iterator[str]:
    """One line for each kind of query of which some failed in runs that ended well."""
    counts = [pair for run in entry.runs if not run.failed for pair in run.answers.items()]
    for kind in dict.fromkeys(kind for kind, count in counts if count.failed):
        own = [count for other, count in counts if other == kind]
        failed, answered = sum(count.failed for count in own), sum(count.answered for count in own)
        reason = next(count.reason for count in own if count.failed)
        yield f"{name}: {failed:,} of {answered:,} {kind} queries failed (first: {reason})"


def _constant(entries: Sequence[LeaderboardEntry], names: Mapping[EntryKey, str]) -> Iterator[str]:
    """Warn of zero deviations: such a search has no noise, which does not make its result certain."""
    constant = [entry for entry in entries if entry.std == 0 and _tested(entry.against_random)]
    if constant:
        noisy = any(entry.oracle.partition("+")[0] == "tabular" for entry in constant)
        remedy = "; --set oracle.repeat=sample lets the table's noise in" if noisy else ""
        yield (
            f"{', '.join(names[entry.key] for entry in constant)}: all seeds ended at one value, so Welch's p rests on "
            f"random's deviation alone{remedy}"
        )


def _tested(comparison: Comparison | Undefined) -> bool:
    return isinstance(comparison, Comparison) and not isinstance(comparison.welch_p, Undefined)


def _few(entries: Sequence[LeaderboardEntry], names: Mapping[EntryKey, str]) -> Iterator[str]:
    """Warn of few seeds in general, and of too few for the differences from random."""
    fewest = min((len(set(entry.seeds)) for entry in entries), default=ENOUGH_SEEDS)
    if fewest < ENOUGH_SEEDS:
        seeds = "one seed" if fewest == 1 else f"{fewest} seeds"
        yield f"{seeds} a policy is little: Yu et al. 2020 compare over {ENOUGH_SEEDS}"
    wanting = [text for entry in entries if (text := _seeds_wanted(entry, names[entry.key]))]
    if wanting:
        yield f"too few seeds to tell from one random draw: {', '.join(wanting)}"


def _seeds_wanted(entry: LeaderboardEntry, name: str) -> str:
    """The number of seeds that a policy needs, if neither a difference nor equivalence is found."""
    comparison = entry.against_random
    if isinstance(comparison, Undefined) or not _tested(comparison) or comparison.found or comparison.equivalent:
        return ""
    if not isinstance(comparison.exact_p, Undefined):
        return ""  # the seeds needed are those of Welch's test; the sentence says what an exact one cannot see
    needed = comparison.seeds_needed
    return "" if isinstance(needed, Undefined) else f"{name} (a difference of that size takes {needed:,})"
