"""What random draws come to, against the published figures of Yu et al. 2020 and against counting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics import p_beats_random

CELLS = 423_624
"""The size of NASBench-101, the r_max of Yu et al. 2020."""


@pytest.mark.parametrize(
    ("best_rank", "printed", "exact"),
    [
        pytest.param(19_552, 0.62, 0.6234, id="NAO, Table 3"),
        pytest.param(57_079, 0.24, 0.2352, id="DARTS, Table 3"),
        pytest.param(96_939, 0.07, 0.0744, id="ENAS, Table 3"),
        pytest.param(3_543, 0.92, 0.9194, id="NAO without weight sharing, Table 4"),
        pytest.param(4_610, 0.90, 0.8964, id="ENAS without weight sharing, Table 4"),
    ],
)
def test_the_probability_to_beat_random_gives_the_published_values_and_not_the_printed_equation(
    best_rank: int, printed: float, exact: float
) -> None:
    p = p_beats_random(best_rank, CELLS, 10)
    assert p == pytest.approx(exact, abs=5e-5)
    assert round(p, 2) == printed
    assert 1 - (1 - best_rank / CELLS) ** 10 == pytest.approx(1 - p)


@given(st.integers(1, 40), st.integers(1, 5), st.data())
def test_the_probability_to_beat_random_is_that_of_draws_that_all_rank_worse(
    size: int, runs: int, data: st.DataObject
) -> None:
    best_rank = data.draw(st.integers(1, size))
    assert p_beats_random(best_rank, size, runs) == pytest.approx(((size - best_rank) / size) ** runs)


def test_the_probability_to_beat_random_is_defined_from_the_best_rank_to_the_last() -> None:
    assert p_beats_random(1, 100, 10) == pytest.approx(0.99**10)
    assert p_beats_random(100, 100, 10) == 0
    assert p_beats_random(1, 1, 1) == 0
    for wrong in [(0, 100, 10), (101, 100, 10), (1, 100, 0), (-1, 100, 1)]:
        with pytest.raises(ValueError, match="1 <= rank <= size"):
            p_beats_random(*wrong)
