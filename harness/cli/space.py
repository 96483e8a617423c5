"""``harness space``: describe, enumerate and sample a search space."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.options import json_option, print_json, read_settings, set_option
from harness.output.terminal import echo, print_page


@click.group("space")
def space_group() -> None:
    """Describe search spaces, list their cells, draw samples."""


def _space(name: str, pairs: tuple[str, ...]) -> Any:
    from harness.planning.settings import create_space

    return create_space(name, {key.removeprefix("space."): value for key, value in read_settings(pairs).items()})


@space_group.command("info")
@click.argument("name")
@click.option("--table", metavar="NAME|PATH", help="Also show the best reachable cell by this table.")
@click.option("--store", metavar="URL", help="Where --table records its look (default: sqlite:///runs/harness.db).")
@set_option
@json_option
def info(name: str, table: str | None, store: str | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Show the size, the decisions, and the share of the space that each encoding can describe.

    With --table this reads test values, which the run store records as a look at the truth.
    """
    space = _space(name, settings)
    document = _described(space) | ({} if table is None else {"best": _best(space, table, store)})
    if as_json:
        return print_json(document)
    from rich.table import Table

    rows = Table(show_header=False, box=None)
    for key, value in document.items():
        rows.add_row(key, _words(value))
    return print_page(rows)


def _described(space: Any) -> dict[str, Any]:
    """The facts about a space; ``reach`` counts the cells that each of its encodings can describe."""
    return {
        "space": space.name,
        "cells": space.size,
        "decisions": len(space.options),
        "options": list(space.options),
        "samplers": list(space.samplers),
        "reach": {name: {"cells": cells, "share": round(cells / space.size, 6)} for name, cells in space.reach.items()},
    }


def _best(space: Any, table: str, store: str | None) -> dict[str, Any]:
    """The best cell that the space's decisions describe, by the metric of a table's test data; a recorded look."""
    from backends.tabular.named_tables import open_table
    from harness.core.errors import TableError
    from harness.core.numbers import Undefined
    from harness.judging.coverage import coverage
    from harness.planning.experiment import DEFAULT_STORE
    from harness.storage.store import Store

    opened = open_table(table)
    opened.require(space)
    with Store.open(store or DEFAULT_STORE) as looks:
        best = coverage(space, opened, record=looks.record_lookup).best
    if isinstance(best, Undefined):
        raise TableError(f"table {table!r} tells nothing of space {space.name!r}: {best.reason}")
    found = best.verdict
    return {"cell": best.cell, "metric": best.metric, "value": found.value, "rank": found.rank, "of": found.size}


def _words(value: Any) -> str:
    if isinstance(value, dict) and "rank" in value:
        place = f"rank {value['rank']:,} of {value['of']:,}"
        return f"{value['cell']}\n{value['metric'].replace('_', ' ')} {value['value']:.4f}, {place}"
    if isinstance(value, dict):
        return "\n".join(f"{name}: {each['cells']:,} cells ({each['share']:.2%})" for name, each in value.items())
    if isinstance(value, list):
        return " ".join(map(_words, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


@space_group.command("enumerate")
@click.argument("name")
@click.option("--hashes", is_flag=True, help="Print the module hash before each cell (NASBench-101).")
@set_option
def enumerate_(name: str, hashes: bool, settings: tuple[str, ...]) -> None:
    """Print every cell once, one on each line."""
    import numpy as np

    from harness.core.errors import SpaceError
    from harness.core.space import Architecture

    space = _space(name, settings)
    if hashes and space.hashes(np.zeros(0, dtype=np.int64)) is None:
        raise SpaceError(f"space {name!r} has no module hashes; leave --hashes out")
    keys = space.enumerate_keys()
    for start in range(0, len(keys), 4096):
        part = keys[start : start + 4096]
        texts = (space.format(Architecture(tuple(row))) for row in space.from_keys(part).tolist())
        if hashes:
            texts = (f"{digest} {text}" for digest, text in zip(space.hashes(part), texts, strict=True))
        echo("\n".join(texts))


@space_group.command("sample")
@click.argument("name")
@click.option("--count", default=1, show_default=True, type=click.IntRange(min=1), help="How many cells to draw.")
@click.option("--seed", default=1268, show_default=True, type=click.IntRange(min=0))
@set_option
def sample(name: str, count: int, seed: int, settings: tuple[str, ...]) -> None:
    """Draw cells with the space's sampler (``--set sampler=cells|decisions|notebook``)."""
    from harness.core.random import stream

    space, rng = _space(name, settings), stream(seed, "sample")
    for _ in range(count):
        echo(space.format(space.sample(rng)))
