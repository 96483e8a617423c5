"""The request to reproduce an item: the scale, what all runs share, and the command lines that make the same runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from backends.networks.adapters import DataKind
from backends.tabular.named_tables import open_table
from harness.core.space import SearchSpace
from harness.planning.experiment import DEFAULT_STORE, SEEDS, Experiment
from harness.planning.settings import create_space
from harness.studies.scale import FAMILIES

ReproduceScale = Literal["quick", "paper"]

SCALES: Mapping[ReproduceScale, Literal["reduced", "paper"]] = {"quick": "reduced", "paper": "paper"}
"""The studies' names of the scales."""


@dataclass(frozen=True, slots=True)
class ReproduceRequest:
    """``common`` holds seeds, store, workers, devices and settings of all runs; ``table`` replaces the scale's."""

    scale: ReproduceScale
    common: Experiment
    table: str | None = None

    @property
    def seeds(self) -> int:
        """How many seeds each policy has."""
        return len(self.common.seeds)

    @property
    def fits(self) -> bool:
        """Whether the devices of the request suit the scale: the published scale needs GPUs."""
        return self.scale == "quick" or bool(self.common.gpus) or self.common.device == "cuda"

    def family(self, kind: DataKind) -> str:
        """The family of recipes that images or text are trained by at this scale."""
        return FAMILIES[kind][SCALES[self.scale]]

    def table_for(self, space: str, default: str) -> str:
        """The table that was given, if it holds cells of the space, or else the default."""
        return self.table if self.table is not None and serves(self.table, create_space(space)) else default

    def experiment(self, **fields: Any) -> Experiment:
        """An experiment with these fields; the user's settings override its settings."""
        settings = {**fields.pop("settings", {}), **self.common.settings}
        return self.common.model_copy(update={**fields, "settings": settings, "equal_cost": False})

    def command(self, *words: str) -> str:
        """A command of the harness with the flags that the runs have in common."""
        return shlex.join(["harness", *words, *self._flags()])

    def _flags(self) -> list[str]:
        common = self.common
        flags = [] if common.seeds == SEEDS else ["--seeds", _seeds(common.seeds)]
        flags += [] if common.store == DEFAULT_STORE else ["--store", common.store]
        flags += ["--device", common.device] if common.device else []
        flags += ["--gpus", ",".join(map(str, common.gpus))] if common.gpus else []
        flags += ["--no-verify"] if common.verify is False else []
        for name, value in common.settings.items():
            flags += ["--set", f"{name}={_scalar(value)}"]
        return flags


def serves(table: str, space: SearchSpace) -> bool:
    """Whether a table holds cells of a space; raises UnknownNameError or TableError if it cannot be opened."""
    return open_table(table).scheme == space.scheme


def _seeds(seeds: Sequence[int]) -> str:
    whole = seeds == tuple(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]}:{seeds[-1] + 1}" if whole else ",".join(map(str, seeds))


def _scalar(value: Any) -> str:
    """A setting's value as ``--set`` reads it."""
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("\n").removesuffix("\n...")
