"""Networks on the meta device: their parameters without any memory, and weights that are yet to be set."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def count_parameters(kind: type[nn.Module], *sizes: Any) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in kind(*sizes).parameters())


def allocate(kind: type[Network], *sizes: Any) -> Network:
    with torch.device("meta"):
        network = kind(*sizes)
    return network.to_empty(device="cpu")
