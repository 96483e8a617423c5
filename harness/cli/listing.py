"""``harness list``: list policies, oracles, spaces, tables and runs. ``harness show``: show one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from harness.cli.options import json_option, print_json
from harness.cli.selecting import selected, store_option, where_option
from harness.output.terminal import echo, print_page


@click.group("list")
def list_group() -> None:
    """List policies, oracles, spaces, tables and stored runs."""


def print_rows(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Print rows that have the same keys, as one JSON document or as a table."""
    if as_json:
        return print_json(rows)
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in rows[0] if rows else ():
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    return print_page(table)


def _described(kind: Any) -> list[dict[str, Any]]:
    from harness.planning import registry

    return [{"name": name, "what": registry.summary(entry)} for name, entry in registry.entries(kind).items()]


@list_group.command()
@json_option
def policies(as_json: bool) -> None:
    """The search policies."""
    print_rows(_described("policy"), as_json)


@list_group.command()
@json_option
def oracles(as_json: bool) -> None:
    """The oracles, which answer a policy's queries, and the decorators that can be added to them."""
    from harness.planning import registry

    added = [{"name": f"NAME+{n}", "what": registry.summary(entry)} for n, entry in registry.DECORATORS.items()]
    print_rows([*_described("oracle"), *added], as_json)


@list_group.command()
@json_option
def spaces(as_json: bool) -> None:
    """The search spaces."""
    from harness.planning import registry
    from harness.planning.settings import create_space

    named = [(name, create_space(name)) for name in registry.entries("space")]
    print_rows([{"name": n, "cells": s.size, "decisions": len(s.options)} for n, s in named], as_json)


@list_group.command()
@json_option
def tables(as_json: bool) -> None:
    """The ground-truth tables that ship with the harness or were fetched."""
    from backends.tabular.named_tables import known_tables
    from backends.tabular.table import Table

    rows = []
    for name, path in known_tables().items():
        table = Table.open(path)
        budgets = ", ".join(map(str, table.epochs))
        rows.append(
            {"name": name, "space": table.space, "cells": len(table), "epochs": budgets, "repeats": table.repeats}
        )
    print_rows(rows, as_json)


@list_group.command()
@store_option
@where_option
@json_option
def runs(store: str | None, wheres: tuple[str, ...], as_json: bool) -> None:
    """The runs of a store, oldest first."""
    with selected(store, wheres) as (_, found):
        print_rows([_line(run) for run in found], as_json)


@click.command()
@click.argument("run_id", metavar="RUN")
@store_option
@click.option("--trials", is_flag=True, help="Also list every scored query.")
@json_option
def show(run_id: str, store: str | None, trials: bool, as_json: bool) -> None:
    """Show one run of the store: RUN is its id or the first characters of its id ('' lists all runs)."""
    from harness.planning.experiment import DEFAULT_STORE
    from harness.storage.store import Store

    with Store.read(store or DEFAULT_STORE) as opened:
        if not run_id:
            return print_rows([_line(run) for run in opened.runs()], as_json)
        document = _document(opened, run_id, trials)
    if as_json:
        return print_json(document)
    import yaml

    return echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100), nl=False)


def _line(run: Any) -> dict[str, Any]:
    spec = run.spec
    return {
        "run": run.id[:12],
        "policy": spec.policy,
        "oracle": spec.oracle,
        "space": spec.space,
        "seed": str(spec.seed),
        "status": run.status,
        "queries": run.spent.queries,
    }


def _document(store: Any, run_id: str, trials: bool) -> dict[str, Any]:
    import json
    from dataclasses import asdict

    run = store.show(run_id)
    document = asdict(run) | {"spec": json.loads(run.spec.to_json())}
    document["answers"] = {kind: asdict(count) for kind, count in store.answers(run.id).items()}
    if traceback := store.traceback(run.id):
        document["traceback"] = traceback
    document["results"] = [asdict(result) for result in store.results(run.id)]
    document["correlations"] = [asdict(ranked) for ranked in store.correlations(run.id)]
    looks = [asdict(look) for look in store.looks(run.id)]
    document["looks_at_the_truth"] = [look | {"when": look["when"].isoformat()} for look in looks]
    if trials:
        document["scored"] = [asdict(row) for row in store.trials(run.id)]
    return document
