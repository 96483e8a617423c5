"""ENAS: an LSTM controller trained by REINFORCE (Pham et al., ICML 2018), on any space's decisions.

Numbers and loop are those of the NAS-Bench-101 search of eval-nas (github.com/kcyu2014/eval-nas,
search_policies/cnn/enas_policy/enas_search_policy.py and configs.py). An epoch trains the shared weights on one
controller sample a step (``Update``, which is free without shared weights), then the controller on rewards (``Score``).
Every 20 epochs the latest distinct training samples and some fresh samples are scored, and the best is recommended. A
reward is measured on one batch of validation data (``reward_batches``), a score on all of it, where the oracle
distinguishes the two.

The controller is the published one where each node of a cell chooses one predecessor and one operation, which the
decisions of a space show (``SearchSpace.operations``): that of recurrent cells in the spaces of these, else that of
convolutional cells, whose bias towards convolutions is for NAS-Bench-101. In other encodings, such as the edges of
NAS-Bench-101, every decision has a layer of its own (``controller='decisions'``, which earlier versions used in all
spaces).

Two departures from the released code, each with a setting: the moving baseline is kept from epoch to epoch
(``baseline='reset'`` restarts it in each epoch, as released), and the reward is a fraction, for which the weight of the
entropy was chosen (``reward_scale=100`` makes it a percentage, as released for shared weights).

``select='sampled'`` recommends the best of ``fresh`` samples of the controller, each seen on ``reward_batches`` of the
validation data (melodyguan/enas prints ten an epoch to choose from; AutoDL-Projects takes the best of 100 at the end).

Where not every row of choices is a cell, the controller's distribution is conditioned on the cells: rows outside the
space are drawn again. The gradient of E[R | inside] is E[(R - b) (grad log p - grad log Z) | inside], where Z is the
probability of the cells. Since grad log Z is the same for all rows, its term vanishes for b = E[R | inside], which the
moving baseline estimates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from harness.core.oracle import QueryKind, Score, State, Update
from harness.core.space import Architecture, Choices, SearchSpace
from policies.networks.arrays import to_arrays, to_tensors
from policies.networks.named_controllers import ControllerName, build_controller, controller_for
from policies.parts.ranges import require_at_least, require_within
from policies.parts.step import BestArchitecture, SearchStep, SteppedPolicy, draw

MAX_BATCHES = 100
"""After this many rejected batches the space's sampler draws the missing rows, so that no controller hangs a search."""

MIN_BATCH = 32
"""The fewest rows of a rollout; a smaller rollout takes as long."""


