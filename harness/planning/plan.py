"""Plans the runs of an experiment: looks up names, resolves settings, refuses impossible pairs before anything runs."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from backends.tabular.named_tables import known_tables, open_table, pinned_table, table_of_digest
from backends.tabular.table import Table
from harness.core.driver import never_trains, require_compatible
from harness.core.errors import IncompatibleError, SettingError
from harness.core.features import OracleFeatures, PolicyFeatures, apply_protocol, space_of_settings
from harness.core.judgement import Truth, TruthTable
from harness.core.oracle import Oracle, Update
from harness.core.policy import BASELINE, Policy
from harness.core.random import stream
from harness.core.runspec import RunSpec
from harness.core.space import SearchSpace
from harness.planning import registry, settings
from harness.planning.experiment import BY_TABLE, Experiment
from harness.planning.hardware import existing_device, require_gpus
from harness.planning.plugin_sources import plugin_sources
from harness.planning.setting_scopes import Classes, ScopedSettings, scoped_settings

DEFAULT_SPACE = "nasbench101-v5"

RECORDED_ONLY_IF_SET = ("epochs",)
"""Oracle settings that a run records only if it sets them, so that runs of earlier versions keep their digests."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs of an experiment, policy by policy, the space that they share, and notes for the user."""

    specs: tuple[RunSpec, ...]
    space: SearchSpace
    notes: tuple[str, ...] = ()


def make_plan(experiment: Experiment) -> Plan:
    """Resolve an experiment; raises a HarnessError for anything that cannot run.

    The baseline asks no oracle, so it is planned once, for the policies of all oracles.
    """
    policies = {name: registry.load("policy", name) for name in (*experiment.policies, BASELINE)}
    oracles = {name: registry.load("oracle", name) for name in experiment.oracles}
    pairs, notes = _pairs(policies, oracles)
    scopes = scoped_settings(experiment, policies, oracles)
    require_gpus(experiment.gpus)
    chosen = {name: settings.resolve(name, oracle, scopes.oracles[name]) for name, oracle in oracles.items()}
    for each in chosen.values():
        each |= {"device": existing_device(each["device"])} if "device" in each else {}
    table = _named_table(experiment, scopes, chosen)
    # settings, such as those that name a surrogate's file, may be made for one space
    made_for = (space_of_settings(oracle, chosen[name]) for name, oracle in oracles.items())
    named = (name for name in made_for if name is not None)
    space_name = experiment.space or (table.space if table else next(named, DEFAULT_SPACE))
    space_settings = settings.resolve_space(space_name, scopes.space)
    space = settings.create_space(space_name, space_settings)
    table = _table_for(table, space, oracles, experiment.judge)
    if table is not None:
        path = {"table": str(table.path)}
        chosen = {name: {**each, **(path if "table" in each else {})} for name, each in chosen.items()}
    specs = list[RunSpec]()
    for policy, oracle in pairs:
        settled = _apply_protocol(oracles[oracle], chosen[oracle], policies[policy], space)
        if experiment.budget.limited:
            settled = settled[0], {**settled[1], **_until_spent(policies[policy], experiment)}
        parts = _pair_settings((policy, policies[policy]), settled, scopes.policies[policy], space)
        run = RunSpec(
            policy=policy,
            oracle=oracle,
            space=space_name,
            table=str(table.path) if table else None,
            table_digest=table.digest if table else None,
            search_metric=chosen[oracle].get("search_metric", "validation"),
            seed=0,
            budget=experiment.budget.budget(),
            settings={**parts, "space": settings.recorded(space_settings, space.implied)},
            sources=plugin_sources({"policy": policy, "oracle": oracle, "space": space_name}),
        )
        specs += [replace(run, seed=seed) for seed in experiment.seeds]
    return Plan(tuple(specs), space, (*notes, *_unspent(specs)))


def _until_spent(policy: Any, experiment: Experiment) -> dict[str, Any]:
    """The settings by which a policy goes on until the budget is spent."""
    chosen = PolicyFeatures.of(policy).until_spent
    return {name: experiment.budget.queries if value == "queries" else value for name, value in chosen.items()}


