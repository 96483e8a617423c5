"""Every registered policy, oracle, space and executor, and every table that ships, passes every contract check."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backends.tabular.named_tables import open_table
from harness.execution.in_process import InProcess
from harness.files.folders import ROOT
from harness.planning import registry
from harness.planning.settings import create_space
from harness.testing import (
    EXECUTOR_CHECKS,
    ORACLE_CHECKS,
    POLICY_CHECKS,
    SPACE_CHECKS,
    TABLE_CHECKS,
    OracleCase,
    PolicyCase,
)
from harness.testing.executors import ExecutorFactory
from tests.backends.standalone.recipe import written as trained_by
from tests.backends.supernet.tiny_text import written
from tests.backends.surrogate.small import written as fitted

CELLS = ("conv3x3@0 output@1", "conv1x1@0 output@1", "maxpool3x3@0 output@1")

# settings that keep a search short enough to be looked at from every side
POLICIES: dict[str, PolicyCase] = {
    "random": PolicyCase(registry.load("policy", "random"), learns=False),
    "random-search": PolicyCase(registry.load("policy", "random-search"), {"samples": 40}),
    "evolution": PolicyCase(registry.load("policy", "evolution"), {"samples": 60, "population": 10, "tournament": 4}),
    "enas": PolicyCase(registry.load("policy", "enas"), {"epochs": 4, "steps": 3, "updates": 2}),
    "nao": PolicyCase(
        registry.load("policy", "nao"),
        {"iterations": 2, "pool": 20, "new": 5, "updates": 3, "update_epochs": 2}
        | {"training_epochs": 5, "max_step": 10, "hidden": 16, "layers": 1, "width": 32},
    ),
    "spos": PolicyCase(
        registry.load("policy", "spos"), {"epochs": 4, "updates": 20, "population": 10, "mutants": 4, "crossovers": 4}
    ),
    "fairnas": PolicyCase(
        registry.load("policy", "fairnas"), {"epochs": 4, "updates": 20, "search": "pool", "pool": 40}
    ),
    "random-sharing": PolicyCase(registry.load("policy", "random-sharing"), {"epochs": 4, "updates": 20}),
    "uniform-sharing": PolicyCase(
        registry.load("policy", "uniform-sharing"), {"epochs": 4, "updates": 20, "score_epochs": (2,)}
    ),
    "uniform-sharing, some cells": PolicyCase(
        registry.load("policy", "uniform-sharing"), {"epochs": 4, "updates": 5, "cells": CELLS}, learns=False
    ),
    "bananas": PolicyCase(registry.load("policy", "bananas"), {"samples": 40, "epochs": 20, "layers": 3}),
    "bayesnas": PolicyCase(registry.load("policy", "bayesnas"), {"epochs": 8, "updates": 15}),
    "darts": PolicyCase(registry.load("policy", "darts"), {"epochs": 8, "updates": 25, "lr": 0.1}),
    "gdas": PolicyCase(registry.load("policy", "gdas"), {"epochs": 8, "updates": 25, "lr": 0.1}),
    "hyperband": PolicyCase(registry.load("policy", "hyperband"), {"budgets": (25, 50, 100), "rounds": 3}),
    "local-search": PolicyCase(registry.load("policy", "local-search"), {"samples": 50}),
    "random-search, until the budget is spent": PolicyCase(
        registry.load("policy", "random-search"), {"samples": None, "sampler": "decisions"}, space="nasbench101-v3"
    ),
    "optuna": PolicyCase(registry.load("policy", "optuna"), {"sampler": "NSGAIISampler", "samples": 60}),
    "tpe": PolicyCase(registry.load("policy", "tpe"), {"samples": 20}),
    "successive-halving": PolicyCase(
        registry.load("policy", "successive-halving"), {"budgets": (25, 50, 100), "cells": 27}
    ),
    "fbnet": PolicyCase(registry.load("policy", "fbnet"), {"epochs": 20, "updates": 10, "warmup": 1}),
}
ORACLES: dict[str, OracleCase] = {
    "synthetic": OracleCase(lambda seed: build("synthetic", "nasbench101-v5", seed)),
    "synthetic, sharing": OracleCase(lambda seed: build("synthetic", "nasbench101-v5", seed, sharing=3.0)),
    "surrogate": OracleCase(
        lambda seed: build("surrogate", "nasbench101-v5", seed, surrogate=fitted()), settings={"surrogate": fitted()}
    ),
    "tabular": OracleCase(lambda seed: build("tabular", "nasbench101-v5", seed)),
    "tabular, one repeat": OracleCase(lambda seed: build("tabular", "nasbench101-v5", seed, repeat="sample")),
    "tabular, duplicates charged": OracleCase(
        lambda seed: build("tabular", "nasbench101-v5", seed, duplicates="charge")
    ),
    "tabular+score-gradient": OracleCase(
        lambda seed: build("tabular+score-gradient", "nasbench101-v5", seed),
        estimates_slopes="its gradient is a random estimate, unbiased over seeds, and its loss the mean of few samples",
    ),
    # measured seconds differ from run to run
    # single precision, and ReLUs with a kink in every other step: tests/backends/supernet holds slopes to 1e-6
    "supernet": OracleCase(lambda seed: build("supernet", "nasbench101-v5", seed, seconds="none"), slope_tolerance=0.2),
    "supernet, tree": OracleCase(
        lambda seed: build_tree("supernet", seed, seconds="none"), queries=8, slope_tolerance=0.2
    ),
    "supernet, recurrent": OracleCase(
        lambda seed: build("supernet", "rnn2", seed, recipe=written(), seconds="none"), slope_step=1e-2
    ),
    "standalone": OracleCase(
        lambda seed: build("standalone", "nasbench101-v4", seed, recipe=str(trained_by()), seconds="none"), queries=4
    ),
}
SPACES: dict[str, dict[str, Any]] = {name: {} for name in registry.entries("space")}
EXECUTORS: dict[str, ExecutorFactory] = {
    **{name: registry.load("executor", name) for name in registry.entries("executor")},
    "local, one worker": lambda workers: InProcess(),
}
TABLES = sorted(path.stem for path in (ROOT / "tables").glob("*.h5"))


def build(oracle: str, space: str, seed: int, **settings: Any) -> Any:
    return registry.load("oracle", oracle)(create_space(space), seed, **settings)


def build_tree(oracle: str, seed: int, **settings: Any) -> Any:
    space = create_space("nasbench101-v5", {"encoding": "tree"})
    return registry.load("oracle", oracle)(space, seed, **settings)


TWENTY = "twenty whole searches of a policy that trains or follows slopes"
CUT_AND_RESUMED = "searches that train or fit, resumed from every sixth of their rounds"
QUICK_LEARNERS = {"evolution", "hyperband", "local-search", "random-search", "successive-halving"}
MILLIONS = "walks millions of cells"
LARGE_SPACES = {"rnn5", "rnn6"}


def policy_cases() -> Iterator[Any]:
    """Every policy with every check; those that take long are marked."""
    for name, check in itertools.product(POLICIES, POLICY_CHECKS):
        reason = _why_slow(name, check.__name__)
        yield pytest.param(name, check, marks=[pytest.mark.slow(reason=reason)] if reason else [])


def _why_slow(policy: str, check: str) -> str:
    if not POLICIES[policy].learns or policy in QUICK_LEARNERS:
        return ""
    return {"learns": TWENTY, "resumes_from_any_cut": CUT_AND_RESUMED}.get(check, "")


def named(part: str | Callable[..., None]) -> str:
    return part if isinstance(part, str) else part.__name__


@pytest.mark.parametrize(("name", "check"), list(policy_cases()), ids=named)
def test_policy(name: str, check: Callable[[PolicyCase], None]) -> None:
    check(POLICIES[name])


@pytest.mark.parametrize("check", ORACLE_CHECKS, ids=named)
@pytest.mark.parametrize("name", ORACLES)
def test_oracle(name: str, check: Callable[[OracleCase], None]) -> None:
    check(ORACLES[name])


def space_cases() -> Iterator[Any]:
    """Every space with every check; the walk through the largest that can be walked is marked."""
    for name, check in itertools.product(SPACES, SPACE_CHECKS):
        long = name in LARGE_SPACES and check.__name__ == "enumeration_is_complete"
        yield pytest.param(name, check, marks=[pytest.mark.slow(reason=MILLIONS)] if long else [])


@pytest.mark.parametrize(("name", "check"), list(space_cases()), ids=named)
def test_space(name: str, check: Callable[[Any], None]) -> None:
    check(create_space(name))


@pytest.mark.parametrize("check", TABLE_CHECKS, ids=named)
@pytest.mark.parametrize("name", TABLES)
def test_table(name: str, check: Callable[[Any], None]) -> None:
    check(open_table(name))


@pytest.mark.parametrize("check", EXECUTOR_CHECKS, ids=named)
@pytest.mark.parametrize("name", EXECUTORS)
def test_executor(name: str, check: Callable[[ExecutorFactory], None]) -> None:
    check(EXECUTORS[name])


def test_nothing_registered_is_left_out() -> None:
    assert {name.partition(",")[0] for name in POLICIES} == set(registry.entries("policy"))
    named = [name.partition(",")[0].split("+") for name in ORACLES]
    assert {plain for plain, *_ in named} == set(registry.entries("oracle"))
    assert {decorator for _, *decorators in named for decorator in decorators} == set(registry.DECORATORS)
    assert set(SPACES) == set(registry.entries("space"))
    assert {name.partition(",")[0] for name in EXECUTORS} == set(registry.entries("executor"))
    assert TABLES
