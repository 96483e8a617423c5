"""Finds the judge of a stored run: its table, found by digest, the closed form behind its oracle, or the records."""

from __future__ import annotations

import json
from typing import Any

from backends.tabular.named_tables import table_of_digest
from harness.core.errors import StoreError, TableError
from harness.core.features import OracleFeatures
from harness.core.runspec import RunSpec
from harness.core.space import SearchSpace
from harness.judging.judge import Judge
from harness.judging.judge_runs import AnyJudge
from harness.judging.recorded_judge import RecordedJudge
from harness.planning import registry
from harness.planning.plan import build_space, build_truth
from harness.planning.settings import resolve
from harness.storage.records import Run
from harness.storage.store import Store

PARTS = ("policy", "oracle", "space")
"""The parts of a run that have settings."""


class RunJudges:
    """The judges of a store's runs, each built once; ``metric=None`` is the test metric."""

    def __init__(self, store: Store, metric: str | None = None) -> None:
        self._store, self._metric = store, metric
        self._truths = store.truths()
        self._judges: dict[tuple[str, ...], AnyJudge] = {}
        self._spaces: dict[str, SearchSpace] = {}

    def space(self, spec: RunSpec) -> SearchSpace:
        """The space of a run."""
        key = _text(spec.space, spec.settings["space"])
        if key not in self._spaces:
            self._spaces[key] = build_space(spec)
        return self._spaces[key]

    def main(self, run: Run) -> AnyJudge | None:
        """The judge by a run's own table or closed form; ``None`` if only a recipe can judge it.

        Raises TableError for a table that is neither found nor recorded, StoreError for a damaged specification.
        """
        spec = run.spec
        if missing := [part for part in PARTS if part not in spec.settings]:
            raise StoreError(
                f"run {run.id[:12]!r} is damaged: its specification has no settings of {' or '.join(missing)}; "
                "restore the store from a copy, or use another --store"
            )
        if spec.table_digest is None and not OracleFeatures.of(registry.load("oracle", spec.oracle)).truth:
            return None
        source = spec.table_digest or _text(spec.oracle, spec.settings["oracle"])
        key = ("main", source, _text(spec.space, spec.settings["space"]))
        if key not in self._judges:
            self._judges[key] = self._made(spec)
        return self._judges[key]

    def others(self, run: Run, main: AnyJudge | None) -> list[AnyJudge]:
        """The other judges of a run, by its records: recipes by which its recommendation was trained."""
        found = []
        for result in self._store.results(run.id):
            is_main = main is not None and result.table_digest == main.truth.digest
            if not is_main and self._wanted(result.metric):
                found.append(self._recorded(run.spec.space, result.metric, result.table_digest))
        return found

    def _wanted(self, metric: str) -> bool:
        return metric.startswith("test_") if self._metric is None else metric == self._metric

    def _made(self, spec: RunSpec) -> AnyJudge:
        if spec.table_digest is None:
            resolve(spec.oracle, registry.load("oracle", spec.oracle), spec.settings["oracle"])
            return self._judge(build_truth(spec, self.space(spec)), spec)
        table = table_of_digest(spec.table_digest, spec.table)
        if table is not None:
            return self._judge(table, spec)
        for space, metric, digest in self._truths:
            if (space, digest) == (spec.space, spec.table_digest) and self._wanted(metric):
                return self._recorded(space, metric, digest)
        raise TableError(
            f"table {spec.table!r} (digest {spec.table_digest[:12]}) is not to be found, and the store does not say "
            f"what its numbers are of; put its file back, or leave its runs out with "
            f"--where 'table_digest!={spec.table_digest[:12]}'"
        )

    def _judge(self, table: Any, spec: RunSpec) -> Judge:
        return Judge(table, self.space(spec), self._metric, record=self._store.record_lookup)

    def _recorded(self, space: str, metric: str, digest: str) -> AnyJudge:
        key = ("recorded", space, metric, digest)
        if key in self._judges:
            return self._judges[key]
        if (truth := self._truths.get((space, metric, digest))) is None:
            raise TableError(
                f"runs of space {space!r} were judged by recipe {digest[:12]}, which the store says no more of, as an "
                "earlier version wrote it; give their `harness run --judge RECIPE` command again"
            )
        self._judges[key] = RecordedJudge(truth)
        return self._judges[key]


def _text(name: str, settings: Any) -> str:
    return f"{name} {json.dumps(settings, sort_keys=True)}"
