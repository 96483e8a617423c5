"""How shared weights move, whatever they are trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerSettings:
    """How weights move: gradients have the norm ``clip`` at most, and ``virtual_clip`` in a virtual step."""

    optimiser: Literal["sgd", "adam"] = "sgd"
    momentum: float = 0.0
    weight_decay: float
    clip: float
    virtual_clip: float = math.inf
