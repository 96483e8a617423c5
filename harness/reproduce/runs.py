"""The steps that items share, at both scales; each has the command that a user would give for its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backends.networks.adapters import DataKind
from harness.planning.experiment import BY_TABLE
from harness.reproduce.request import SCALES, ReproduceRequest
from harness.reproduce.steps import SHARED, PenaltyStep, RunStep, SharingAmountStep, WeightSharingStep
from harness.studies.scale import TABLES, TRUTHS
from harness.studies.sharing_amount.cells import SPACES

RNN, LONG_RNN = "rnn2", "rnn12"
"""The spaces of Table 3A and of Table 1."""

VERTICES: Mapping[int, str] = {4: "nasbench101-v4", 5: "nasbench101-v5", 6: "nasbench101-v6", 7: "nasbench101"}
"""The spaces of Table 6 by their number of vertices."""

REDUCED = (4, 5)
"""The numbers of vertices for which a table of digits holds every cell."""

SEARCH_POLICIES = ("enas", "nao", "darts")
QUICK_SCORINGS = (6,)
"""The epoch after which the weights of the reduced Figure 4 are scored, besides the last: one of three passes."""


def image_space(request: ReproduceRequest) -> str:
    """The space of Tables 3B and 4 at a scale."""
    return VERTICES[5 if request.scale == "quick" else 7]


def penalty_step(request: ReproduceRequest) -> PenaltyStep:
    """The searches of the 32 recurrent cells with and without shared weights."""
    family = request.family("text")
    table = request.table_for(RNN, TABLES[RNN, family])
    words = _study(request, "penalty", RNN, table, TABLES[RNN, family])
    experiment = request.experiment(
        policies=SEARCH_POLICIES, oracles=(SHARED,), space=RNN, table=table, settings={"oracle.recipe": family}
    )
    return PenaltyStep(request.command(*words), experiment, family)


def supernet_step(request: ReproduceRequest, space: str, policies: Sequence[str]) -> RunStep:
    """Searches of image cells with shared weights."""
    family = request.family("images")
    default = TABLES[space, family]
    table = request.table_for(space, default)
    settings: dict[str, Any] = {} if request.scale == "quick" else {"oracle.recipe": family}
    words = _run(space, SHARED, policies, table if request.scale == "paper" or table != default else None)
    words += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    experiment = request.experiment(
        policies=tuple(policies), oracles=(SHARED,), space=space, table=table, settings=settings
    )
    return RunStep(request.command(*words), experiment, family)


def tabular_step(request: ReproduceRequest, space: str, policies: Sequence[str]) -> RunStep:
    """Searches of image cells without shared weights, on a table."""
    default = TABLES[space, request.family("images")]
    table = request.table_for(space, default)
    words = _run(space, "tabular", policies, table)
    experiment = request.experiment(policies=tuple(policies), oracles=("tabular",), space=space, table=table)
    return RunStep(request.command(*words), experiment, None)


def long_rnn_step(request: ReproduceRequest) -> RunStep:
    """Searches of recurrent cells of 12 nodes, each recommendation trained from scratch, at the published scale."""
    recipe, _ = TRUTHS["text", "paper"]
    settings = {"oracle.recipe": "ptb"}
    words = [*_run(LONG_RNN, SHARED, SEARCH_POLICIES, None), "--judge", recipe, "--set", "oracle.recipe=ptb"]
    experiment = request.experiment(
        policies=SEARCH_POLICIES, oracles=(SHARED,), space=LONG_RNN, table=None, judge=recipe, settings=settings
    )
    return RunStep(request.command(*words), experiment, "ptb")


def weight_sharing_step(request: ReproduceRequest) -> WeightSharingStep:
    """Shared weights of the 32 recurrent cells, trained uniformly and scored."""
    family = request.family("text")
    default = TABLES[RNN, family]
    table = request.table_for(RNN, default)
    epochs = QUICK_SCORINGS if request.scale == "quick" else None
    words = _study(request, "weight-sharing", RNN, table, default)
    words += [] if epochs is None else ["--score-epochs", ",".join(map(str, epochs))]
    experiment = request.experiment(
        oracles=(SHARED,), space=RNN, table=table, judge=BY_TABLE, settings={"oracle.recipe": family}
    )
    return WeightSharingStep(request.command(*words), experiment, family, epochs)


def sharing_amount_step(request: ReproduceRequest, kind: DataKind) -> SharingAmountStep:
    """Shared weights trained on the 12 cells of a kind."""
    recipe, default = TRUTHS[kind, SCALES[request.scale]]
    table = request.table or default
    words = _study(request, "sharing-amount", "nasbench101" if kind == "images" else "rnn", table, default)
    family = request.family(kind)
    settings = {"oracle.recipe": family}
    experiment = request.experiment(oracles=(SHARED,), space=SPACES[kind], table=table, settings=settings)
    return SharingAmountStep(request.command(*words), experiment, family, kind, recipe)


def _run(space: str, oracle: str, policies: Sequence[str], table: str | None) -> list[str]:
    words = ["run", "--space", space, "--oracle", oracle]
    words += [word for policy in policies for word in ("--policy", policy)]
    return [*words, *(() if table is None else ("--table", table))]


def _study(request: ReproduceRequest, name: str, space: str, table: str | None, default: str | None) -> list[str]:
    words = ["study", name, "--space", space, *(["--paper"] if request.scale == "paper" else [])]
    return words if table is None or table == default else [*words, "--table", table]
