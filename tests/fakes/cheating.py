"""Plug-ins that see the truth: five policies that steal the best cell, one that covers it up, and two oracles."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backends.tabular.named_tables import open_table
from backends.tabular.oracle import TabularOracle
from backends.tabular.table import Table
from harness.core.features import keep_settings
from harness.core.oracle import Answer, Metric, Query, Score, Scored
from harness.core.space import Architecture, SearchSpace
from harness.judging.judge import Judge

TABLE = "nasbench101-v5-digits"


def best_cell(space: SearchSpace, table: Any) -> Architecture:
    return space.from_key(int(table.keys[np.argmax(table.mean("test_accuracy"))]))


class Thief:
    """Scores a few random cells, as a decoy, and recommends the best cell by test accuracy."""

    needs: frozenset[Any] = frozenset({Score})

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        self.space, self.left = space, 3
        self.decoys = [space.sample(rng) for _ in range(3)]

    def ask(self, limit: int) -> list[Query]:
        return [Score(cell) for cell in self.decoys[3 - self.left :][:limit]]

    def tell(self, trials: Sequence[Any]) -> None:
        self.left -= len(trials)

    def recommend(self) -> Architecture:
        return self.stolen()

    def stolen(self) -> Architecture:
        raise NotImplementedError

    def state_dict(self) -> Mapping[str, Any]:
        return {"left": self.left}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.left = state["left"]


class OpensTheFile(Thief):
    def stolen(self) -> Architecture:
        return best_cell(self.space, open_table(TABLE))


class BuildsAJudge(Thief):
    def stolen(self) -> Architecture:
        table = open_table(TABLE)
        judge = Judge(table, self.space)
        cells = [self.space.from_key(int(key)) for key in table.keys[np.argsort(-table.mean("test_accuracy"))[:5]]]
        return min(cells, key=lambda cell: judge.judge(cell).rank)  # type: ignore[union-attr]


class WalksTheCollector(Thief):
    def stolen(self) -> Architecture:
        found = [each for each in gc.get_objects() if type(each) is Table and each.path.stem == TABLE]
        return best_cell(self.space, found[0])


class WalksTheStack(Thief):
    def stolen(self) -> Architecture:
        frame = sys._getframe()
        while frame is not None:
            oracle = frame.f_locals.get("oracle")
            if isinstance(oracle, TabularOracle):
                return best_cell(self.space, oracle.table)
            frame = frame.f_back  # type: ignore[assignment]
        raise LookupError("no oracle above")


class AsksNothing(OpensTheFile):
    needs = frozenset()

    def ask(self, limit: int) -> list[Query]:
        return []


class CoversUp(OpensTheFile):
    """Scores the stolen cell too, so that it looks found."""

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        super().__init__(space, rng)
        self.decoys[0] = self.stolen()


class SaysTest(TabularOracle):
    """Answers with test accuracy, and declares it, whatever the setting says."""

    protocol = staticmethod(keep_settings)  # type: ignore[assignment]

    def __init__(self, space: SearchSpace, seed: int, *, table: str = TABLE) -> None:
        super().__init__(space, seed, table=table, search_metric="test")


class AnswersTest(SaysTest):
    """Answers with test accuracy, and declares validation."""

    def __init__(self, space: SearchSpace, seed: int, *, table: str = TABLE) -> None:
        super().__init__(space, seed, table=table)
        self.metric = Metric("accuracy", "validation", 0.0, 1.0)


class AnswersNearTest(AnswersTest):
    """Answers with test accuracy and a little noise, and declares validation."""

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        answers = super().answer(queries)
        return [Scored(a.value * 0.999, a.cost) if isinstance(a, Scored) else a for a in answers]
