"""Each contract check of tables rejects a table that breaks its rule, and an honest one passes them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.planning.settings import create_space
from harness.testing import TABLE_CHECKS, ContractError
from harness.testing import tables as checks

SPACE = create_space("nasbench101-v4")


class Honest:
    """The 91 cells of at most four vertices with made-up values, in memory."""

    space, scheme, recipe, provenance, digest = "nasbench101-v4", "nasbench101", "none", {"source": "made up"}, "0"
    metrics, epochs = ("test_accuracy", "training_seconds"), (4,)
    keys = np.sort(SPACE.enumerate_keys())

    def rows(self, keys: Any) -> Any:
        return np.searchsorted(self.keys, SPACE.canonical_keys(keys))

    def values(self, metric: str, epochs: int) -> Any:
        return np.linspace(0, 1, 91)[:, None]

    def recorded(self, epochs: int) -> Any:
        return np.ones((91, 1), dtype=bool)


class OutOfOrder(Honest):
    keys = Honest.keys[::-1]


class NotCanonical(Honest):
    keys = np.sort(SPACE.aliases(Honest.keys)[0])


class FindsTheWrongRow(Honest):
    def rows(self, keys: Any) -> Any:
        return super().rows(keys) // 2


class KnowsOneLabelling(Honest):
    def rows(self, keys: Any) -> Any:
        return np.searchsorted(self.keys, keys).clip(max=90)


class HoldsPercent(Honest):
    def values(self, metric: str, epochs: int) -> Any:
        return 100 * super().values(metric, epochs)


class HoldsLogarithms(Honest):
    metrics = ("test_perplexity",)


class InventsValues(Honest):
    def recorded(self, epochs: int) -> Any:
        return np.zeros((91, 1), dtype=bool)


class HasNoSource(Honest):
    provenance: dict[str, str] = {}  # noqa: RUF012


BROKEN = [
    (checks.rows_are_canonical, OutOfOrder, "sorted"),
    (checks.rows_are_canonical, NotCanonical, "canonical"),
    (checks.every_row_is_found, FindsTheWrongRow, "row's key"),
    (checks.every_row_is_found, KnowsOneLabelling, "labelling"),
    (checks.values_are_in_range, HoldsPercent, "leaves its range: each must be a fraction"),
    (checks.values_are_in_range, HoldsLogarithms, "leaves its range: each must be a perplexity"),
    (checks.values_are_in_range, InventsValues, "never recorded"),
    (checks.provenance_is_there, HasNoSource, "provenance"),
]


@pytest.mark.parametrize("check", TABLE_CHECKS, ids=lambda check: check.__name__)
def test_an_honest_table_passes(check: Callable[[Any], None]) -> None:
    check(Honest())


@pytest.mark.parametrize(("check", "table", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_check_states_the_rule_that_a_table_broke(check: Any, table: Any, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        check(table())


def test_every_table_check_has_a_table_that_it_rejects() -> None:
    assert {check for check, *_ in BROKEN} == set(TABLE_CHECKS)
