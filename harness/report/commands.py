"""The command that repeats a row of the leaderboard: written from the stored specification, then checked against it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.runspec import RunSpec
from harness.files.yaml_text import read_yaml
from harness.leaderboard.grouping import grouped
from harness.planning.experiment import BudgetFields, Experiment
from harness.planning.plan import make_plan
from harness.storage.records import Run


@dataclass(frozen=True, slots=True)
class Command:
    """A command line for some seeds; ``checked``: whether planning it gives the same runs; ``remark`` says why."""

    label: str
    seeds: int
    text: str
    checked: bool
    remark: str


def commands_of(label: str, runs: Sequence[Run]) -> list[Command]:
    """One command for each different specification among the runs of a row; a command has all of its seeds."""
    alike = grouped((run.spec for run in runs), lambda spec: replace(spec, seed=0).to_json())
    return [_command(label, specs) for specs in alike.values()]


def _command(label: str, specs: Sequence[RunSpec]) -> Command:
    spec, seeds = specs[0], sorted({spec.seed for spec in specs})
    experiment = _experiment(spec)
    try:
        changed = _changed(spec, _planned(spec, experiment))
        again = _planned(spec, experiment.model_copy(update={"settings": changed}))
        same = replace(again, version=spec.version).digest == spec.digest
        remark = _remark(spec, again) if same else "planned here, it is another run: a part has changed since"
    except (HarnessError, StopIteration) as error:
        changed, same = dict(settings_of(spec)), False
        remark = f"not checked: {error or 'the plan has no such run'}"
    text = " ".join(map(shlex.quote, _words(spec, seeds, changed)))
    return Command(label, len(seeds), text, same, remark)


def _remark(spec: RunSpec, again: RunSpec) -> str:
    if again.version == spec.version:
        return "checked: it names these very runs"
    return f"checked: it names these runs in version {spec.version}; this is {again.version}"


def _experiment(spec: RunSpec) -> Experiment:
    """The experiment of a run, without its settings."""
    return Experiment(
        policies=(spec.policy,),
        oracles=(spec.oracle,),
        space=spec.space,
        table=_table(spec),
        seeds=(spec.seed,),
        budget=BudgetFields(**asdict(spec.budget)),
        search_metric=None if spec.search_metric == "validation" else spec.search_metric,
    )


def _planned(spec: RunSpec, experiment: Experiment) -> RunSpec:
    """The plan's specification of the same policy and seed; raises StopIteration where it has none."""
    specs = make_plan(experiment).specs
    return next(other for other in specs if (other.policy, other.oracle) == (spec.policy, spec.oracle))


def _changed(spec: RunSpec, planned: RunSpec) -> dict[str, Any]:
    """The settings that differ from the plan's own, by their names in ``--set``."""
    defaults = dict(settings_of(planned))
    return {name: value for name, value in settings_of(spec) if name not in defaults or defaults[name] != value}


def settings_of(spec: RunSpec, space: str = "space") -> Iterator[tuple[str, Any]]:
    """Every setting of a run by its name in ``--set``, or with another name for the space."""
    for part, owner in (("policy", spec.policy), ("oracle", spec.oracle), ("space", space)):
        mine: Mapping[str, Any] = spec.settings.get(part, {})
        yield from ((f"{owner}.{name}", value) for name, value in mine.items())


def _table(spec: RunSpec) -> str | None:
    """The name of the known table that has the same digest, or else the path that the run names."""
    from backends.tabular.named_tables import known_tables
    from backends.tabular.table import Table

    if spec.table is None:
        return None
    name = Path(spec.table).stem
    path = known_tables().get(name)
    return name if path is not None and Table.open(path).digest == spec.table_digest else spec.table


def _words(spec: RunSpec, seeds: Sequence[int], changed: Mapping[str, Any]) -> Iterator[str]:
    yield from ("harness", "run", "--policy", spec.policy, "--oracle", spec.oracle, "--space", spec.space)
    if (table := _table(spec)) is not None:
        yield from ("--table", table)
    yield from ("--seeds", seeds_text(seeds))
    for name in ("queries", "epochs", "seconds"):
        limit = getattr(spec.budget, name)
        yield from () if limit is None else (f"--budget-{name}", f"{limit:.17g}")
    if spec.search_metric != "validation":
        yield from ("--search-metric", spec.search_metric)
    for name, value in changed.items():
        yield from ("--set", f"{name}={_value(value)}")


def _value(value: Any) -> str:
    """A value as ``--set`` reads it back."""
    if isinstance(value, str) and value and read_yaml(value) == value:
        return value
    return json.dumps(value)


def seeds_text(seeds: Sequence[int]) -> str:
    """Seeds as ``--seeds`` takes them: ``1268:1278`` where they follow each other, or else one by one."""
    ordered = sorted(set(seeds))
    if len(ordered) > 1 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}:{ordered[-1] + 1}"
    return ",".join(map(str, ordered))
