"""Stored runs on the table rnn2-austen, which can be judged."""

import numpy as np

from backends.tabular.named_tables import open_table
from harness.planning.settings import create_space
from tests.fakes import stored_runs

TABLE = open_table("rnn2-austen")
SPACE = create_space("rnn2")
CELLS = ["tanh@0 relu@0", "relu@0 identity@1", "sigmoid@0 sigmoid@0"]


def spec(seed=1, policy="nao", **changes):
    """A run on the table."""
    fixed = {"policy": policy, "table": str(TABLE.path), "table_digest": TABLE.digest}
    fixed["settings"] = {"policy": changes.pop("policy_settings", {}), "oracle": {}, "space": {}}
    return stored_runs.spec(seed, **fixed | changes)


def truth_of(text, metric="test_perplexity"):
    """A cell's truth, straight from the table."""
    key = SPACE.canonical_keys(np.array([SPACE.key(SPACE.parse(text))]))
    return float(TABLE.values(metric, rows=TABLE.rows(key)).mean())


def filled(store, policies=("nao", "random")):
    """Three runs of each policy, ending at the three cells."""
    for policy in policies:
        for seed, cell in enumerate(CELLS, 1):
            stored_runs.ended(store, spec(seed, policy), cell, trials=0 if policy == "random" else 5)
    return store.runs()
