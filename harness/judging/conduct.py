"""What a run did, as far as its records show it: whether it scored what it recommends, and whether it saw the truth."""

from __future__ import annotations

from harness.core.errors import HarnessError, SpaceError
from harness.core.features import PolicyFeatures
from harness.core.space import Architecture, SearchSpace
from harness.judging.judge import Judge
from harness.planning import registry
from harness.storage.records import Run
from harness.storage.store import Store

FEWEST_ANSWERS = 3
"""Different values that must equal the truth before they count as the truth: one or two may do so by chance."""

MOST_ANSWERS = 1000
"""Answers of a run that are compared with the truth."""


def recommends_unscored(run: Run, store: Store, space: SearchSpace) -> bool:
    """Whether a finished run recommends a cell that it never scored, in any labelling, without declaring so."""
    if run.status != "finished" or run.recommendation is None or _declares_unscored(run.spec.policy):
        return False
    scored = store.scored_cells(run.id)
    if run.recommendation in scored:
        return False
    wanted = _canonical(run.recommendation, space)
    return all(_canonical(cell, space) != wanted for cell in scored)


def _canonical(text: str, space: SearchSpace) -> Architecture | str:
    """The canonical form of a stored cell, or the text itself if the space cannot read it."""
    try:
        return space.canonical(space.parse(text))
    except SpaceError:
        return text


def _declares_unscored(policy: str) -> bool:
    """Whether a policy's class says that it may recommend unscored cells; one that is not here has not said so."""
    try:
        return PolicyFeatures.of(registry.load("policy", policy)).recommends_unscored
    except HarnessError:
        return False


def answered_truth(run: Run, judge: object, store: Store, space: SearchSpace) -> bool:
    """Whether the oracle of a run, if it is not one of this project, answered with the judged metric itself.

    Its scores are compared with the means and the single repeats of the truth, by one recorded look. Answers that are
    near the truth without being equal to it are not found.
    """
    oracle = run.spec.oracle
    if not isinstance(judge, Judge) or registry.is_built_in("oracle", oracle) or not run.scores:
        return False
    rows = [row for row in store.stream(run.id) if row.value is not None and row.epochs is None][:MOST_ANSWERS]
    values = {row.architecture: row.value for row in rows if row.value is not None}
    if len(set(values.values())) < FEWEST_ANSWERS:
        return False
    return judge.equals([space.parse(cell) for cell in values], list(values.values()), run=run.id)
