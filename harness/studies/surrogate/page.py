"""The page of a surrogate: its origin, its accuracy on held-out cells, and notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from backends.surrogate.files import REFIT_HINT, Surrogate, SurrogateFacts
from harness.core.errors import TableError
from harness.core.measures import ACCURACY
from harness.output.page import Page, TextTable
from harness.output.units import fixed, text
from harness.studies.surrogate.measure import LEVELS, reasons_of

COMPARED = ("tau", "sparse_tau", "r2", "rmse")

MEANING = (
    "On cells that it did not learn from. Tau: Kendall's tau-b of predicted and recorded means; sparse: both to "
    "3 decimals. Inside: the share of single recorded values inside of the predicted central interval of that level. "
    "Calibration error: how far the shares below predicted quantiles are from their levels, mean over 5 to 95 %."
)
LUCK = (
    "Each cell has one value, so that luck cannot be told from what the surrogate is unsure of: repeat=sample draws "
    "both at once, and repeat=retrain draws the same again."
)
SEARCHED = (
    "The cells are those that policies asked for, and so are the held-out ones: on a uniform sample of the space it "
    "may do worse."
)
UNTIMED = "The trainings' seconds are not known: a Score costs none."
SEEN = "It predicts {metric}: a search sees it by --search-metric {split} alone, and is then judged by what it saw."


def surrogate_page(surrogate: Surrogate) -> Page:
    """The page of a surrogate; its content has all facts of the file in full precision."""
    facts = surrogate.facts
    title = f"Surrogate of {facts.metric.replace('_', ' ')} at {facts.epochs} epochs; space {facts.space}"
    content = {**asdict(facts), "path": str(surrogate.path), "digest": surrogate.digest}
    content |= {"noise": surrogate.model.noise is not None, "seconds": surrogate.model.seconds is not None}
    try:
        return Page(title, (_origin(surrogate), _held_out(facts)), tuple(_notes(surrogate)), content)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        name = repr(str(surrogate.path))
        raise TableError(f"surrogate {name}: its figures on held-out cells are none; {REFIT_HINT}") from error


def _origin(surrogate: Surrogate) -> TextTable:
    facts, source = surrogate.facts, surrogate.facts.source
    heads = ("model", "learnt from", "cells", "repeats", "cells of\nthe space", "seed", "digest")
    name = f"{source.kind} {source.name}" if source.kind == "table" else source.name
    cells = (f"{facts.cells:,}", f"{facts.repeats}", f"{facts.space_size:,}", f"{facts.seed}")
    return TextTable("What it is", heads, ((facts.model, name, *cells, surrogate.digest[:12]),))


def _held_out(facts: SurrogateFacts) -> TextTable:
    held, accuracy = facts.held_out, facts.measure == ACCURACY
    error = ("RMSE\npoints", 2, 100.0) if accuracy else ("RMSE of\nthe log", 3, 1.0)
    inside = [f"inside\n{level} %" for level in LEVELS]
    heads = ("held-out\ncells", "Kendall's\ntau", "sparse\ntau", "R2", error[0], *inside, "calibration\nerror")
    figures = (text(fixed(held[name], 3)) for name in ("tau", "sparse_tau", "r2"))
    shares = (text(fixed(held["inside"][str(level)], 1, 100.0)) for level in LEVELS)
    errors = text(fixed(held["rmse"], *error[1:])), text(fixed(held["calibration_error"], 3))
    row = (f"{held['cells']:,}", *figures, errors[0], *shares, errors[1])
    return TextTable("How good it is", heads, (row,))


def _notes(surrogate: Surrogate) -> Iterator[str]:
    facts, model = surrogate.facts, surrogate.model
    yield MEANING
    yield from (f"–: {reason}." for reason in reasons_of(facts.held_out, COMPARED))
    if facts.source.kind == "runs":
        yield SEARCHED
    if facts.split != "validation":
        yield SEEN.format(metric=facts.metric.replace("_", " "), split=facts.split)
    if model.noise is None:
        yield LUCK
    if model.seconds is None:
        yield UNTIMED
    if facts.source.left_out:
        yield f"{facts.source.left_out:,} cells without a value were left out: a surrogate never fails."
