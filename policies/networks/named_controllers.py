"""Builds ENAS' controllers by name, and names the published one for a space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from harness.core.errors import SettingError
from harness.core.space import SearchSpace
from policies.networks.cell_controllers import (
    CONVOLUTIONS,
    CellController,
    ConvolutionalController,
    RecurrentController,
    has_cell_decisions,
)
from policies.networks.controller import Controller

ControllerName = Literal["convolutional", "recurrent", "decisions"]


def controller_for(space: SearchSpace) -> ControllerName:
    """The name of the published controller for a space's decisions, or of ours where there is none."""
    if not has_cell_decisions(space):
        return "decisions"
    return "recurrent" if space.family == "rnn" else "convolutional"


def build_controller(
    name: ControllerName, space: SearchSpace, rng: np.random.Generator, sizes: Mapping[str, Any], reduction: float
) -> CellController | Controller:
    """The controller of a name for a space; raises SettingError where the space's decisions do not fit."""
    if name == "decisions":
        return Controller(space.options, rng, **sizes)
    if not has_cell_decisions(space):
        raise SettingError(
            f"setting 'controller' cannot be {name!r} in space {space.name!r} with encoding {space.encoding!r}: it "
            f"needs one predecessor and one operation for each node; use 'auto' or 'decisions'"
        )
    if name == "recurrent":
        return RecurrentController(space.options, rng, **sizes)
    biased = CONVOLUTIONS if space.family == "nasbench101" else 0
    return ConvolutionalController(space.options, rng, **sizes, reduction=reduction, biased=biased)
