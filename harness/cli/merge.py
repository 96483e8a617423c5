"""``harness merge``: copy the runs of several stores into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option, print_json
from harness.output.terminal import echo

if TYPE_CHECKING:
    from harness.storage.merging import MergeResult


@click.command()
@click.argument("target", metavar="TARGET")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@json_option
def merge(target: str, sources: tuple[str, ...], as_json: bool) -> int:
    """Copy the runs of every SOURCE into TARGET, with their trials, judgements and looks at the truth.

    Each is a store, by URL or SQLite file. TARGET is created if it does not exist; sources are not changed. A run that
    both have is copied if the source is further with it. If both finished it with different recommendations, the target
    keeps its own, the conflict is printed, and the exit status is 1. Each source is merged as a whole or not at all;
    merging it again adds nothing. The journals that `harness run --judge` writes next to a store are not copied.
    """
    from harness.leaderboard.compared_boards import url_of
    from harness.output.progress_bar import progress_bar
    from harness.storage.merging import merge as merge_one

    found: dict[str, MergeResult] = {}
    for source in sources:
        with progress_bar(f"merging {source}") as report:
            found[source] = merge_one(url_of(target), url_of(source), report)
        if not as_json:
            _print_counts(source, found[source])
    if as_json:
        from dataclasses import asdict

        print_json({source: asdict(merged) for source, merged in found.items()})
    return 1 if any(merged.conflicts for merged in found.values()) else 0


def _print_counts(source: str, merged: MergeResult) -> None:
    counts = f"{len(merged.added)} runs added, {len(merged.replaced)} brought further, {len(merged.known)} known"
    echo(f"{source}: {counts}, {len(merged.conflicts)} in conflict; {merged.looks} looks added")
    for conflict in merged.conflicts:
        echo(
            f"conflict: run {conflict.run[:12]} ({conflict.policy}, seed {conflict.seed}) recommends "
            f"{conflict.source!r} there and {conflict.target!r} in the target, which stays: the seed decides neither",
            err=True,
        )
