"""The experiment to run: an experiment file (YAML), overridden by the command line's flags, checked as one record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from harness.core.budget import Budget
from harness.core.errors import SettingError
from harness.core.runspec import flatten
from harness.files.validation import validated
from harness.files.yaml_text import read_yaml_keys

SEEDS = tuple(range(1268, 1278))
"""The ten seeds of Yu et al. 2020, Sec. 4.1."""

DEFAULT_STORE = "sqlite:///runs/harness.db"

BY_TABLE = "table"
"""The judge that looks recommendations up in a table; any other value is a recipe's name or path, to train them by."""


MOST_SEEDS = 10_000
"""The most seeds of one experiment."""

LARGEST_SEED = 2**63 - 1

MOST_QUERIES = 2**53
"""The largest budget of queries, up to which floats count exactly."""

WHOLE = re.compile(r"\s*[0-9]{1,19}\s*")


def parse_seeds(value: Any) -> tuple[int, ...]:
    """Seeds from ``a:b`` (b excluded), ``a,b,c``, a number or a list; raises ValueError for none or a repeated seed."""
    if isinstance(value, str):
        first, colon, last = value.partition(":")
        value = _range(first, last) if colon else [_whole(part) for part in value.split(",") if part.strip()]
    seeds = tuple(value) if isinstance(value, range | list | tuple) else (value,)
    if not seeds:
        raise ValueError("no seeds; expected for example 1268:1278 or 1,2,3")
    if len(seeds) > MOST_SEEDS:
        raise ValueError(f"more than {MOST_SEEDS:,} seeds; give fewer at a time")
    if not all(type(seed) is int and 0 <= seed <= LARGEST_SEED for seed in seeds):
        raise ValueError("seeds are whole numbers from 0 up, for example 1268:1278 or 1,2,3")
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed stands twice; each runs once")
    return seeds


def _range(first: str, last: str) -> range:
    seeds = range(_whole(first), _whole(last))
    if seeds.stop - seeds.start > MOST_SEEDS:
        raise ValueError(f"{seeds.stop - seeds.start:,} seeds; give {MOST_SEEDS:,} at most")
    return seeds


def _whole(text: str) -> int:
    if not WHOLE.fullmatch(text):
        raise ValueError("seeds are whole numbers from 0 up, for example 1268:1278 or 1,2,3")
    return int(text)


def parse_gpus(value: Any) -> tuple[int, ...]:
    """GPU numbers from ``0,1``, a number or a list; raises ValueError for a repeated one."""
    if isinstance(value, str):
        value = [int(part) if WHOLE.fullmatch(part) else -1 for part in value.split(",")]
    gpus = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not all(type(gpu) is int and gpu >= 0 for gpu in gpus) or len(set(gpus)) < len(gpus):
        raise ValueError("GPUs are different whole numbers from 0 up, for example 0,1")
    return gpus


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class BudgetFields(BaseModel):
    """The budget of each run."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    queries: int | None = Field(default=None, gt=0, le=MOST_QUERIES)
    epochs: float | None = Field(default=None, gt=0)
    seconds: float | None = Field(default=None, gt=0)

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self != BudgetFields()

    def budget(self) -> Budget:
        """The budget as the driver takes it."""
        return Budget(self.queries, self.epochs, self.seconds)


class Experiment(BaseModel):
    """One comparison of policies against one or more oracles; every field has a default that runs on a laptop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policies: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    oracles: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = Field(default=("tabular",), min_length=1)
    """In a file also ``oracle: tabular``."""
    space: str | None = None
    table: str | None = None
    seeds: Annotated[tuple[int, ...], BeforeValidator(parse_seeds)] = SEEDS
    budget: BudgetFields = BudgetFields()
    workers: int | None = Field(default=None, gt=0)
    device: Literal["auto", "cpu", "cuda"] | None = None
    gpus: Annotated[tuple[int, ...], BeforeValidator(parse_gpus)] = ()
    """The GPUs that the worker processes are spread over; then every oracle that has a device trains on ``cuda``."""
    verify: bool | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    """Dotted names to values: ``space.encoding``, ``policy.x`` and ``oracle.x`` (all of the experiment), ``nao.x``."""
    search_metric: str | None = None
    judge: str = BY_TABLE
    equal_cost: bool = True
    """Whether random search is run as well, at the same cost as the policies that a table answers."""
    margin: float | None = Field(default=None, gt=0)
    """The difference that counts as none: points of an accuracy, or per cent of a perplexity."""
    store: str = DEFAULT_STORE

    @model_validator(mode="after")
    def _one_device(self) -> Self:
        if self.gpus and self.device == "cpu":
            raise ValueError("the runs go to GPUs, but the device is 'cpu'; leave one of the two out")
        return self


def load_experiment(path: str | None, overrides: Mapping[str, Any]) -> Experiment:
    """Read an experiment file, if there is one, and override it with the command line's values.

    Raises SettingError, which names the file and the wrong key.
    """
    source = f"experiment file {path!r}" if path else "the command line"
    fields = _read(path, source) if path else {}
    if "oracles" not in fields and "oracle" in fields:
        fields["oracles"] = fields.pop("oracle")
    settings = flatten(fields.get("settings") or {}) | overrides.get("settings", {})
    budget = {**(fields.get("budget") or {}), **overrides.get("budget", {})}
    return validated(Experiment, {**fields, **overrides, "settings": settings, "budget": budget}, source)


def _read(path: str, source: str) -> dict[str, Any]:
    fields = read_yaml_keys(path, source, "oracle: tabular")
    for key in ("settings", "budget"):
        if not isinstance(fields.get(key) or {}, dict):
            raise SettingError(f"{source}: key {key!r} must hold keys and values")
    return fields
