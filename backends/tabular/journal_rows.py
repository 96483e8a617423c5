"""The two forms of a journal's rows: the result of a training at one budget, and its whole course.

The keys tell which training a row is; a journal is read by them alone, since its other content is its trainer's.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backends.tabular.import_rows import LONGEST_TEXT, MOST_PARAMETERS
from backends.tabular.training_arrays import MOST_EPOCHS, MOST_TRAININGS

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Epochs = Annotated[int, Field(ge=1, le=MOST_EPOCHS)]
Repeat = Annotated[int, Field(ge=0, lt=MOST_TRAININGS)]
Parameters = Annotated[int, Field(ge=0, le=MOST_PARAMETERS)]
Curve = Annotated[list[float | None], Field(max_length=MOST_EPOCHS)]


class _Row(BaseModel):
    model_config = ConfigDict(strict=True)


class Moment(_Row):
    """What was measured at one moment; accuracies of a training that diverged may be NaN."""

    seconds: float
    train_accuracy: float
    validation_accuracy: float
    test_accuracy: float


class ResultKeys(_Row):
    """Which training at which budget."""

    adjacency: Text
    operations: Annotated[list[Annotated[int, Field(ge=0, le=1000)]], Field(max_length=1000)]
    epochs: Epochs
    repeat: Repeat


class ResultRow(ResultKeys):
    """The result of one training at one budget."""

    half: Moment
    final: Moment
    diverged: bool = False
    parameters: Parameters


class CurveKeys(_Row):
    """Which training, and its epochs."""

    architecture: Text
    epochs: Annotated[list[Epochs], Field(max_length=MOST_EPOCHS)]
    repeat: Repeat


class CurveRow(CurveKeys):
    """The course of one training: what was measured after each of its epochs."""

    validation_perplexity: Curve
    test_perplexity: Curve
    seconds: Annotated[list[float], Field(max_length=MOST_EPOCHS)]
    diverged: bool = False
    parameters: Parameters

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if {len(self.validation_perplexity), len(self.test_perplexity), len(self.seconds)} != {len(self.epochs)}:
            raise ValueError("epochs, perplexities and seconds have different lengths")
        return self
