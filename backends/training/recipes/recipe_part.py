"""The common parts of recipes: keys that are checked when they are read, and a digest that identifies a training."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from typing import Annotated, Any, Literal, TypeVar, cast, dataclass_transform

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from backends.networks.dropouts import Dropouts

Keys = TypeVar("Keys")


def _no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("expected a number")
    return value


NUMBER = BeforeValidator(_no_flag)
"""Refuses true and false, which Python counts as 1 and 0."""

LARGEST = 2**31 - 1
"""The largest whole number of a recipe."""

NonNegativeInt = Annotated[int, Field(ge=0, le=LARGEST), NUMBER]
PositiveInt = Annotated[int, Field(gt=0, le=LARGEST), NUMBER]
NonNegativeFloat = Annotated[float, Field(ge=0), NUMBER]
PositiveFloat = Annotated[float, Field(gt=0), NUMBER]
AnyPositive = Annotated[float, Field(gt=0, allow_inf_nan=True), NUMBER]
"""More than 0, infinity included."""
Fraction = Annotated[float, Field(ge=0, lt=1), NUMBER]
Share = Annotated[float, Field(ge=0, le=1), NUMBER]


@dataclass_transform(kw_only_default=True, frozen_default=True)
def recipe_part(keys: type[Keys]) -> type[Keys]:
    """Make a class of keys a frozen dataclass that checks the values and refuses unknown keys."""
    config = ConfigDict(extra="forbid", allow_inf_nan=False)
    return cast(type[Keys], dataclass(frozen=True, slots=True, kw_only=True, config=config)(keys))


class StandaloneRecipe:
    """A recipe of stand-alone training."""

    __slots__ = ()

    def document(self) -> dict[str, Any]:
        """The keys and values that differ from their defaults: equal documents, equal trainings."""
        document: dict[str, Any] = TypeAdapter(type(self)).dump_python(self, exclude_defaults=True)
        return document

    def digest(self) -> str:
        """SHA-256 of the document as canonical JSON: equal digests, equal trainings (on the same library versions)."""
        return hashlib.sha256(json.dumps(self.document(), sort_keys=True).encode()).hexdigest()


@recipe_part
class SharedRecipe:
    """A recipe of shared weights; ``search`` holds settings for the policies that use it, such as epochs."""

    search: dict[str, Any] = Field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 of everything but ``search``: equal digests, equal trainings of the same points."""
        return hashlib.sha256(TypeAdapter(type(self)).dump_json(self, exclude={"search"})).hexdigest()


class DropoutKeys:
    """A recipe, or a part of one, with a key ``dropout_NAME`` for each field of ``Dropouts``."""

    __slots__ = ()

    @property
    def dropouts(self) -> Dropouts:
        """The dropout probabilities in training."""
        return Dropouts(**{name: getattr(self, f"dropout_{name}") for name in Dropouts.__slots__})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerSettings:
    """Settings of the optimiser; ``clip`` is the largest norm of gradients, ``virtual_clip`` that in a virtual step."""

    optimiser: Literal["sgd", "adam"] = "sgd"
    momentum: float = 0.0
    weight_decay: float
    clip: float
    virtual_clip: float = math.inf
