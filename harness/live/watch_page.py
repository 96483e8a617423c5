"""The output of ``harness watch``: tables on a terminal, lines elsewhere, or one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from harness.live.forecast import MOST_NAMED, duration_text, queries_text
from harness.live.scores import best_head, best_in_words, meaning, natural_value, text
from harness.live.watch import RunCounts, StoreSnapshot, WatchedRun

if TYPE_CHECKING:
    from rich.console import Group as Parts

HEADS = ("policy", "oracle", "space", "finished", "failed", "going", "waiting")
NOTE = (
    "waiting: begun, but no answer is stored yet. Training: what answers were charged; a table charges the times that "
    "it recorded, a live oracle those that it took."
)


def terminal(snapshot: StoreSnapshot, at: datetime) -> Parts:
    """The snapshot for rich: the counts of every policy and oracle, and a line for each run in progress."""
    from rich.console import Group as Parts
    from rich.text import Text

    from harness.output.text_tables import rich_table

    title = f"run store {snapshot.store} at {at:%H:%M:%S}"
    parts: list[Any] = [rich_table(title, HEADS, list(map(_counts, snapshot.groups)), names=(0, 1, 2))]
    if snapshot.going:
        rows = list(map(_row, snapshot.going))
        parts += [Text(""), rich_table("Runs in progress", _run_heads(snapshot.going), rows, names=(0, 1, 2))]
    return Parts(*parts, Text(NOTE, style="dim"))


def _counts(group: RunCounts) -> Sequence[str]:
    counts = (group.finished, group.failed, group.going, group.waiting)
    return group.policy, group.oracle, group.space, *(f"{count:,}" for count in counts)


def _run_heads(runs: Sequence[WatchedRun]) -> Sequence[str]:
    best = best_head(seen.best for seen in runs)
    return "run", "policy", "oracle", "seed", "trials", "queries", best, "training", "last commit\nseen"


def _row(seen: WatchedRun) -> Sequence[str]:
    spec = seen.spec
    progress = (f"{seen.trials:,}", queries(seen), best(seen), duration_text(seen.spent.seconds), _silence(seen))
    return seen.run[:12], spec.policy, spec.oracle, str(spec.seed), *progress


def queries(seen: WatchedRun) -> str:
    """The queries of a run, and the expected total: its budget, or the mean of finished runs like it, if fewer."""
    return queries_text(seen.spent.queries, seen.spec.budget.queries, seen.usual)


def best(seen: WatchedRun) -> str:
    """The best score; a dash before the first one."""
    return "–" if seen.best is None else text(seen.best.value, seen.best.metric)


def _silence(seen: WatchedRun) -> str:
    """The time since the last commit was seen; a dash in the first snapshot."""
    if seen.silent is None:
        return "–"
    return "now" if seen.silent == 0 else f"{duration_text(seen.silent)} ago"


def line(snapshot: StoreSnapshot, at: datetime) -> str:
    """The snapshot in one line, for a file or a pipe."""
    counts = ", ".join(f"{snapshot.total(name):,} {name}" for name in ("finished", "failed", "going", "waiting"))
    named = [_named(seen) for seen in snapshot.going]
    more = [f"{len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
    return "; ".join([f"{at:%H:%M:%S} {counts}", *named[:MOST_NAMED], *more])


def _named(seen: WatchedRun) -> str:
    spec = seen.spec
    parts = [f"{spec.policy} {spec.oracle} {spec.seed} at {queries(seen)} queries"]
    parts += [best_in_words(seen.best)] if seen.best is not None else []
    parts += [f"no commit seen for {duration_text(seen.silent)}"] if seen.silent else []
    return ", ".join(parts)


def document(snapshot: StoreSnapshot) -> dict[str, Any]:
    """The JSON document of a snapshot; scores in their measure's own unit, an accuracy as a fraction."""
    return {
        "store": snapshot.store,
        "groups": [asdict(group) for group in snapshot.groups],
        "going": [_record(seen) for seen in snapshot.going],
    }


def _record(seen: WatchedRun) -> dict[str, Any]:
    spec, found = seen.spec, seen.best
    return {
        "run": seen.run,
        **{name: getattr(spec, name) for name in ("policy", "oracle", "space", "seed")},
        "trials": seen.trials,
        "spent": asdict(seen.spent),
        "budget_queries": spec.budget.queries,
        "usual_queries": seen.usual,
        "best": None if found is None else natural_value(found.value, found.metric),
        "metric": None if found is None else meaning(found.metric),
        "reasons": {} if found is not None else {"best": "no score is stored yet"},
    }
