"""Which accelerators there are."""

from __future__ import annotations

import torch


def gpu_count() -> int:
    """How many GPUs torch can use."""
    return torch.cuda.device_count()
