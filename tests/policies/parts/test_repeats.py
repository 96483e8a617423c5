"""The count of samples since the last new cell, against a plain loop."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.parts.repeats import RepeatCounter
from tests.fakes.spaces import Pairs

SPACE = Pairs()
pairs = st.tuples(st.integers(0, 3), st.integers(0, 3))


@settings(max_examples=60, derandomize=True)
@given(st.lists(st.lists(pairs, min_size=1, max_size=5), max_size=8), st.integers(1, 6))
def test_the_count_is_that_of_samples_whose_cell_is_known_in_any_labelling(batches, most):
    counter, seen, repeats = RepeatCounter(SPACE, most), set(), 0
    for batch in batches:
        for pair in batch:
            cell = tuple(sorted(pair))
            repeats = repeats + 1 if cell in seen else 0
            seen.add(cell)
        counter.add(np.array(batch))
        resumed = RepeatCounter(SPACE, most)
        resumed.load_state_dict(counter.state_dict())
        counter = resumed
        assert counter.ended == (repeats >= most)
