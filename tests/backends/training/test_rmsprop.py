"""RMSProp against TensorFlow's kernel written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from backends.training.rmsprop import RMSProp


def tensorflow_steps(
    weight: np.ndarray, gradients: np.ndarray, rates: list[float], *, momentum: float, decay: float, epsilon: float
) -> np.ndarray:
    """ApplyRMSProp of tensorflow/core/kernels/training_ops.cc with the slots of python/training/rmsprop.py."""
    var, ms, mom = weight.copy(), np.ones_like(weight), np.zeros_like(weight)
    for grad, lr in zip(gradients, rates, strict=True):
        ms += (grad**2 - ms) * (1 - decay)
        mom = mom * momentum + lr * grad / np.sqrt(ms + epsilon)
        var -= mom
    return var


@pytest.mark.parametrize(("epsilon", "decay"), [(1.0, 0.9), (1e-10, 0.99)])
def test_steps_are_those_of_tensorflow_also_when_the_rate_changes(epsilon: float, decay: float) -> None:
    rng = np.random.default_rng(0)
    weight, gradients, rates = rng.normal(size=(3, 4)), 3 * rng.normal(size=(6, 3, 4)), [0.0, 0.2, 0.19, 0.1, 0.01, 0.0]
    parameter = nn.Parameter(torch.from_numpy(weight.copy()))
    optimiser = RMSProp([parameter], 0.1, momentum=0.9, decay=decay, epsilon=epsilon)
    for gradient, rate in zip(gradients, rates, strict=True):
        optimiser.param_groups[0]["lr"] = rate
        parameter.grad = torch.from_numpy(gradient.copy())
        optimiser.step()
    expected = tensorflow_steps(weight, gradients, rates, momentum=0.9, decay=decay, epsilon=epsilon)
    np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-12)


def test_weight_decay_is_the_gradient_of_half_the_squares() -> None:
    weights = [nn.Parameter(torch.tensor([2.0, -1.0], dtype=torch.float64)) for _ in range(2)]
    decayed, penalised = RMSProp(weights[:1], 0.1, weight_decay=0.3), RMSProp(weights[1:], 0.1)
    for _ in range(4):
        for weight, optimiser, penalty in ((weights[0], decayed, 0.0), (weights[1], penalised, 0.3)):
            optimiser.zero_grad()
            torch.autograd.backward((weight**3).sum() + penalty * (weight**2).sum() / 2)
            optimiser.step()
    torch.testing.assert_close(weights[0], weights[1], rtol=1e-12, atol=0)
    assert weights[0][0] < 2


def test_a_parameter_without_a_gradient_stays() -> None:
    used, unused = (nn.Parameter(torch.ones(2)) for _ in range(2))
    optimiser = RMSProp([used, unused], 0.1, weight_decay=0.1)
    torch.autograd.backward(used.sum())
    optimiser.step()
    assert torch.equal(unused, torch.ones(2))
    assert (used < 1).all()
