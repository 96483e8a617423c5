"""Averaged SGD: the steps of torch's own, the mean of what they pass, and the published moment to begin."""

from __future__ import annotations

import pytest
import torch

from backends.training.averaged_sgd import AveragedSGD, exceeds_all_but_last


def test_the_steps_are_those_of_torchs_sgd_and_asgd_and_the_average_is_the_mean_of_all_since_it_began() -> None:
    """ASGD with the published t0=0 and lambd=0 (rnn/train.py)."""
    start = torch.tensor([1.0, -2.0, 3.0])
    ours, sgd, asgd = (start.clone().requires_grad_() for _ in range(3))
    optimisers: list[torch.optim.Optimizer] = [
        AveragedSGD([ours], 0.1, weight_decay=0.01),
        torch.optim.SGD([sgd], 0.1, weight_decay=0.01),
        torch.optim.ASGD([asgd], 0.1, lambd=0.0, t0=0.0, weight_decay=0.01),
    ]
    passed = []
    for step in range(8):
        if step == 3:
            optimisers[0].start_averaging()  # type: ignore[attr-defined]
        for weights, optimiser in zip((ours, sgd, asgd), optimisers, strict=True):
            optimiser.zero_grad()
            torch.autograd.backward((weights**2).sum() / 2 + weights[0] * step)
            optimiser.step()
        passed.append(ours.detach().clone())
    torch.testing.assert_close(ours, sgd)
    torch.testing.assert_close(ours, asgd)
    average = optimisers[0].average(ours)  # type: ignore[attr-defined]
    torch.testing.assert_close(average, torch.stack(passed[3:]).mean(dim=0))


def test_before_it_begins_the_average_is_the_weights_themselves() -> None:
    weights = torch.ones(2, requires_grad=True)
    optimiser = AveragedSGD([weights], 0.1, weight_decay=0.0)
    assert torch.equal(optimiser.average(weights), weights)
    assert not optimiser.averages


def test_a_loaded_state_goes_on_with_the_same_average() -> None:
    runs = []
    for cut in (False, True):
        weights = torch.ones(2, requires_grad=True)
        optimiser = AveragedSGD([weights], 0.1, weight_decay=0.0)
        for step in range(6):
            if step == 2:
                optimiser.start_averaging()
            if cut and step == 4:
                state = optimiser.state_dict()
                optimiser = AveragedSGD([weights], 0.9, weight_decay=0.0)
                optimiser.load_state_dict(state)
            optimiser.zero_grad()
            torch.autograd.backward((weights**2).sum())
            optimiser.step()
        runs.append(optimiser.average(weights).clone())
    assert torch.equal(*runs)


@pytest.mark.parametrize(
    ("losses", "switches_at"),
    [
        # ten falling losses never exceed what was six and more before them
        ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], None),
        # 7.5 is first with more than 5 before it, and 10 is all that these leave; then 8 falls out of the last five
        ([10, 8, 9, 9, 9, 9, 7.5, 8.5], 7),
        # a rise within the first six does not count
        ([1, 2, 3, 4, 5, 6], None),
        ([1, 2, 3, 4, 5, 6, 7], 6),
        # equal is not larger
        ([5, 5, 5, 5, 5, 5, 5, 5], None),
    ],
)
def test_averaging_begins_as_in_a_trace_by_hand(losses: list[float], switches_at: int | None) -> None:
    """`len(best_val_loss) > nonmono and val_loss > min(best_val_loss[:-nonmono])` (rnn/train.py), nonmono 5."""
    found = [place for place in range(len(losses)) if exceeds_all_but_last(losses[: place + 1], 5)]
    assert (found[0] if found else None) == switches_at
