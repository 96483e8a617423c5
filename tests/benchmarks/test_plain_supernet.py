"""The network and the loop that the supernet is measured against do the same work."""

from __future__ import annotations

import pytest
import torch

from benchmarks.plain_supernet import PlainLoop, plain_copy
from harness.core.random import stream
from harness.spaces.nasbench101_keys import matrix_of_key
from tests.backends.supernet.tiny import TINY, Tiny


def test_the_plain_loop_has_the_losses_and_the_recalibrated_scores_of_the_supernet() -> None:
    tiny, rng = Tiny(), stream(1, "cells")
    network = plain_copy(tiny.cells.module, torch.device("cpu")).double()
    for weight in network.parameters():
        weight.grad = torch.zeros_like(weight)  # a weight that no step has used yet decays too
    loop = PlainLoop(network, tiny.data, TINY, torch.Generator().manual_seed(0))
    for step in range(8):
        architecture = tiny.space.canonical(tiny.space.sample(rng))
        path, cell = tiny.cells.discrete(architecture), matrix_of_key(tiny.space.key(architecture))
        loop.sgd.param_groups[0]["lr"] = tiny.weights.rate
        loss = loop.step(*tiny.batches.training(step), cell)
        assert tiny.weights.update([path]).item() == pytest.approx(loss.item(), rel=1e-9)
        loop.recalibrate(cell)
        assert tiny.weights.score(path).item() == loop.accuracy(cell)


def test_every_epoch_of_the_plain_loop_sees_every_image_once() -> None:
    tiny = Tiny()
    loop = PlainLoop(plain_copy(tiny.cells.module, torch.device("cpu")), tiny.data, TINY, torch.Generator())
    batches = [next(loop.training)[0] for _ in range(TINY.data.train_images // TINY.training.batch_size + 1)]
    seen, stored = (torch.unique(images, dim=0) for images in (torch.cat(batches), tiny.data.train.images))
    assert torch.equal(seen, stored)
