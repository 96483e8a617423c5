"""The adapter of recurrent cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backends.networks.adapters import TextAdapter
from harness.spaces.rnn_cell import RNNCell

if TYPE_CHECKING:
    import torch

    from backends.networks.recurrent_points import RecurrentCells, SharedModelSettings


class RecurrentAdapter(TextAdapter[RNNCell]):
    """See `backends.networks.rnn_cell` and `backends.networks.recurrent_supernet`."""

    def shared(
        self, space: RNNCell, network: SharedModelSettings, words: int, *, seed: int, device: torch.device
    ) -> RecurrentCells:
        """A supernet as in ENAS and NAO, or as in DARTS, depending on the settings."""
        from backends.networks.recurrent_points import RecurrentCells

        return RecurrentCells(space, network, words, seed=seed, device=device)


ADAPTER = RecurrentAdapter()