def _unspent(specs: Sequence[RunSpec]) -> list[str]:
    """Notes on policies whose number of samples may end them before the budget of queries is spent."""
    found = []
    for policy, spec in {spec.policy: spec for spec in specs}.items():
        samples, queries = spec.settings["policy"].get("samples"), spec.budget.queries
        if not isinstance(samples, int) or queries is None or samples > queries:
            continue
        if samples < queries:
            why = f"before the budget of {queries:,} queries is spent"
        elif spec.settings["oracle"].get("duplicates") == "free":
            why = "of which those of known cells are free, so that it may spend less than its budget"
        else:
            continue
        found.append(f"{policy} ends after {samples:,} samples, {why}; --set {policy}.samples=N changes that")
    return found


def _pairs(policies: Classes, oracles: Classes) -> tuple[list[tuple[str, str]], list[str]]:
    """The pairs that work, policy by policy, and notes on the others; raises IncompatibleError for a policy in none."""
    pairs, notes = [], list[str]()
    unshared_first = sorted(oracles, key=lambda name: OracleFeatures.of(oracles[name]).shares_weights)
    for name, policy in policies.items():
        works, reasons = [], []
        for oracle in unshared_first[:1] if name == BASELINE else oracles:
            try:
                _require_pair(policy, oracles[oracle], (name, oracle))
                works.append((name, oracle))
            except IncompatibleError as error:
                reasons.append(str(error))
        if not works:
            raise IncompatibleError("; ".join(reasons))
        pairs += works
        notes += [f"left out: {reason}" for reason in reasons]
    return pairs, notes


def _require_pair(policy: Any, oracle: Any, names: tuple[str, str]) -> None:
    """Raise IncompatibleError for a pair that does not work; it names the registered parts that would."""
    others = {"oracles": partial(_compatible_oracles, policy), "policies": partial(_compatible_policies, oracle)}
    require_compatible(policy, oracle, names=names, **others)


def _compatible_oracles(policy: Any) -> list[str]:
    """The registered oracles that work with a policy, with a decorator if they need one."""
    found = []
    for plain in registry.entries("oracle"):
        decorated = [f"{plain}+{decorator}" for decorator in registry.DECORATORS]
        names = [plain] if _is_compatible(policy, plain) else decorated
        found += [name for name in names if _is_compatible(policy, name)]
    return found


def _is_compatible(policy: Any, name: str) -> bool:
    try:
        oracle = registry.load("oracle", name)
    except IncompatibleError:  # the decorator adds nothing to this oracle
        return False
    return policy.needs <= oracle.supports and not never_trains(policy, oracle)


def _compatible_policies(oracle: Any) -> list[str]:
    """The registered policies that train the shared weights of an oracle."""
    classes = {name: registry.load("policy", name) for name in registry.entries("policy")}
    return [name for name, policy in classes.items() if Update in policy.needs <= oracle.supports]


