"""NAO: architectures improved along the gradient of a learned predictor (Luo et al., NeurIPS 2018), on any space.

The loop and its numbers are those of the NAS-Bench-101 search of eval-nas (github.com/kcyu2014/eval-nas,
search_policies/cnn/nao_policy/nao_search_policy.py and configs.py) and of NAO_pytorch under it
(github.com/renqianluo/NAO_pytorch, NAO_V1/train_search.py). In each iteration the shared weights are trained on
architectures drawn from the pool (``Update``, free without shared weights), the pool is scored (``Score``), an encoder,
predictor and decoder are fitted to the scores, and the embeddings of the best architectures are moved along the
predictor's gradient and decoded to new architectures. The architectures of the last iteration are scored too, and the
best score is recommended.

Departures from the released code: in eval-nas the operations of every generated architecture are rotated by one
(utils_for_nasbench.py: written with an offset of nodes + 1, read with nodes + 2), the architectures of the last
iteration are never scored, and an architecture counts as new if its sequence is new. Here decoding inverts encoding,
all architectures are scored, and an architecture counts as new if its cell is new. The shared weights' architectures
are drawn uniformly from the pool, as in NAO_pytorch; eval-nas draws by parameter count, which a space does not know.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from harness.core.oracle import QueryKind, Score, State, Update
from harness.core.space import Architecture, Choices, SearchSpace
from policies.networks.arrays import to_arrays, to_tensors
from policies.networks.autoencoder import Autoencoder
from policies.networks.fitting import FitSettings, fit
from policies.parts.cells import canonical, draw_unseen, unseen
from policies.parts.ranges import require_at_least, require_within
from policies.parts.step import Floats, SearchStep, SteppedPolicy


class NAO(SteppedPolicy):
    """Scores a pool of ``pool`` and extends it by ``new`` generated and ``random`` random cells, ``iterations`` times.

    ``None`` means the published sizes, or proportionally smaller sizes for smaller spaces: see ``PoolSizes``.
    ``keep='best'`` drops the worst cells, as many as are added (NAO_pytorch); ``'all'`` drops none (eval-nas).
    ``score_batches`` scores a cell on so many small batches of validation data (NAO_pytorch and eval-nas: one of 500
    images), in place of all (``None``); an oracle that has no smaller batches answers with all.
    ``rescore=False`` scores new cells only, which suffices where scores do not change, as without shared weights.
    ``stride`` is the mean distance over the decisions by which a step of 1 moves the encoder's outputs (unit vectors).
    0 steps by the unscaled gradient, as released. That gradient shrinks with the number of decisions and where the
    predictor saturates: on the 26 decisions of NAS-Bench-101 its 50 step sizes find about 20 of the 300 wanted cells.
    ``targets='minmax'`` fits the scores scaled to [0, 1]; ``'ranks'`` fits their ranks, for scores among which a few
    bad trainings take up most of the range.
    ``expand`` repeats the data within an epoch (8 in eval-nas), which has the same effect as more epochs, hence 1.
    ``holdout`` withholds a share of the data (eval-nas: 0.1, only to print the error on it).
    """

    needs: ClassVar[frozenset[QueryKind]] = frozenset({Score, Update})
    recipe: ClassVar[str] = "nao"
    implied: ClassVar[Mapping[str, Any]] = {"score_batches": None}
    kept: ClassVar[tuple[str, ...]] = ("_pool", "_values", "_from", "_scored", "_iteration", "_epoch")

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        iterations: int = 3,  # eval-nas: epochs 50, 100 and 150 of 200
        update_epochs: int = 50,  # configs.py: child_eval_epochs
        updates: int = 176,  # 45,000 training images in batches of 256
        pool: int | None = None,
        seeds: int | None = None,
        new: int | None = None,
        random: int | None = None,
        keep: Literal["all", "best"] = "all",
        rescore: bool = True,
        score_batches: int | None = None,
        max_step: int = 50,
        stride: float = 0.06,
        targets: Literal["minmax", "ranks"] = "minmax",
        hidden: int | None = None,
        layers: int = 3,
        width: int = 200,
        dropout: float = 0.1,
        training_epochs: int = 100,  # published: 1000; ten seeds on NAS-Bench-101 recommended nothing better with it
        batch: int = 100,
        lr: float = 1e-3,
        weight_decay: float = 1e-4,
        clip: float = 5.0,
        trade_off: float = 0.8,
        expand: int = 1,
        holdout: float = 0.0,
    ) -> None:
        require_at_least(1, pool=pool, seeds=seeds, hidden=hidden, layers=layers)
        require_at_least(1, score_batches=score_batches, width=width, batch=batch, expand=expand)
        require_at_least(0, iterations=iterations, update_epochs=update_epochs, updates=updates, new=new, random=random)
        require_at_least(0, max_step=max_step, training_epochs=training_epochs, stride=stride)
        require_at_least(0, lr=lr, weight_decay=weight_decay, clip=clip)
        require_within(0, 1, trade_off=trade_off)
        require_within(0, 0.9, dropout=dropout, holdout=holdout)
        self.sizes = PoolSizes.of(space.size, pool=pool, seeds=seeds, new=new, random=random)
        self._pool = draw_unseen(space, rng, self.sizes.pool, np.empty(0, np.int64))
        super().__init__(space, rng, self._pool[0])
        self.iterations, self.update_epochs, self.updates = iterations, update_epochs, updates
        self.keep, self.rescore, self.max_step, self.expand, self.holdout = keep, rescore, max_step, expand, holdout
        self.stride, self.score_batches = stride, score_batches
        self.fitting = FitSettings(targets, training_epochs, batch, lr, weight_decay, clip, trade_off)
        self._generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        width_of_states = hidden or default_hidden(space.size)
        self.model = Autoencoder(
            space.options, self._generator, hidden=width_of_states, layers=layers, width=width, dropout=dropout
        )
        self._values = np.full(len(self._pool), np.nan)
        self._from = 0  # the first row of the pool that is still to be scored
        self._scored = False
        self._iteration, self._epoch = 0, 0

    def _begin(self) -> SearchStep:
        while not (self._scored and self._iteration == self.iterations):
            if self._scored:
                self._extend()
            if self.updates and self._epoch < self.update_epochs:
                self._epoch += 1
                return SearchStep(Update, self._pool[self.rng.integers(len(self._pool), size=self.updates)])
            if len(rows := self._pool[self._from :]):
                return SearchStep(Score, rows, batches=self.score_batches)
            self._scored = True
        return self._nothing()

    def _finish(self, step: SearchStep) -> None:
        if step.kind is Score:
            self._values = self._known()
            self._scored = True

    def _known(self) -> Floats:
        """The latest value of each row of the pool; NaN for a row without a value."""
        values = self._values.copy()
        if self._step.kind is Score and not self._scored:
            values[self._from :][: len(self._step.values)] = self._step.values
        return values

    def _extend(self) -> None:
        """Sort the pool, best first and failures last, and append the new cells for the next scoring."""
        order = np.argsort(-self._values, kind="stable")
        pool, values = self._pool[order], self._values[order]
        seen = canonical(self.space, pool)
        found = self._generate(pool[~np.isnan(values)], values[~np.isnan(values)], seen)
        seen = np.concatenate([seen, canonical(self.space, found)])
        fresh = np.concatenate([found, draw_unseen(self.space, self.rng, self.sizes.random, seen)])
        kept = len(pool) if self.keep == "all" else max(1, len(pool) - len(fresh))
        self._pool = np.concatenate([pool[:kept], fresh])
        self._values = np.concatenate([values[:kept], np.full(len(fresh), np.nan)])
        self._from = 0 if self.rescore else kept
        self._iteration, self._epoch, self._scored = self._iteration + 1, 0, False

    def _generate(self, rows: Choices, values: Floats, seen: Choices) -> Choices:
        """Cells outside ``seen``, decoded from the first of ``rows`` after gradient steps of size 1, 2, 3 and so on."""
        found = rows[:0]
        if not len(rows):
            return found
        fit(self.model, *self._data(rows, values), self.fitting)
        outputs, slope = self.model.value_slope(torch.from_numpy(rows[: self.sizes.seeds]))
        slope = scaled_slope(slope, self.stride) if self.stride > 0 else slope
        for size in range(1, self.max_step + 1):
            if len(found) >= self.sizes.new:
                break
            decoded = self.model.decode(normalize(outputs + size * slope, dim=-1)).numpy()
            found = np.concatenate([found, decoded])
            found = found[unseen(self.space, found, seen)]
        return found[: self.sizes.new]

    def _data(self, rows: Choices, values: Floats) -> tuple[Choices, Floats]:
        """The rows and values to fit: without the held-out share, and repeated ``expand`` times."""
        kept = self.rng.permutation(len(rows))[: math.ceil(len(rows) * (1 - self.holdout))]
        kept = np.tile(kept, self.expand)
        return rows[kept], values[kept]

    def recommend(self) -> Architecture:
        """The best cell of the pool by its latest scores, the first of equals."""
        values = np.nan_to_num(self._known(), nan=-np.inf)
        return Architecture(tuple(self._pool[values.argmax()].tolist()))

    def state_dict(self) -> dict[str, Any]:
        """Also the network and its generator."""
        return super().state_dict() | {
            "generator": to_arrays(self._generator.get_state()),
            "model": to_arrays(self.model.state_dict()),
        }

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        super().load_state_dict(state)
        self._generator.set_state(to_tensors(state["generator"]))
        self.model.load_state_dict(to_tensors(state["model"]))


def scaled_slope(slope: Tensor, stride: float) -> Tensor:
    """Slopes, shape (decisions, rows, hidden), scaled so that each row's vectors have the mean length ``stride``."""
    lengths: Tensor = torch.linalg.vector_norm(slope, dim=-1).mean(0)
    return slope * stride / lengths.clamp(min=torch.finfo().tiny)[:, None]


