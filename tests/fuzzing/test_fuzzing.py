"""Whatever a file holds, a reader reads it or refuses it in one line, soon."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing.readers import READERS, Reader
from tests.fuzzing.running import SECONDS, outcome

pytestmark = pytest.mark.slow(reason="every reader is tried with hostile files")


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name.replace(" ", "-"))
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=6, derandomize=True, database=None)
@given(number=st.integers(0, 10**6))
def test_a_hostile_file_is_read_or_refused_in_one_line(reader: Reader, number: int) -> None:
    begun = time.process_time()
    result, reason = outcome(reader, number)
    assert result != "traceback", f"file {number}: {reason}"
    assert time.process_time() - begun < SECONDS
