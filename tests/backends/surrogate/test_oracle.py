"""The oracle that answers from a surrogate keeps the contract, and draws what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest

from backends.score_gradient import score_gradient
from backends.surrogate.files import Surrogate
from backends.surrogate.oracle import SurrogateOracle
from harness.core.budget import Cost
from harness.core.errors import IncompatibleError, SettingError, SpaceError, TableError
from harness.core.oracle import Answer, Gradient, Metric, Oracle, Query, Score, Scored, Update, Updated
from harness.core.space import Architecture
from harness.planning.settings import create_space
from harness.testing import ORACLE_CHECKS, ContractError, OracleCase
from harness.testing import oracles as checks
from tests.backends.surrogate.small import cells_of, examples, made, written

SPACE = create_space("nasbench101-v5")


def oracle(seed: int = 1, **settings: Any) -> SurrogateOracle:
    return SurrogateOracle(SPACE, seed, surrogate=written(), **settings)


def scores(of: Oracle, cells: Sequence[Architecture]) -> list[float]:
    return [answer.value for answer in of.answer([Score(cell) for cell in cells]) if isinstance(answer, Scored)]


CELLS = [SPACE.from_key(key) for key in cells_of(5)[::50].tolist()]

CASES: dict[str, OracleCase] = {
    "mean": OracleCase(oracle),
    "sample": OracleCase(lambda seed: oracle(seed, repeat="sample")),
    "retrain": OracleCase(lambda seed: oracle(seed, repeat="retrain")),
    "smaller space": OracleCase(
        lambda seed: SurrogateOracle(create_space("nasbench101-v4"), seed, surrogate=written())
    ),
    "tree encoding": OracleCase(
        lambda seed: SurrogateOracle(create_space("nasbench101-v5", {"encoding": "tree"}), seed, surrogate=written())
    ),
    "slopes": OracleCase(
        lambda seed: score_gradient(SurrogateOracle)(SPACE, seed, surrogate=written()),
        estimates_slopes="its gradient is a random estimate",
    ),
}

ANEW = (checks.only_updates_train, checks.training_moves_shared_scores)
"""What asks that a score asked again has the same value, which 'retrain' is there to change."""


@pytest.mark.parametrize("check", ORACLE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", CASES)
def test_it_keeps_the_contract(name: str, check: Callable[[OracleCase], None]) -> None:
    case = replace(CASES[name], settings={"surrogate": written()})
    if name == "retrain" and check in ANEW:
        with pytest.raises(ContractError, match="score"):
            check(case)
    else:
        check(case)


class InPercent(SurrogateOracle):
    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        answers = super().answer(queries)
        return [Scored(100 * each.value, each.cost) if isinstance(each, Scored) else each for each in answers]


class ForgetsHowOften(SurrogateOracle):
    def load_state_dict(self, state: Any) -> None:
        pass


class SaysIndependent(SurrogateOracle):
    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.independent = True


class CountsRefusals(SurrogateOracle):
    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        self._asked[0] += 1
        return super().answer(queries)


class ScoresWhatIsWritten(SurrogateOracle):
    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        answers = super().answer(queries)
        return [
            Scored(each.value * (0.5 + 0.1 * query.architecture.choices[0]), each.cost)
            if isinstance(each, Scored) and isinstance(query, Score)
            else each
            for each, query in zip(answers, queries, strict=True)
        ]


BROKEN = [
    (InPercent, "mean", checks.answers_match, "outside the metric's range"),
    (ForgetsHowOften, "retrain", checks.resumes_from_any_cut, "uninterrupted"),
    (SaysIndependent, "retrain", checks.independent_means_it, "batches"),
    (CountsRefusals, "mean", checks.refuses_what_it_cannot, "change nothing"),
    (ScoresWhatIsWritten, "mean", checks.a_cell_is_one_point, "canonical form"),
]


@pytest.mark.parametrize(
    ("broken", "repeat", "check", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", "")
)
def test_the_contract_rejects_it_broken(
    broken: type[SurrogateOracle], repeat: Any, check: Callable[[OracleCase], None], words: str
) -> None:
    case = OracleCase(lambda seed: broken(SPACE, seed, surrogate=written(), repeat=repeat))
    with pytest.raises(ContractError, match=words):
        check(case)


def test_a_score_is_the_expected_value_at_the_predicted_cost() -> None:
    found = oracle()
    assert isinstance(found, Oracle)
    assert found.metric == Metric("accuracy", "validation", 0.0, 1.0)
    assert (found.supports, found.independent, found.shares_weights) == ({Score, Update}, True, False)
    expected = Surrogate.open(written()).predict(SPACE, cells_of(5)[::50])
    answers = found.answer([Score(CELLS[0]), Update((CELLS[0],)), Score(CELLS[1], 12)])
    assert answers == [
        Scored(expected.mean[0], Cost(1, 12, expected.seconds[0])),
        Updated(None, Cost()),
        Scored(expected.mean[1], Cost(1, 12, expected.seconds[1])),
    ]
    assert expected.seconds.min() > 0
    assert oracle().answer([]) == []


def test_it_answers_for_cells_that_it_never_learnt_from() -> None:
    learnt = Surrogate.open(written()).facts.cells
    answers = oracle().answer([Score(SPACE.from_key(key)) for key in cells_of(5).tolist()])
    assert learnt < len(answers) == 2532
    assert all(isinstance(answer, Scored) for answer in answers)


def test_asking_again_is_counted_by_cell() -> None:
    found = oracle()
    labelled = SPACE.aliases(cells_of(5))
    places = np.flatnonzero(np.bincount(labelled[1]) > 1)
    twins = labelled[0][labelled[1] == places[0]][:2]
    found.answer([Score(SPACE.from_key(int(key))) for key in twins])
    found.answer([Score(CELLS[3]), Score(CELLS[3]), Score(CELLS[4])])
    assert (found.asked, found.repeated) == (5, 2)


def standardised(values: np.ndarray[Any, Any], noise: bool = True) -> np.ndarray[Any, Any]:
    """Draws of ``CELLS``, less what is expected, over their predicted deviation."""
    expected = Surrogate.open(written()).predict(SPACE, cells_of(5)[::50])
    deviation = np.hypot(expected.spread, expected.noise) if noise else expected.noise
    return np.asarray((values - expected.mean) / deviation) if noise else np.asarray(values / deviation)


def test_samples_are_draws_from_the_predictive_distribution() -> None:
    drawn = np.array([scores(oracle(seed, repeat="sample"), CELLS) for seed in range(30)])
    deviates = standardised(drawn).ravel()
    assert kstest(deviates, "norm").pvalue > 0.01
    assert abs(np.corrcoef(drawn[0], drawn[1])[0, 1]) < 1


def test_a_sample_is_one_draw_a_run_and_cell() -> None:
    first = oracle(5, repeat="sample")
    values = scores(first, CELLS)
    assert scores(first, CELLS) == values
    assert scores(oracle(5, repeat="sample"), CELLS[::-1]) == values[::-1]
    assert scores(oracle(6, repeat="sample"), CELLS) != values


def test_training_again_draws_the_luck_anew_and_keeps_what_is_not_known() -> None:
    found = oracle(5, repeat="retrain")
    assert not found.independent
    first = np.array(scores(found, CELLS))
    assert first.tolist() == scores(oracle(5, repeat="sample"), CELLS)
    again = np.array([scores(found, CELLS) for _ in range(40)])
    repeat_variance = standardised(np.diff(again[::2], axis=0), noise=False).ravel() / np.sqrt(2)
    assert repeat_variance.std() == pytest.approx(1, abs=0.06)
    together = scores(oracle(5, repeat="retrain"), [*CELLS, *CELLS])
    assert together == [*first.tolist(), *again[0].tolist()]


@pytest.mark.slow(reason="fits surrogates")
def test_values_are_cut_at_the_ends_of_the_metric(tmp_path: Path) -> None:
    keys, rng = cells_of(5), np.random.default_rng(0)
    near = np.clip(rng.normal(0.98, 0.2, size=(len(keys), 3)), 0, 1)
    path = tmp_path / "near.surrogate.h5"
    made(path, examples(keys, near), SPACE, "boosting")
    values = scores(SurrogateOracle(SPACE, 0, surrogate=str(path), repeat="sample"), CELLS)
    assert max(values) == 1.0
    assert min(values) < 1.0


def test_perplexities_are_negated_logarithms(tmp_path: Path) -> None:
    rnn, keys = create_space("rnn2"), np.arange(32)
    path = tmp_path / "rnn.surrogate.h5"
    made(path, examples(keys, -np.log(60.0 + keys[:, None]), metric="validation_perplexity"), rnn)
    found = SurrogateOracle(rnn, 0, surrogate=str(path))
    assert found.metric == Metric("negated log perplexity", "validation", -np.inf, -0.0)
    answers = found.answer([Score(rnn.from_key(key)) for key in (0, 31)])
    values = [answer.value for answer in answers if isinstance(answer, Scored)]
    assert -np.log(70) < values[0] < -np.log(59)
    assert -np.log(92) < values[1] < -np.log(80)
    assert answers[0].cost == Cost(1, 12, 0.0)


def test_the_record_of_a_run_is_filled_in_from_the_file() -> None:
    digest = Surrogate.open(written()).digest
    settings = {"surrogate": written(), "repeat": "mean", "digest": "", "tau": None, "caution": ""}
    settled, brought = SurrogateOracle.protocol(settings, "spos", SPACE)
    assert settled == {
        "surrogate": written(),
        "repeat": "mean",
        "digest": digest,
        "tau": 0.5,
        "caution": "its scores are predictions of validation accuracy at 12 epochs (held-out tau 0.50, R2 0.25, on 20 "
        "cells of nasbench101-v5-digits), and its hours are predicted too",
    }
    assert brought == {"budgets": (12,)}
    assert oracle(**{name: value for name, value in settled.items() if name != "surrogate"}).surrogate.digest == digest


MISTAKES: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"surrogate": ""}, SettingError, "oracle.surrogate=FILE"),
    ({"surrogate": "none.surrogate.h5"}, TableError, "none.surrogate.h5"),
    ({"repeat": "often"}, SettingError, "'often'"),
    ({"search_metric": "test"}, IncompatibleError, "--search-metric validation"),
    ({"digest": "f" * 64}, IncompatibleError, "is another than the run began with.*not ffffffffffff"),
]


@pytest.mark.parametrize(("settings", "error", "words"), MISTAKES, ids=lambda value: str(value)[:20])
def test_a_mistake_is_told_when_it_is_built(settings: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        SurrogateOracle(SPACE, 0, **{"surrogate": written(), **settings})


@pytest.mark.parametrize(
    ("query", "error", "words"),
    [
        (Score(CELLS[0], 4), IncompatibleError, "12 epochs alone, not of 4"),
        (Score(Architecture((9, 9))), SpaceError, "no cell"),
        (Gradient(SPACE.one_hot(CELLS[0])), IncompatibleError, "Gradient"),
    ],
    ids=["other epochs", "no cell", "a slope"],
)
def test_a_refused_query_counts_nothing(query: Query, error: type[Exception], words: str) -> None:
    found = oracle()
    with pytest.raises(error, match=words):
        found.answer([Score(CELLS[0]), query])
    assert found.asked == 0
