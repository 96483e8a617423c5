"""``harness surrogate``: fit a predictor to some cells of a space, and show how accurate it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import format_option, json_option
from harness.cli.selecting import selected, store_option, where_option
from harness.core.errors import SettingError
from harness.output.terminal import echo

if TYPE_CHECKING:
    from backends.surrogate.examples import Examples
    from harness.core.space import SearchSpace


@click.group("surrogate")
def surrogate_group() -> None:
    """Fit and describe surrogates, which predict the results of trainings."""


@surrogate_group.command()
@click.option("--table", metavar="NAME|PATH", help="Learn from this table.")
@click.option("--from-runs", is_flag=True, help="Learn from the scores of stored runs instead.")
@store_option
@where_option
@click.option("--metric", metavar="M", help="What to predict (default: validation accuracy or perplexity).")
@click.option("--epochs", type=click.IntRange(min=1), metavar="E", help="The budget (default: the full one).")
@click.option("--model", type=click.Choice(("forest", "boosting")), default="forest", show_default=True)
@click.option("--cells", type=click.IntRange(min=1), metavar="N", help="Learn from N random cells (default: all left).")
@click.option("--held-out", type=float, default=0.1, show_default=True, help="The share of cells kept for judging.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the samples and trees.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Threads to fit with.")
@click.option("--output", required=True, metavar="FILE", type=click.Path(), help="What to write (.surrogate.h5).")
@format_option
@json_option
def fit(output: str, form: str, as_json: bool, **asked: Any) -> None:
    """Fit a surrogate to a table or to stored runs, and print how good it is on cells that it did not learn from.

    `harness run --oracle surrogate --set oracle.surrogate=FILE` searches with it, on the whole space.
    """
    from backends.surrogate.files import require_name
    from harness.output.page import show
    from harness.output.progress_bar import progress_bar
    from harness.studies.surrogate.measure import FitRequest, fit_surrogate
    from harness.studies.surrogate.page import surrogate_page

    require_name(output)
    examples, space = _examples(asked)
    request = FitRequest(**{name: asked[name] for name in ("model", "cells", "held_out", "seed", "workers")})
    with progress_bar("fitting") as report:
        surrogate = fit_surrogate(examples, space, request, output, report)
    show(surrogate_page(surrogate), "json" if as_json else form)
    echo(f"wrote {output}, digest {surrogate.digest[:12]}", err=True)


def _examples(asked: dict[str, Any]) -> tuple[Examples, SearchSpace]:
    """The examples to learn from, and their space."""
    if bool(asked["table"]) == asked["from_runs"]:
        raise SettingError("give either --table NAME or --from-runs: a surrogate learns from one of them")
    if asked["from_runs"]:
        return _of_runs(asked)
    if asked["store"] or asked["wheres"]:
        raise SettingError("--store and --where choose runs to learn from: give --from-runs with them")
    from backends.surrogate.examples import examples_of_table
    from backends.tabular.named_tables import open_table
    from harness.planning.settings import create_space

    table = open_table(asked["table"])
    return examples_of_table(table, asked["metric"], asked["epochs"]), create_space(table.space)


def _of_runs(asked: dict[str, Any]) -> tuple[Examples, SearchSpace]:
    from harness.planning.settings import create_space
    from harness.studies.surrogate.examples_of_runs import examples_of_runs

    with selected(asked["store"], asked["wheres"]) as (store, runs):
        asking = [run for run in runs if run.scores]
        if not asking:
            raise SettingError(f"none of these {len(runs)} runs asked for a score, so there is nothing to learn from")
        space = create_space(asking[0].spec.space)
        metric = asked["metric"] or "validation_accuracy"
        return examples_of_runs(store, asking, space, metric, asked["epochs"]), space


@surrogate_group.command()
@click.argument("surrogate", metavar="FILE", type=click.Path())
@format_option
@json_option
def info(surrogate: str, form: str, as_json: bool) -> None:
    """Show what the surrogate in FILE predicts, what it learnt from, and how accurate it is on held-out cells."""
    from backends.surrogate.files import Surrogate
    from harness.output.page import show
    from harness.studies.surrogate.page import surrogate_page

    show(surrogate_page(Surrogate.open(surrogate)), "json" if as_json else form)
