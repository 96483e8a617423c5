"""A search that is cut anywhere goes on from its state alone."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from harness.core.oracle import Trial
from harness.testing.contract import same_state

Drive = Callable[[Any], Iterator[list[Trial]]]
"""Drives a policy to its end, a round of trials at a time."""

Seen = Callable[[list[Trial]], Any]
"""What of a round's trials has to agree."""


def require_the_same_from_any_cut(
    build: Callable[[int], Any], drive: Drive, seen: Callable[[list[Trial]], Any]
) -> None:
    """A policy of another seed that loads the state after any round goes on as the whole search did."""
    policy = build(1)
    states = [copy.deepcopy(policy.state_dict())]
    whole = []
    for trials in drive(policy):
        whole.append(seen(trials))
        states.append(policy.state_dict())
    kept = copy.deepcopy(states)
    for cut, state in enumerate(states):
        other = build(99)
        other.load_state_dict(state)
        assert [seen(trials) for trials in drive(other)] == whole[cut:]
        assert other.recommend() == policy.recommend()
        assert same_state(other.state_dict(), policy.state_dict())
    assert same_state(states, kept), "going on must not change a state that was taken"
