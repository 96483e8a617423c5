"""Fakes of what trains live: an oracle with shared weights, policies that train them or do not, and a GPU's oracle."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backends.synthetic import SyntheticOracle
from harness.core.budget import Cost
from harness.core.errors import ResourceError
from harness.core.oracle import (
    Answer,
    Failed,
    Metric,
    Query,
    Score,
    Scored,
    State,
    Trial,
    Update,
    Updated,
    require_answerable,
)
from harness.core.space import Architecture, SearchSpace
from policies.random_search import RandomSearch

SHARED, TRAINER, GRADER = "tests.fakes.live:SharedOracle", "tests.fakes.live:Trainer", "tests.fakes.live:Grader"


class SharedOracle:
    """Shared weights as one number, the count of points trained; a Score adds the key of the cell to it.

    Where the working directory has a file ``full`` with this run's seed, memory is full once two Scores are answered.
    Cells of an odd key fail with ``holes``, all of them with ``always_fails``.
    """

    supports = frozenset({Score, Update})
    independent = False
    shares_weights = True
    metric = Metric("accuracy", "validation", 0.0, 1.0)

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        recipe: str = "toy",
        device: str = "auto",
        verify: bool = True,
        holes: bool = False,
        always_fails: bool = False,
    ) -> None:
        self.space, self._seed, self._holes, self._always_fails = space, seed, holes, always_fails
        self._points, self._scores = 0, 0
        self._watch(recipe, device)

    def _watch(self, recipe: str, device: str) -> None:
        """For a test that wants to know what is built."""

    @staticmethod
    def protocol(settings: Mapping[str, Any], recipe: str, space: SearchSpace) -> tuple[dict[str, Any], dict[str, Any]]:
        """The recipe's full name is its family's and whose it is; it brings five updates and a foreign setting."""
        return {**settings, "recipe": f"{settings['recipe']}/{recipe}"}, {"updates": 5, "lr": 1, "warmup": 9}

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        require_answerable(self, queries)
        return [self._one(query) for query in queries]

    def _one(self, query: Query) -> Answer:
        if isinstance(query, Update):
            self._points += len(query.points)
            return Updated(0.5, Cost(0, 1.0, 3.0))
        self._scores += 1
        if self._scores > 2 and Path("full").is_file() and Path("full").read_text() == str(self._seed):
            raise ResourceError("the GPU has no memory left; lower the batch size")
        key = self.space.canonical_keys(np.array([self.space.key(query.architecture)]))[0]
        if self._always_fails or (self._holes and key % 2):
            return Failed("a hole", Cost(1))
        return Scored(float(self._points + key % 997 / 1000) / 1000, Cost(1, 0.0, 1.0))

    def state_dict(self) -> State:
        return {"points": self._points, "scores": self._scores}

    def load_state_dict(self, state: State) -> None:
        self._points, self._scores = state["points"], state["scores"]


class SharedLandscape(SyntheticOracle):
    """The synthetic oracle with its ``sharing``, known by its class to share weights."""

    shares_weights = True


class Trainer:
    """Asks some Updates, then some Scores, one at a time."""

    needs = frozenset({Score, Update})
    recipe = "theirs"

    def __init__(
        self, space: SearchSpace, rng: np.random.Generator, *, updates: int = 2, samples: int = 4, lr: float = 0.1
    ) -> None:
        self._cells = [space.sample(rng) for _ in range(updates + samples)]
        self._updates, self._told = updates, 0
        self._best = (float("-inf"), 0)

    def ask(self, limit: int) -> list[Query]:
        here = self._cells[self._told : self._told + 1]
        return [Update((cell,)) if self._told < self._updates else Score(cell) for cell in here]

    def tell(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            if isinstance(trial.answer, Scored):
                self._best = max(self._best, (trial.answer.value, self._told))
            self._told += 1

    def recommend(self) -> Architecture:
        return self._cells[self._best[1]]

    def state_dict(self) -> State:
        return {"told": self._told, "best": self._best}

    def load_state_dict(self, state: State) -> None:
        self._told, self._best = state["told"], state["best"]


class Killed(Trainer):
    """Its process is killed at its first question."""

    def ask(self, limit: int) -> list[Query]:
        os.kill(os.getpid(), signal.SIGKILL)
        return []


class KilledOnce(Trainer):
    """Its process is killed once, in the middle of the search."""

    def ask(self, limit: int) -> list[Query]:
        if self._told == 4 and not Path("killed").exists():
            Path("killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().ask(limit)


class Stopped(Trainer):
    """Its process is stopped once, in the middle of the search."""

    def ask(self, limit: int) -> list[Query]:
        if self._told == 4 and not Path("stopped").exists():
            Path("stopped").touch()
            os.kill(os.getpid(), signal.SIGSTOP)
        return super().ask(limit)


class Nameless(Trainer):
    """Follows nobody's recipe by name."""

    recipe = "spos"


class Grader(RandomSearch):
    """Scores without ever training."""

    needs = frozenset({Score})


class GpuOracle(SharedOracle):
    """Scores every cell with the number of its process's GPU over ten, once two processes are at work."""

    shares_weights = False

    def _one(self, query: Query) -> Answer:
        gpu = os.environ["CUDA_VISIBLE_DEVICES"]
        Path(f"gpu{gpu}").touch()
        late = time.monotonic() + 60
        while len(list(Path().glob("gpu*"))) < 2:
            if time.monotonic() > late:
                raise TimeoutError("no second process came")
            time.sleep(0.02)
        return Scored(int(gpu) / 10, Cost(1))