def _apply_protocol(
    oracle: Any, chosen: Mapping[str, Any], policy: Any, space: SearchSpace
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """An oracle's settings for a policy, and the policy settings that its protocol returns."""
    if not policy.needs:
        return chosen, {}
    return apply_protocol(oracle, chosen, PolicyFeatures.of(policy).recipe, space)


def _pair_settings(
    named: tuple[str, Any],
    settled: tuple[Mapping[str, Any], Mapping[str, Any]],
    given: Mapping[str, Any],
    space: SearchSpace,
) -> dict[str, dict[str, Any]]:
    """The settings of a pair: a policy's defaults, overridden by its oracle's protocol, and both by what is given."""
    name, policy = named
    chosen, from_protocol = settled
    fitting = {setting: value for setting, value in from_protocol.items() if setting in settings.defaults(policy)}
    # RunSpec has fields of its own for table and search_metric
    apart = ("table", "search_metric", *(setting for setting in RECORDED_ONLY_IF_SET if chosen.get(setting) is None))
    own = {setting: value for setting, value in chosen.items() if setting not in apart}
    features = PolicyFeatures.of(policy)
    complete = features.settled(settings.resolve(name, policy, {**fitting, **given}), space)
    return {"policy": settings.recorded(complete, features.implied), "oracle": own}


def _named_table(
    experiment: Experiment, scopes: ScopedSettings, chosen: Mapping[str, Mapping[str, Any]]
) -> Table | None:
    """The table of a flag or setting, or, if no space is asked for, the default table of an oracle that has one."""
    asked = [scope["table"] for scope in scopes.oracles.values() if "table" in scope]
    defaults = [each["table"] for each in chosen.values() if "table" in each] if experiment.space is None else []
    names = [experiment.table] if experiment.table else asked or defaults
    if len(set(names)) > 1:
        raise SettingError(f"tables {' and '.join(map(repr, names))}: all oracles share one table; give --table alone")
    return open_table(names[0]) if names else None


def _table_for(table: Table | None, space: SearchSpace, oracles: Classes, judge: str) -> Table | None:
    """The table that answers or judges: the named one, or a known one that covers the space.

    Raises IncompatibleError if a table is needed and there is none. Where recommendations are judged by training, only
    an oracle that reads a table needs one.
    """
    if table is not None:
        table.require(space)
        return table
    if len(oracles) == 1 and all(OracleFeatures.of(oracle).truth for oracle in oracles.values()):
        return None  # the closed form behind the oracle judges
    table = covering_table(space)
    reading = any("table" in settings.defaults(oracle) for oracle in oracles.values())
    if table is None and (reading or judge == BY_TABLE):
        raise IncompatibleError(
            f"no table that ships or was fetched covers space {space.name!r}; give --table FILE, or make one with "
            f"`harness table fetch` or `harness table import`{'' if reading else '; or train with --judge RECIPE'}"
        )
    return table


def covering_table(space: SearchSpace) -> Table | None:
    """The first known table that holds every cell of the space; ``None`` if there is none."""
    for path in known_tables().values():
        table = Table.open(path)
        if table.scheme == space.scheme and len(table) >= space.size:
            keys = space.enumerate_keys()
            if (table.rows(keys) >= 0).all():
                table.require_intact()
                return table
    return None


def require_buildable(plan: Plan, finished: Container[str]) -> None:
    """Build each policy and oracle of unfinished runs once, so that bad values raise before anything is written.

    They are built on the CPU: the accelerators are left to the workers. Raises IncompatibleError for a pair that only
    its settings make impossible, such as ``sharing`` of the closed form for a policy that trains nothing.
    """
    waiting = [spec for spec in plan.specs if spec.digest not in finished]
    policies = {_part(spec, "policy"): spec for spec in waiting}
    built = {part: build_policy(spec, plan.space) for part, spec in policies.items()}
    for part, spec in {_part(spec, "oracle"): spec for spec in waiting}.items():
        oracle = build_oracle(_on_cpu(spec), plan.space)
        for other in waiting:
            if _part(other, "oracle") == part:
                _require_pair(built[_part(other, "policy")], oracle, (other.policy, spec.oracle))


def _part(spec: RunSpec, kind: str) -> tuple[str, str]:
    """The name and the settings of a run's policy or oracle."""
    return getattr(spec, kind), str(spec.settings[kind])


def _on_cpu(spec: RunSpec) -> RunSpec:
    device = {"device": "cpu"} if "device" in spec.settings["oracle"] else {}
    return replace(spec, settings={**spec.settings, "oracle": {**spec.settings["oracle"], **device}})


def build_space(spec: RunSpec) -> SearchSpace:
    """The space of a run."""
    return settings.create_space(spec.space, spec.settings["space"])


def build_oracle(spec: RunSpec, space: SearchSpace) -> Oracle:
    """A new oracle for a run; raises TableError if its table was replaced since the run was planned."""
    factory = registry.load("oracle", spec.oracle)
    shared = {"table": spec.table, "search_metric": spec.search_metric}
    accepted = {name: value for name, value in shared.items() if name in settings.defaults(factory)}
    with pinned_table(spec.table, spec.table_digest):
        oracle: Oracle = factory(space, spec.seed, **spec.settings["oracle"], **accepted)
    return oracle


def build_policy(spec: RunSpec, space: SearchSpace) -> Policy:
    """A new policy for a run."""
    factory = registry.load("policy", spec.policy)
    complete = {**PolicyFeatures.of(factory).implied, **spec.settings["policy"]}
    policy: Policy = factory(space, stream(spec.seed, "policy"), **complete)
    return policy


def build_truth(spec: RunSpec, space: SearchSpace) -> Any:
    """The truth for the judge: the run's table, or the closed form behind its oracle."""
    if spec.table is not None:
        with pinned_table(spec.table, spec.table_digest):
            return open_table(spec.table)
    truth = OracleFeatures.of(build_oracle(spec, space)).truth
    return truth() if truth else None


def available_truth(spec: RunSpec, space: SearchSpace, truth: Truth) -> TruthTable | None:
    """The table or closed form that judged a run; ``None`` for a recipe, which ranks nothing, and for a lost table."""
    if truth.kind == "recipe":
        return None
    if spec.table_digest is not None:
        return table_of_digest(truth.digest, spec.table)
    form: TruthTable = build_truth(spec, space)
    return form if form.digest == truth.digest else None
