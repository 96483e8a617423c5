"""Made-up contents of the studies' pages, as large as the paper's."""

from __future__ import annotations

from typing import Any

import numpy as np

SEEDS = list(range(1268, 1278))
CELLS = 32


def spread(values: list[float]) -> dict[str, Any]:
    """A statistic over the seeds."""
    best, worst = int(np.argmax(values)), int(np.argmin(values))
    ends = {"best": values[best], "best_seed": SEEDS[best], "worst": values[worst], "worst_seed": SEEDS[worst]}
    return {"seeds": len(values), "mean": float(np.mean(values)), "std": float(np.std(values, ddof=1)), **ends}


def _picked(taus: np.ndarray) -> list[tuple[str, int]]:
    """The seeds of the largest tau, the smallest, and that nearest the mean."""
    return [("best", taus.argmax()), ("worst", taus.argmin()), ("average", np.abs(taus - taus.mean()).argmin())]


def weight_sharing() -> dict[str, Any]:
    """Perplexities of 32 cells, scored by ten seeds after four epochs."""
    rng = np.random.default_rng(0)
    truth = 65 + np.sort(rng.gamma(2.0, 2.0, CELLS))
    scores = 200 + 2 * truth + rng.normal(0, 12, (len(SEEDS), CELLS))
    epochs = [0, 5, 10, 20]
    taus = np.clip(np.linspace(0, 0.4, 4)[:, None] + rng.normal(0, 0.1, (4, len(SEEDS))), -1, 1)
    ranks = scores.argsort(axis=1).argsort(axis=1) + 1
    return {
        "study": "weight-sharing",
        "space": "rnn2",
        "table": "rnn2-ptb",
        "metric": "validation_perplexity",
        "score_metric": "validation_perplexity",
        "larger_is_better": False,
        "repeats": 10,
        "seeds": SEEDS,
        "epochs": epochs,
        "factors": {"recipe": "ptb"},
        "cells": [
            {
                "cell": f"cell {i}",
                "rank": i + 1,
                "truth": float(truth[i]),
                "truth_std": 0.8,
                "scores": scores[:, i].tolist(),
                "score_mean": float(scores[:, i].mean()),
                "score_std": float(scores[:, i].std(ddof=1)),
            }
            for i in range(CELLS)
        ],
        "scorings": [
            {"seed": seed, "epoch": epoch, "cells": CELLS, "tau": float(taus[i, j]), "reasons": {}}
            for i, epoch in enumerate(epochs)
            for j, seed in enumerate(SEEDS)
        ],
        "summary": [{"epoch": epoch, "tau": spread(taus[i].tolist())} for i, epoch in enumerate(epochs)],
        "displacements": [
            {
                "run": run,
                "seed": SEEDS[j],
                "tau": float(taus[-1, j]),
                "ranks": [{"cell": f"cell {i}", "true": i + 1, "shared": int(ranks[j, i])} for i in range(10)],
            }
            for run, j in _picked(taus[-1])
        ],
        "failed": {},
    }


def sharing_amount() -> dict[str, Any]:
    """Four groups of three cells, which can have a tau of -1, -1/3, 1/3 or 1."""
    rng = np.random.default_rng(1)
    true, scores = rng.permutation(12) + 1, rng.normal(size=(len(SEEDS), 12))
    ranks = scores.argsort(axis=1).argsort(axis=1) + 1
    taus = rng.choice([-1, -1 / 3, 1 / 3, 1], (4, len(SEEDS)))
    cells = [
        {
            "cell": f"cell {i}",
            "shared": i // 3,
            "operation": ("conv3x3", "conv1x1", "maxpool")[i % 3],
            "truth": 0.95 - 0.01 * int(true[i]),
            "truth_std": 0.01,
            "true_rank": int(true[i]),
            "scores": scores[:, i].tolist(),
            "shared_ranks": ranks[:, i].tolist(),
            "shared_rank": float(ranks[:, i].mean()),
        }
        for i in range(12)
    ]
    return {
        "study": "sharing-amount",
        "space": "nasbench101-v6",
        "truth": "recipe digits",
        "metric": "test_accuracy",
        "score_metric": "validation_accuracy",
        "larger_is_better": True,
        "repeats": 3,
        "seeds": SEEDS,
        "epochs": 20,
        "factors": {},
        "cells": sorted(cells, key=lambda cell: cell["true_rank"]),
        "groups": [
            {"shared": i, "cells": 3, "taus": taus[i].tolist(), "tau": spread(taus[i].tolist())} for i in range(4)
        ],
        "taus": taus[0].tolist(),
        "tau": spread(taus[0].tolist()),
        "failed": {},
    }


def curves() -> Any:
    """Mean regrets of two policies with their intervals, over 1 to 200 queries."""
    queries = [1.0, 5.0, 20.0, 80.0, 200.0]
    means = {"nao": [6.0, 3.0, 2.0, 1.5, 1.2], "random-search": [6.0, 3.2, 2.5, 2.0, 1.9]}
    lines = [
        {"name": name, "x": queries, "mean": mean, "low": [m - 0.5 for m in mean], "high": [m + 0.7 for m in mean]}
        for name, mean in means.items()
    ]
    labels = {"title": "Space rnn2", "x_label": "queries", "y_label": "regret in test perplexity"}
    return {**labels, "steps": True, "lines": lines, "levels": [], "left_out": []}