class ENAS(SteppedPolicy):
    """Takes ``updates`` shared-weight steps and ``steps`` controller steps on ``samples`` rewards for ``epochs``."""

    needs: ClassVar[frozenset[QueryKind]] = frozenset({Score, Update})
    recipe: ClassVar[str] = "enas"
    implied: ClassVar[Mapping[str, Any]] = {
        "controller": "decisions",
        "reduction": 2.5,
        "init_range": 0.1,
        "beta1": 0.1,
        "epsilon": 1e-3,
        "select": "pool",
    }
    kept: ClassVar[tuple[str, ...]] = ("_epoch", "_stage", "_mean")

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: int = 200,
        updates: int = 282,  # 45,000 training images in batches of 160
        steps: int = 30,
        samples: int = 10,
        reward_batches: int = 1,
        controller: ControllerName | Literal["auto"] = "auto",
        hidden: int = 64,
        lr: float = 0.0035,
        beta1: float = 0.1,
        epsilon: float = 1e-3,
        temperature: float = 5.0,
        tanh: float = 1.10,
        init_range: float = 0.1,
        reduction: float = 2.5,  # of operations, in the controller of convolutional cells
        entropy: float = 1e-4,
        decay: float = 0.99,
        baseline: Literal["kept", "reset"] = "kept",
        reward_scale: float = 1.0,
        select: Literal["pool", "sampled"] = "pool",
        pool: int = 200,
        fresh: int = 10,  # from the controller, and again as many at random
        select_every: int = 20,
    ) -> None:
        require_at_least(1, epochs=epochs, steps=steps, samples=samples, hidden=hidden, pool=pool)
        require_at_least(1, reward_batches=reward_batches, select_every=select_every)
        require_at_least(0, updates=updates, lr=lr, entropy=entropy, fresh=fresh, tanh=tanh, init_range=init_range)
        require_at_least(1e-6, temperature=temperature, reward_scale=reward_scale, reduction=reduction, epsilon=epsilon)
        require_at_least(1 if select == "sampled" else 0, fresh=fresh)
        require_within(0, 1, decay=decay)
        require_within(0, 0.999999, beta1=beta1)
        super().__init__(space, rng, draw(space, rng, 1)[0])
        self.epochs, self.updates, self.steps, self.samples = epochs, updates, steps, samples
        self.entropy, self.decay, self.baseline, self.reward_scale = entropy, decay, baseline, reward_scale
        self.fresh, self.select_every, self.reward_batches = fresh, select_every, reward_batches
        self.select = select
        name = controller_for(space) if controller == "auto" else controller
        sizes = {"hidden": hidden, "temperature": temperature, "tanh": tanh, "init_range": init_range}
        self.controller = build_controller(name, space, rng, sizes, reduction)
        betas = (beta1, 0.999)
        self._adam = torch.optim.Adam(self.controller.parameters(), lr, betas=betas, eps=epsilon, fused=True)
        self._epoch, self._stage = 0, 0
        self._mean: float | None = None
        self._pool = Pool(pool, len(space.options))
        self._selected: BestArchitecture | None = None

    @staticmethod
    def settled(settings: Mapping[str, Any], space: SearchSpace) -> Mapping[str, Any]:
        """The settings with the controller that 'auto' means in this space."""
        asked = settings["controller"]
        return {**settings, "controller": controller_for(space) if asked == "auto" else asked}

    def _begin(self) -> SearchStep:
        while self._epoch < self.epochs:
            step = self._queries()
            if len(step.rows):
                return step
            self._advance()
        return self._nothing()

    def _queries(self) -> SearchStep:
        """The queries of the current stage: 0 trains shared weights, the last selects, others train the controller."""
        if self._stage == 0:
            return SearchStep(Update, self._pooled(self._draw(self.updates)))
        if self._stage <= self.steps:
            rows = self._draw(self.samples)
            return SearchStep(Score, rows if self.updates else self._pooled(rows), batches=self.reward_batches)
        epoch = self._epoch + 1
        if epoch % self.select_every and epoch < self.epochs:
            return self._nothing()
        if self.select == "sampled":
            return SearchStep(Score, self._draw(self.fresh), batches=self.reward_batches)
        self._pooled(np.concatenate([self._draw(self.fresh), draw(self.space, self.rng, self.fresh)]))
        return SearchStep(Score, self._pool.rows)

    def _finish(self, step: SearchStep) -> None:
        if self._stage > self.steps:
            self._select(step)
        elif self._stage > 0:
            self._reinforce(step)
        self._advance()

    def _advance(self) -> None:
        self._stage += 1
        if self._stage > self.steps + 1:
            self._epoch, self._stage = self._epoch + 1, 0
            if self.baseline == "reset":
                self._mean = None

    def _draw(self, count: int) -> Choices:
        """``count`` draws of the controller inside the space, shape (count, decisions)."""
        rows = np.empty((0, len(self.space.options)), np.int64)
        for _ in range(MAX_BATCHES):
            if len(rows) >= count:
                break
            drawn = self.controller.rollout(self.rng, max(MIN_BATCH, 2 * (count - len(rows))))
            rows = np.concatenate([rows, drawn[self.space.keys(drawn) >= 0]])
        rows = rows[:count]
        return np.concatenate([rows, draw(self.space, self.rng, count - len(rows))])

    def _pooled(self, rows: Choices) -> Choices:
        """Add rows to the pool and return them."""
        self._pool.add(rows, self.space.canonical_keys(self.space.keys(rows)))
        return rows

    def _reinforce(self, step: SearchStep) -> None:
        """One step of Adam on the mean of -log p (R - b); R includes the entropy bonus (eval-nas, controller_train)."""
        values = np.asarray(step.values)
        kept = ~np.isnan(values)  # an architecture without a value is skipped, as released
        if not kept.any():
            return
        logs, entropies = self.controller(step.rows[kept])
        rewards = self.reward_scale * values[kept] + self.entropy * entropies
        advantages = torch.tensor([self._advantage(reward) for reward in rewards.tolist()])
        self._adam.zero_grad()
        (-(logs * advantages).sum() / self.samples).backward()
        self._adam.step()

    def _advantage(self, reward: float) -> float:
        """The reward minus the moving mean, which starts at the first reward and is updated before the subtraction."""
        mean = reward if self._mean is None else self._mean
        self._mean = mean - (1 - self.decay) * (mean - reward)
        return reward - self._mean

    def _select(self, step: SearchStep) -> None:
        """Recommend the best of these rows from now on; keep the earlier recommendation if every score failed."""
        self._selected = BestArchitecture.of(step.rows, step.values) or self._selected

    def recommend(self) -> Architecture:
        """The best of the latest complete scoring of the pool or samples; before the first, the best reward so far."""
        return (self._selected or self._best).architecture

    def state_dict(self) -> dict[str, Any]:
        """Also the controller, its optimiser, the pool, and the best of its latest scoring."""
        return super().state_dict() | {
            "pool": self._pool.state_dict(),
            "selected": self._selected and self._selected.state_dict(),
            "controller": to_arrays(self.controller.state_dict()),
            "adam": to_arrays(self._adam.state_dict()["state"]),
        }

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        super().load_state_dict(state)
        self._pool.load_state_dict(state["pool"])
        self._selected = state["selected"] and BestArchitecture.from_state(state["selected"])
        self.controller.load_state_dict(to_tensors(state["controller"]))
        groups = self._adam.state_dict()["param_groups"]
        self._adam.load_state_dict({"state": to_tensors(state["adam"]), "param_groups": groups})


class Pool:
    """The latest ``size`` distinct cells, the oldest first; a cell that is added again becomes the latest."""

    def __init__(self, size: int, decisions: int) -> None:
        self.size, self.decisions = size, decisions
        self._rows: dict[int, list[int]] = {}

    def add(self, rows: Choices, keys: Choices) -> None:
        """Add rows, shape (rows, decisions), with their canonical keys, shape (rows,)."""
        for key, row in zip(keys.tolist(), rows.tolist(), strict=True):
            self._rows.pop(key, None)
            self._rows[key] = row
        for key in list(self._rows)[: -self.size]:
            del self._rows[key]

    @property
    def rows(self) -> Choices:
        """All rows, shape (rows, decisions)."""
        return np.array(list(self._rows.values()), np.int64).reshape(-1, self.decisions)

    def state_dict(self) -> dict[str, Any]:
        """Keys and rows."""
        return {"keys": np.array(list(self._rows), np.int64), "rows": self.rows}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        self._rows = {}
        self.add(np.array(state["rows"], np.int64), np.array(state["keys"], np.int64))
