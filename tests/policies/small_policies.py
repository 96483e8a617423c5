"""Policies with settings for searches of a few steps in a space with rows outside it and two rows a cell."""

from __future__ import annotations

from typing import Any

from policies.bananas import BANANAS
from policies.bayesnas import BayesNAS
from policies.darts import DARTS
from policies.enas import ENAS
from policies.evolution import Evolution
from policies.fbnet import FBNet
from policies.gdas import GDAS
from policies.nao import NAO
from policies.random import Random
from policies.random_search import RandomSearch
from policies.random_sharing import RandomSharing
from policies.spos import SPOS
from tests.fakes.searches import Landscape, hill, planted, rng
from tests.fakes.spaces import Holes

SPACE = Holes()
LOSS = planted(SPACE.options, (1, 2, 1, 0))
SCORING: dict[str, tuple[Any, dict[str, Any]]] = {
    "random": (Random, {}),
    "random-search": (RandomSearch, {"samples": 23, "batch": 5}),
    "evolution": (Evolution, {"samples": 40, "population": 8, "tournament": 3}),
    "evolution, broods": (Evolution, {"samples": 40, "population": 8, "tournament": 3, "children": 7}),
    "enas": (ENAS, {"epochs": 3, "updates": 4, "steps": 2, "samples": 3, "pool": 6, "fresh": 2, "select_every": 2}),
    "enas, no updates": (ENAS, {"epochs": 2, "updates": 0, "steps": 2, "select_every": 1, "baseline": "reset"}),
    "enas, sampled": (
        ENAS,
        {"epochs": 2, "updates": 2, "steps": 1, "select": "sampled", "fresh": 4},
    ),
    "bananas": (BANANAS, {"samples": 24, "batch": 4, "candidates": 6, "epochs": 2, "layers": 1}),
    "bananas, ten parents": (
        BANANAS,
        {"samples": 24, "batch": 4, "parents": 10, "patience": 0, "epochs": 2, "layers": 1},
    ),
    "spos": (SPOS, {"epochs": 2, "updates": 5, "population": 6, "mutants": 2, "crossovers": 2, "generations": 3}),
    "spos, a pool": (SPOS, {"epochs": 2, "updates": 5, "search": "pool", "pool": 9}),
    "random-sharing": (RandomSharing, {"epochs": 2, "updates": 5, "samples": 20, "finalists": 6}),
    "nao": (
        NAO,
        {"update_epochs": 2, "updates": 3, "score_batches": 1, "training_epochs": 3, "iterations": 2},
    ),
    "nao, the best kept": (
        NAO,
        {
            "updates": 0,
            "keep": "best",
            "rescore": False,
            "training_epochs": 2,
            "expand": 2,
            "holdout": 0.2,
            "stride": 0.0,
            "max_step": 2,
        },
    ),
}
RELAXED: dict[str, tuple[Any, dict[str, Any]]] = {
    "darts": (DARTS, {"epochs": 2, "updates": 4}),
    "darts, first order": (DARTS, {"epochs": 1, "updates": 3, "order": "first"}),
    "gdas": (GDAS, {"epochs": 2, "updates": 3}),
    "gdas, chosen": (GDAS, {"epochs": 2, "updates": 2, "slopes": "chosen"}),
    "fbnet": (FBNet, {"epochs": 3, "updates": 2}),
    "fbnet, warm": (FBNet, {"epochs": 2, "updates": 3, "warmup": 2}),
    "bayesnas": (BayesNAS, {"epochs": 2, "updates": 3, "warmup_updates": 2}),
    "bayesnas, random": (BayesNAS, {"epochs": 2, "updates": 2, "warmup": 0, "start": "random"}),
}


def build(name: str, seed: int = 1) -> Any:
    """A policy by its name here."""
    factory, settings = (SCORING | RELAXED)[name]
    return factory(SPACE, rng(seed), **settings)


def landscape(name: str) -> Landscape:
    """What the policy's queries are answered from."""
    return LOSS if name in RELAXED else hill