@dataclass(frozen=True, slots=True)
class PoolSizes:
    """Numbers of architectures: in the first ``pool``, moved along the gradient (``seeds``), added per iteration."""

    pool: int
    seeds: int
    new: int
    random: int

    @classmethod
    def of(cls, cells: int, *, pool: int | None, seeds: int | None, new: int | None, random: int | None) -> PoolSizes:
        """The given sizes; each ``None`` is replaced by the default for a space of ``cells`` cells.

        The defaults are 600, 100, 300 and 100 (eval-nas, configs.py). The pool is at most a fifth of the cells; the
        other sizes shrink in proportion, with at least 4 seeds. For 32 cells this agrees with Yu et al. 2020, App. C.6:
        a first pool of 20 %, the top 4, at most 3 new.
        """
        pool = max(1, min(600, round(0.2 * cells))) if pool is None else pool
        share = min(1.0, pool / 600)
        return cls(
            pool,
            max(4, round(100 * share)) if seeds is None else seeds,
            max(1, round(300 * share)) if new is None else new,
            max(1, round(100 * share)) if random is None else random,
        )


def default_hidden(cells: int) -> int:
    """The width of the encoder's and decoder's states for a space of ``cells`` cells, in any encoding.

    Yu et al. 2020, App. C.6, and eval-nas, cnn_search_policy_factory.py, use 12 (B - 1) for B interior vertices: 12,
    24, 36, 48 for the 91, 2,532, 64,542 and 423,624 cells of NAS-Bench-101; NAO_pytorch, NAO_V1, uses 96 for its much
    larger spaces. The width returned is linear in the logarithm of ``cells`` and meets these numbers.
    """
    return 12 * max(1, min(8, round(math.log10(cells) - 1.6)))
