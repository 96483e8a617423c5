"""``harness table``: build, import, fetch, describe and check ground-truth tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.listing import tables
from harness.cli.options import json_option, print_json, read_settings, set_option
from harness.output.progress_bar import progress_bar
from harness.output.terminal import echo, print_page


@click.group("table")
def table_group() -> None:
    """Build, import, fetch and check ground-truth tables."""


table_group.add_command(tables, "list")


@table_group.command("import")
@click.argument("form", metavar="FORMAT")
@click.argument("source", type=click.Path())
@click.option("--space", required=True, metavar="NAME", help="The space of the cells.")
@click.option("--output", required=True, metavar="FILE", type=click.Path(), help="The table file to write (.h5).")
@click.option("--mean-of", type=click.IntRange(min=1), metavar="N", help="csv: each row is the mean of N repeats.")
@set_option
def import_(form: str, source: str, space: str, output: str, mean_of: int | None, settings: tuple[str, ...]) -> None:
    """Import a table from nasbench-tfrecord, nasbench-hdf5, nasbench201, csv (also Parquet) or journal.

    nasbench201 takes --set dataset=cifar10-valid|cifar10|cifar100|ImageNet16-120 (default: the first), and
    --set epochs=12|200 for trainings of one length alone.
    """
    from backends.tabular.importers import import_table
    from harness.planning.settings import create_space

    options = read_settings(settings) | ({} if mean_of is None else {"mean_of": mean_of})
    with progress_bar(f"importing {Path(source).name}") as report:
        import_table(form, source, create_space(space), output, report, **options)
    _print_written(output)


@table_group.command()
@click.argument("name")
def fetch(name: str) -> None:
    """Download a published data set, check its SHA-256, and import it: nasbench101 or nasbench101-full."""
    from backends.tabular import fetch as fetching
    from harness.planning.settings import create_space

    with progress_bar(f"downloading {name}") as downloaded, progress_bar(f"importing {name}") as imported:
        path = fetching.fetch(name, create_space("nasbench101"), on_download=downloaded, on_import=imported)
    _print_written(path)


@table_group.command()
@click.argument("recipe", type=click.Path())
@click.option("--space", default="nasbench101-v5", show_default=True, metavar="NAME", help="The space to train.")
@click.option("--output", required=True, metavar="FILE", type=click.Path(), help="The table file to write (.h5).")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Trainings at a time (default: one per core).")
def build(recipe: str, space: str, output: str, workers: int | None) -> None:
    """Train every cell of a space by a RECIPE (YAML) into a table.

    Finished trainings are kept in OUTPUT.journal: the same command continues a killed build where it stopped.
    """
    from backends.tabular.importers import import_table
    from harness.execution.building import build_journal, recipe_of, training_jobs
    from harness.execution.executor import Workers
    from harness.planning.settings import create_space

    whole, journal = create_space(space), Path(f"{output}.journal")
    with progress_bar("training") as report:
        how = recipe_of(whole, recipe)
        jobs = training_jobs(whole, whole.enumerate_keys(), how)
        build_journal(whole.name, jobs, how, journal, workers=Workers.of(workers), on_progress=report)
    import_table("journal", journal, whole, output)
    _print_written(output)


def _print_written(path: str | Path) -> None:
    from backends.tabular.table import Table

    table = Table.open(path)
    echo(f"wrote {path}: {len(table):,} cells of space {table.space}, digest {table.digest[:12]}", err=True)


@table_group.command()
@click.argument("table")
@json_option
def info(table: str, as_json: bool) -> None:
    """Show what TABLE (a name or file) holds: rows, metrics, budgets, repeats, origin, and how well it separates cells.

    The figures are at the full budget: std over the cells' means, std over a cell's repeats, the standard error of a
    cell's mean (both root mean squares over the cells), and the separation, the first std divided by that error; then
    that of the best 100 cells alone, and how many cells the repeats cannot tell from the best one.
    """
    from backends.tabular.named_tables import open_table
    from backends.tabular.verify import info as describe
    from backends.tabular.verify import noise_of
    from harness.core.numbers import Undefined
    from harness.output.truth_noise import noise_sentence

    opened = open_table(table)
    document = describe(opened)
    if as_json:
        return print_json(document)
    found = {metric: noise_of(opened, metric) for metric in opened.metrics}
    sentences = [f"{m}: {noise_sentence(n, m)}" for m, n in found.items() if not isinstance(n, Undefined)]
    return _print_info(document, sentences)


FIGURE_HEADS = (
    "metric at the\nfull budget",
    "cells",
    "mean",
    "std",
    "best",
    "std of\nrepeats",
    "standard\nerror",
    "std /\nerror",
    "of the\nbest 100",
    "diverged",
)
"""Heads: the metric, each of backends.tabular.verify.FIGURES, ``top_separation``, and the trainings that diverged."""

NOT_SHOWN = ("cells", "alike", "cross_fitted_best", "optimism")


def _print_info(document: dict[str, Any], sentences: list[str]) -> None:
    from rich.table import Table

    from backends.tabular.layout import spans

    origin = Table(show_header=False, box=None, pad_edge=False)
    for name, value in document.items():
        if name not in ("figures", "diverged", "halfway_metrics"):
            origin.add_row(name, spans(value) if name == "epochs" else _words(value))
    figures = Table(*FIGURE_HEADS, box=None, pad_edge=False)
    for metric, figure in document["figures"].items():
        numbers = [
            f"{value:.5g}" if value is not None else "–" for name, value in figure.items() if name not in NOT_SHOWN
        ]
        figures.add_row(metric, f"{figure['cells']:,}", *numbers, str(document["diverged"][metric]))
    print_page(origin, "", figures, *sentences)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(each)}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@table_group.command()
@click.argument("table")
@json_option
def verify(table: str, as_json: bool) -> int:
    """Check TABLE: digest, units, missing repeats, times, leaks, keys, hashes; status 1 if anything is found."""
    from backends.tabular.named_tables import table_path
    from backends.tabular.table import Table
    from backends.tabular.verify import verify as findings_of
    from harness.planning.settings import create_space

    opened = Table.open(table_path(table))
    findings = findings_of(opened, create_space(opened.space))
    if as_json:
        print_json({"table": opened.name, "findings": findings})
    else:
        echo("\n".join(findings) or f"{opened.name}: nothing found wrong")
    return 1 if findings else 0
