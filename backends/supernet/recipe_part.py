"""What all recipes for shared weights have in common: strict parts, settings of policies, and a digest."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
PositiveFloat = Annotated[float, Field(gt=0)]


class RecipePart(BaseModel):
    """A part of a recipe: no key is unknown, and an int is no float's stand-in except where it is exact."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RecipeDocument(RecipePart):
    """A recipe; ``search`` holds settings of the policies that it is used with, such as the number of epochs."""

    search: dict[str, Any] = Field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 of everything but ``search``: equal digests, equal trainings of the same points."""
        return hashlib.sha256(self.model_dump_json(exclude={"search"}).encode()).hexdigest()
