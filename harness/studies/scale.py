"""The scales at which a study trains: the families of recipes, and the tables of the same data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from backends.networks.adapters import DataKind
from backends.tabular.named_tables import known_tables
from harness.core.errors import SettingError, TableError
from harness.planning import registry, settings
from harness.planning.settings import create_space
from harness.studies.sharing_amount.cells import kind_of

Scale = Literal["reduced", "paper"]

FAMILIES: Mapping[DataKind, Mapping[Scale, str]] = {
    "images": {"reduced": "digits", "paper": "cifar10"},
    "text": {"reduced": "austen", "paper": "ptb"},
}
"""The family of recipes for each kind of data and scale."""

TABLES: Mapping[tuple[str, str], str] = {
    **{(f"nasbench101-v{n}", "digits"): "nasbench101-v5-digits" for n in range(2, 6)},
    **{(f"nasbench101-v{n}", "cifar10"): "nasbench101" for n in range(2, 7)},
    ("nasbench101", "cifar10"): "nasbench101",
    ("rnn2", "austen"): "rnn2-austen",
    ("rnn2", "ptb"): "rnn2-ptb",
    ("rnn2", "ptb-small"): "rnn2-ptb",
}
"""The table of the same data for each space and family of recipes."""

TRUTHS: Mapping[tuple[DataKind, Scale], tuple[str, str | None]] = {
    ("images", "reduced"): ("nasbench101-v5-digits", None),
    ("images", "paper"): ("nasbench101-cifar10", "nasbench101"),
    ("text", "reduced"): ("rnn2-austen", None),
    ("text", "paper"): ("rnn-ptb", None),
}
"""For each kind of data and scale: the recipe that trains a cell alone for its truth, and a table of truths if any."""


@dataclass(frozen=True, slots=True)
class ScaleSettings:
    """The settings that choose a family of recipes, and its table; ``None``: any table that covers the space."""

    settings: dict[str, Any]
    table: str | None


@dataclass(frozen=True, slots=True)
class ScaleTruthSettings(ScaleSettings):
    """Also the stand-alone recipe that makes the truth if ``table`` is ``None``."""

    recipe: str


def settings_at_scale(space: str, oracle: str, family: str | None, scale: Scale) -> ScaleSettings:
    """The settings and table for a study of a space, by ``family`` or else by the family of the scale."""
    kind = kind_of(create_space(space))
    chosen = _family(kind, oracle, family, scale)
    return ScaleSettings(chosen, TABLES.get((space, chosen.get("oracle.recipe", "").partition("/")[0])))


def truth_at_scale(kind: DataKind, oracle: str, family: str | None, scale: Scale) -> ScaleTruthSettings:
    """The settings of the family, or else of the scale's, and the truth of the scale."""
    recipe, table = TRUTHS[kind, scale]
    return ScaleTruthSettings(_family(kind, oracle, family, scale), table, recipe)


def _family(kind: DataKind, oracle: str, family: str | None, scale: Scale) -> dict[str, Any]:
    """The setting that chooses a family; empty for an oracle without recipes."""
    if "recipe" in settings.defaults(registry.load("oracle", oracle)):
        return {"oracle.recipe": family or FAMILIES[kind][scale]}
    if family is not None:
        raise SettingError(f"--recipe {family!r} has no use for oracle {oracle}, which has no recipes")
    return {}


def table_here(settings_at_scale: ScaleSettings) -> str | None:
    """The table of a scale; raises TableError if it was not fetched yet."""
    if settings_at_scale.table is not None and settings_at_scale.table not in known_tables():
        raise TableError(
            f"the truth of this scale is table {settings_at_scale.table!r}, which is not here; `harness table fetch "
            f"{settings_at_scale.table}` gets it, or give another with --table"
        )
    return settings_at_scale.table


def epochs_of(text: str | None) -> tuple[int, ...] | None:
    """Epochs from ``0,5,10``; raises SettingError for anything else."""
    if text is None:
        return None
    try:
        epochs = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise SettingError(
            f"--score-epochs {text!r} must be whole numbers with commas between, such as 0,5,10"
        ) from error
    if min(epochs) < 0:
        raise SettingError(f"--score-epochs {text!r}: an epoch cannot be negative; 0 is before the training")
    return epochs
