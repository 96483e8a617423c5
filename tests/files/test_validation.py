"""What is wrong with the content of a file, in one line, for models and for dataclasses alike."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field
from pydantic.dataclasses import dataclass

from harness.core.errors import SettingError
from harness.files.validation import validated


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    width: Annotated[int, Field(gt=0)]
    depth: int = 1


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")

    part: Part
    rate: float = 0.1


@dataclass(config=ConfigDict(extra="forbid"), kw_only=True)
class PartKeys:
    width: Annotated[int, Field(gt=0)]
    depth: int = 1


@dataclass(config=ConfigDict(extra="forbid"), kw_only=True)
class Keys:
    part: PartKeys
    rate: float = 0.1


@pytest.mark.parametrize("model", [Model, Keys])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"part": {"width": 0}}, "mine: part.width cannot be 0: Input should be greater than 0"),
        ({"part": {"widht": 4}}, "mine: unknown key 'part.widht'; did you mean 'width'?"),
        ({"part": {"width": 4}, "zzz": 1}, "mine: unknown key 'zzz'; known: part, rate"),
        ({"part": {"depth": 2}}, "mine: key 'part.width' is missing"),
        ({"rate": 1}, "mine: key 'part' is missing"),
    ],
)
def test_the_first_problem_names_source_key_value_and_what_was_expected(
    model: type[Any], content: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingError) as caught:
        validated(model, content, "mine")
    assert str(caught.value) == told


@pytest.mark.parametrize("model", [Model, Keys])
def test_what_is_sound_becomes_the_model(model: type[Any]) -> None:
    found = validated(model, {"part": {"width": 4}, "rate": 1}, "mine")
    assert (found.part.width, found.part.depth, found.rate) == (4, 1, 1.0)
