"""Converts PyTorch state trees to plain values and NumPy arrays, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def to_arrays(tree: Any) -> Any:
    """Copy a tree; tensors become arrays, and integer keys (an optimiser's parameters) become text."""
    if isinstance(tree, torch.Tensor):
        return tree.detach().numpy().copy()
    if isinstance(tree, dict):
        return {str(key): to_arrays(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [to_arrays(value) for value in tree]
    return tree


def to_tensors(tree: Any) -> Any:
    """The inverse of ``to_arrays``."""
    if isinstance(tree, np.ndarray):
        return torch.from_numpy(tree.copy())
    if isinstance(tree, dict):
        return {int(key) if key.isdecimal() else key: to_tensors(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [to_tensors(value) for value in tree]
    return tree
