"""From an experiment to its runs: names looked up, settings resolved, impossible pairs refused before anything runs."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from backends.tabular.shelf import known_tables, open_table
from backends.tabular.table import Table
from harness import registry, settings
from harness.core.errors import IncompatibleError, SettingError
from harness.core.oracle import Oracle
from harness.core.policy import Policy
from harness.core.random import stream
from harness.core.space import SearchSpace
from harness.driver import require_compatible
from harness.experiment import Experiment
from harness.runspec import RunSpec

BASELINE = "random"
DEFAULT_SPACE = "nasbench101-v5"


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs of an experiment, policy by policy, and the space that they share."""

    specs: tuple[RunSpec, ...]
    space: SearchSpace


def make_plan(experiment: Experiment) -> Plan:
    """Resolve an experiment; raises a HarnessError for anything that cannot run."""
    policies = {name: registry.load("policy", name) for name in (*experiment.policies, BASELINE)}
    oracle = registry.load("oracle", experiment.oracle)
    for name, policy in policies.items():
        require_compatible(policy, oracle, names=(name, experiment.oracle), others=partial(_others, policy))
    scopes = _scopes(experiment.settings, policies)
    resolved = {name: settings.resolve(name, policy, scopes[name]) for name, policy in policies.items()}
    chosen = settings.resolve("oracle", oracle, scopes["oracle"] | _flags(experiment, oracle))
    default = chosen.pop("table", None)
    asked = "table" in scopes["oracle"] or experiment.space is None
    table = _table(experiment.table or (default if asked else None))
    space_name = experiment.space or (table.space if table else DEFAULT_SPACE)
    space_settings = settings.resolve_space(space_name, scopes["space"])
    space = settings.create_space(space_name, space_settings)
    table = _serving(table, space, oracle)
    metric = chosen.pop("search_metric", "validation")
    common = RunSpec(
        policy=BASELINE,
        oracle=experiment.oracle,
        space=space_name,
        table=str(table.path) if table else None,
        table_digest=table.digest if table else None,
        search_metric=metric,
        seed=0,
        budget=experiment.budget.budget(),
        settings={},
    )
    specs = []
    for name in policies:
        parts = {"policy": resolved[name], "oracle": chosen, "space": space_settings}
        specs += [replace(common, policy=name, seed=seed, settings=parts) for seed in experiment.seeds]
    return Plan(tuple(specs), space)


def _scopes(given: Mapping[str, Any], policies: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Settings by the part that they belong to; ``policy.x`` goes to every asked policy that has a setting ``x``."""
    scopes: dict[str, dict[str, Any]] = {name: {} for name in ("space", "oracle", *policies)}
    for key, value in given.items():
        scope, dot, name = key.partition(".")
        if not dot or scope not in (*scopes, "policy"):
            known = ", ".join(f"{scope}.…" for scope in ("policy", *scopes))
            raise SettingError(f"setting {key!r} belongs to no part of this run; expected one of {known}")
        if scope != "policy":
            scopes[scope][name] = value
            continue
        owners = [owner for owner, policy in policies.items() if name in settings.defaults(policy)]
        for owner in owners or list(policies)[:1]:  # without an owner, resolving it there names the nearest setting
            scopes[owner].setdefault(name, value)
    return scopes


def _flags(experiment: Experiment, oracle: Any) -> dict[str, Any]:
    """The command-line flags that are settings of this oracle."""
    known = settings.defaults(oracle)
    if experiment.search_metric is not None and "search_metric" not in known:
        raise SettingError(f"oracle {experiment.oracle!r} has one search metric; leave --search-metric out")
    flags = {"search_metric": experiment.search_metric, "table": experiment.table}
    return {name: value for name, value in flags.items() if value is not None and name in known}


def _table(name: str | None) -> Table | None:
    return open_table(name) if name else None


def _serving(table: Table | None, space: SearchSpace, oracle: Any) -> Table | None:
    """The table that answers or judges: the named one, or a known one that covers the space; raises for none."""
    if table is not None:
        table.require(space)
    elif not hasattr(oracle, "truth") and (table := covering_table(space)) is None:
        raise IncompatibleError(
            f"no table that ships or was fetched covers space {space.name!r}; give --table FILE, "
            f"or make one with `harness table fetch` or `harness table import`"
        )
    return table


def covering_table(space: SearchSpace) -> Table | None:
    """A known table that holds every cell of the space, its own space's first."""
    for path in known_tables().values():
        table = Table.open(path)
        if table.scheme == space.scheme and len(table) >= space.size:
            keys = space.enumerate_keys()
            if (table.rows(keys) >= 0).all():
                return table
    return None


def _others(policy: Any) -> list[str]:
    """The oracles that answer what a policy needs."""
    return [name for name in registry.entries("oracle") if policy.needs <= registry.load("oracle", name).supports]


def require_buildable(plan: Plan, finished: Container[str]) -> None:
    """Build the oracle, and each policy with unfinished runs, once: bad values come out before anything is written."""
    waiting = {spec.policy: spec for spec in plan.specs if spec.digest not in finished}
    for spec in waiting.values():
        build_policy(spec, plan.space)
    for spec in list(waiting.values())[:1]:
        build_oracle(spec, plan.space)


def build_space(spec: RunSpec) -> SearchSpace:
    """The space of a run."""
    space: SearchSpace = settings.create_space(spec.space, spec.settings["space"])
    return space


def build_oracle(spec: RunSpec, space: SearchSpace) -> Oracle:
    """The oracle of a run, fresh."""
    factory = registry.load("oracle", spec.oracle)
    shared = {"table": spec.table, "search_metric": spec.search_metric}
    mine = {name: value for name, value in shared.items() if name in settings.defaults(factory)}
    oracle: Oracle = factory(space, spec.seed, **spec.settings["oracle"], **mine)
    return oracle


def build_policy(spec: RunSpec, space: SearchSpace) -> Policy:
    """The policy of a run, fresh."""
    factory = registry.load("policy", spec.policy)
    policy: Policy = factory(space, stream(spec.seed, "policy"), **spec.settings["policy"])
    return policy


def build_truth(spec: RunSpec, space: SearchSpace) -> Any:
    """What the judge reads: the run's table, or the closed form behind its oracle."""
    if spec.table is not None:
        return open_table(spec.table)
    oracle: Any = build_oracle(spec, space)
    return oracle.truth()
