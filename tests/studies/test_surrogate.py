"""How good a surrogate is on cells held out, against scikit-learn, SciPy, and figures worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau, norm
from sklearn.metrics import r2_score, root_mean_squared_error

from backends.surrogate.examples import examples_of_table, split
from backends.surrogate.model import Prediction
from backends.tabular import open_table
from harness.core.errors import SettingError
from harness.output.page import render
from harness.planning.settings import create_space
from harness.studies.surrogate.measure import FitRequest, fit_surrogate, quality
from harness.studies.surrogate.page import surrogate_page
from tests.backends.surrogate.small import cells_of, examples, silent

Array = np.ndarray[Any, Any]


def prediction(mean: Array, spread: float = 0.1, noise: float = 0.0) -> Prediction:
    return Prediction(mean, np.full(len(mean), spread), np.full(len(mean), noise), np.zeros(len(mean)))


def held(repeats: Array) -> Any:
    return examples(cells_of(5)[: len(repeats)], repeats)


def test_agreement_is_that_of_scipy_and_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    repeats = rng.random((200, 3))
    mean = repeats.mean(axis=1) + rng.normal(size=200) * 0.1
    found = quality(held(repeats), prediction(mean))
    values = repeats.mean(axis=1)
    assert found["tau"] == pytest.approx(kendalltau(mean, values).statistic)
    assert found["sparse_tau"] == pytest.approx(kendalltau(mean.round(3), values.round(3)).statistic)
    assert found["r2"] == pytest.approx(r2_score(values, mean))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(values, mean))
    assert (found["cells"], found["values"], found["reasons"]) == (200, 600, {})


def test_single_repeats_are_counted_inside_of_intervals() -> None:
    # deviation 1 by spread 0.6 and noise 0.8; central intervals end at 0.674, 1.282 and 1.960
    repeats = np.array([[0.5, 1.0, np.nan], [-0.7, np.nan, np.nan], [1.5, 1.9, 2.5]])
    found = quality(held(repeats), prediction(np.zeros(3), spread=0.6, noise=0.8))
    assert found["values"] == 6
    assert found["inside"] == {"50": pytest.approx(1 / 6), "80": pytest.approx(3 / 6), "95": pytest.approx(5 / 6)}


def test_the_calibration_error_is_the_mean_distance_of_shares_from_levels() -> None:
    quantiles = norm.ppf([0.12, 0.62])  # from 15 % on half of the values are below, from 65 % on all
    found = quality(held(quantiles[:, None]), prediction(np.zeros(2), spread=1.0))
    levels = [level / 100 for level in range(5, 100, 5)]
    shares = [0.0] * 2 + [0.5] * 10 + [1.0] * 7
    expected = np.mean([abs(share - level) for share, level in zip(shares, levels, strict=True)])
    assert found["calibration_error"] == pytest.approx(expected)


def test_predictions_that_are_drawn_as_they_say_are_calibrated() -> None:
    rng = np.random.default_rng(1)
    mean = rng.random(2000)
    found = quality(held(mean[:, None] + 0.3 * rng.normal(size=(2000, 2))), prediction(mean, spread=0.3))
    assert found["calibration_error"] < 0.01
    assert found["inside"]["80"] == pytest.approx(0.8, abs=0.02)


def test_certain_predictions_are_inside_where_they_are_right() -> None:
    found = quality(held(np.array([[0.5], [0.5], [0.6]])), prediction(np.full(3, 0.5), spread=0.0))
    assert found["inside"]["50"] == pytest.approx(2 / 3)


def test_numbers_that_are_not_have_a_reason() -> None:
    found = quality(held(np.full((4, 1), 0.5)), prediction(np.arange(4) / 4))
    assert (found["tau"], found["sparse_tau"], found["r2"]) == (None, None, None)
    assert set(found["reasons"]) == {"tau", "sparse_tau", "r2"}
    assert "one value" in found["reasons"]["r2"]
    assert found["rmse"] is not None


def test_the_figures_are_those_of_cells_that_were_not_learnt_from(tmp_path: Path) -> None:
    table, space = open_table("nasbench101-v5-digits"), create_space("nasbench101-v5")
    everything = examples_of_table(table)
    request = FitRequest(cells=300, held_out=0.2, seed=4)
    found = fit_surrogate(everything, space, request, tmp_path / "a.surrogate.h5", silent)
    _, held_out = split(everything, held_out=0.2, seed=4)
    figures = found.facts.held_out
    mean = found.predict(space, held_out.keys).mean
    truth = table.values("validation_accuracy")[table.rows(held_out.keys)].mean(axis=1)
    assert figures["cells"] == len(held_out) == 506
    assert figures["tau"] == pytest.approx(kendalltau(mean, truth).statistic)
    assert figures["r2"] == pytest.approx(r2_score(truth, mean))
    assert figures["tau"] > 0.6
    assert figures["inside"]["80"] == pytest.approx(0.8, abs=0.1)
    again = fit_surrogate(everything, space, request, tmp_path / "b.surrogate.h5", silent)
    assert again.digest == found.digest


def test_a_wrong_name_is_refused_before_anything_is_fitted(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="must end in"):
        fit_surrogate(held(np.ones((3, 1))), create_space("nasbench101-v5"), FitRequest(), tmp_path / "a.h5", silent)


def test_the_page_says_what_is_not_known_and_what_is_dangerous(tmp_path: Path) -> None:
    space, keys = create_space("nasbench101-v5"), cells_of(4)
    of = examples(keys, np.arange(len(keys))[:, None] / len(keys), metric="test_accuracy")
    found = fit_surrogate(of, space, FitRequest(held_out=0.02), tmp_path / "a.surrogate.h5", silent)
    text = " ".join(render(surrogate_page(found), "markdown").split())
    assert "2" in text
    assert "nothing is known" not in text
    for words in ("needs at least 3 pairs", "--search-metric test", "luck cannot be told", "a Score costs none"):
        assert words in text
    assert found.facts.held_out["tau"] is None
