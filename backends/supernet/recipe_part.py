"""What all recipes for shared weights have in common: strict parts, settings of policies, and a digest."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Norm = Annotated[float, Field(gt=0)]


class Part(BaseModel):
    """A part of a recipe: no key is unknown, and an int is no float's stand-in except where it is exact."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Whole(Part):
    """A recipe; ``search`` holds settings of the policies that it is used with, such as the number of epochs."""

    search: dict[str, Any] = Field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 of everything but ``search``: equal digests, equal trainings of the same points."""
        return hashlib.sha256(self.model_dump_json(exclude={"search"}).encode()).hexdigest()
