"""Figure 2: validation perplexity of the recommended recurrent cells over their training, on average and at best.

At the quick scale the curves are looked up in a table of all 32 cells of 2 nodes; at the published scale they are those
of the cells of 12 nodes that the judge trained.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter

import numpy as np

from backends.tabular.journal import read_journal
from backends.tabular.named_tables import open_table
from harness.core.judgement import TruthLookup
from harness.core.policy import BASELINE
from harness.core.space import Architecture, SearchSpace
from harness.judging.judge import canonical_key
from harness.judging.training_judge import ScratchTraining
from harness.leaderboard.end_to_end import Watcher
from harness.reproduce import published, runs
from harness.reproduce.cells import NOT_MEASURED_YET, Ours, ReproducedRow, ReproducedSection, mean_and_std, number
from harness.reproduce.figure2_curves import Figure2Data, PolicyCurves, plot_figure2
from harness.reproduce.item import Findings, ReproducedItem
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.steps import SHARED, RunStep
from harness.statistics import best as best_of
from harness.statistics import mean, std
from harness.storage.records import Run
from harness.storage.store import Store

METRIC = "validation_perplexity"
SCALE_NOTE = (
    "The paper's cells have 12 nodes and are trained for 1,000 epochs; ours at the quick scale have 2 nodes and the "
    "table's epochs. The published protocol is --scale paper."
)
ValidationCurve = tuple[float, ...]
"""A value after each epoch, NaN where a training diverged."""


def _step(request: ReproduceRequest) -> RunStep:
    return runs.penalty_step(request) if request.scale == "quick" else runs.long_rnn_step(request)


def _find(request: ReproduceRequest, watcher: Watcher) -> Findings:
    step = _step(request)
    found = _recommended(step)
    content = None
    if found:
        content = _looked_up(step, found) if request.scale == "quick" else _trained(step, found)
    section = _section(step, content, request)
    notes = (SCALE_NOTE,) if request.scale == "quick" else ()
    if content is None:
        return Findings(sections=(section,), figure=step.unmeasured, notes=notes)
    return Findings(sections=(section,), figure=partial(plot_figure2, content), notes=notes, content={**content})


def _recommended(step: RunStep) -> dict[str, list[Run]]:
    """The finished runs with shared weights and those of random, by policy."""
    kept = step.ended()
    found: dict[str, list[Run]] = {}
    if kept is not None:
        with Store.read(step.experiment.store) as store:
            for spec in kept.specs:
                if spec.oracle == SHARED or spec.policy == BASELINE:
                    found.setdefault(spec.policy, []).append(store.show(spec.digest))
    return found


def _looked_up(step: RunStep, found: Mapping[str, Sequence[Run]]) -> Figure2Data:
    """The curves from a table, means over its repeats; a look at the truth is recorded first for every run."""
    table, space = open_table(step.experiment.table or ""), step.plan().space
    means = np.stack([table.mean(METRIC, epochs) for epochs in table.epochs], axis=1)
    _record_looks(step, found, table.digest)

    def curve(text: str) -> ValidationCurve:
        row = int(table.rows(np.array([canonical_key(space, space.parse(text))], np.int64))[0])
        return tuple(means[row].tolist()) if row >= 0 else (math.nan,) * len(table.epochs)

    told = f"mean of {table.repeats} repeats, table {table.name}"
    return _content(found, curve, list(table.epochs), f"space {step.experiment.space}: {told}")


def _trained(step: RunStep, found: Mapping[str, Sequence[Run]]) -> Figure2Data | None:
    """The curves from the judge's journal; ``None`` if it does not exist yet."""
    space = step.plan().space
    truth = ScratchTraining.of(step.experiment.judge, space).truth
    with Store.read(step.experiment.store) as store:
        journal = store.folder / f"judge-{truth.digest[:12]}.journal"
    if not journal.is_file():
        return None
    known = {row["architecture"]: tuple(row[METRIC]) for row in read_journal(journal)[1] if not row["diverged"]}
    _record_looks(step, found, truth.digest)

    def curve(text: str) -> ValidationCurve:
        return known.get(_canonical(space, text), (math.nan,) * truth.epochs)

    told = f"one training a cell, recipe {truth.name}"
    return _content(found, curve, list(range(1, truth.epochs + 1)), f"space {step.experiment.space}: {told}")


def _canonical(space: SearchSpace, text: str) -> str:
    """The text of a cell's canonical form, which names the cell in a journal."""
    keys = np.array([canonical_key(space, space.parse(text))], np.int64)
    return space.format(Architecture(tuple(space.from_keys(keys)[0].tolist())))


def _record_looks(step: RunStep, found: Mapping[str, Sequence[Run]], digest: str) -> None:
    """Record a look at the truth for each run, before any value is shown."""
    now = datetime.now(UTC)
    with Store.open(step.experiment.store) as store:
        for run in (run for mine in found.values() for run in mine):
            store.record_lookup(TruthLookup(run.id, now, f"course of {run.recommendation}", METRIC, digest))


def _content(
    found: Mapping[str, Sequence[Run]], curve: Callable[[str], ValidationCurve], epochs: list[int], told: str
) -> Figure2Data:
    rows = [_curves(policy, [curve(run.recommendation or "") for run in mine]) for policy, mine in found.items()]
    return Figure2Data(metric=METRIC, told=told, epochs=epochs, rows=rows)


def _curves(policy: str, curves: Sequence[ValidationCurve]) -> PolicyCurves:
    """The curves of a policy's cells, without those that diverged."""
    whole = [list(curve) for curve in curves if all(map(math.isfinite, curve))]
    means = [statistics.fmean(values) for values in zip(*whole, strict=True)]
    best = min(whole, key=itemgetter(-1), default=[])
    return PolicyCurves(policy=policy, seeds=len(curves), courses=whole, mean=means, best=best)


def _section(step: RunStep, content: Figure2Data | None, request: ReproduceRequest) -> ReproducedSection:
    printed = published.load("figure2").sections["best"]
    known = {} if content is None else {row["policy"]: row for row in content["rows"]}
    rows = []
    for name in (*step.experiment.policies, BASELINE):
        theirs = printed.rows.get(name, (None, None))
        ours = _ends(known[name]) if name in known else (step.unmeasured,) * 2
        rows.append(ReproducedRow.of(name, (*ours, None), (None, *theirs)))
    heads = ("mean at the end", *printed.columns)
    last = NOT_MEASURED_YET if content is None else f"{content['told']}, after {content['epochs'][-1]} epochs"
    about = f"ours at {request.scale} scale: validation perplexity, {last}"
    return ReproducedSection(about, heads, tuple(rows), printed.title)


def _ends(row: PolicyCurves) -> tuple[Ours, Ours]:
    """The mean and the best after the last epoch."""
    ends = [curve[-1] for curve in row["courses"]]
    return mean_and_std(mean(ends), std(ends)), number(best_of(ends, larger_is_better=False), 2)


FIGURE2 = ReproducedItem(name="figure2", steps=lambda request: (_step(request),), find=_find, spaces=(runs.RNN,))
