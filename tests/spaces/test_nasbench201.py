"""NAS-Bench-201: its counts, its text form, and which cells its own rule joins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from harness.core.errors import SettingError, SpaceError
from harness.core.space import Architecture
from harness.planning.settings import create_space
from harness.spaces.nasbench201 import EDGES, OPERATIONS, NASBench201, class_text

ALL, UNIQUE = NASBench201(), NASBench201(cells="unique")
TEXT = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|nor_conv_3x3~2|"
ZEROS = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


def cell(*operations):
    """The cell of short names: 0 nothing, s skip, 1 and 3 convolutions, p pooling."""
    return tuple("0s13p".index(operation) for operation in operations)


def test_it_has_the_published_numbers_of_cells():
    """Dong and Yang 2020, Sec. 2.1 and Sec. 2.3: 15,625 in all, 6,466 without those that are the same."""
    assert (ALL.size, UNIQUE.size) == (15_625, 6_466)
    assert len(EDGES) == 6
    assert len(OPERATIONS) == 5


def test_the_text_form_is_the_benchmarks():
    architecture = ALL.parse(TEXT)
    assert architecture.choices == (3, 0, 4, 1, 2, 3)
    assert ALL.format(architecture) == TEXT
    assert ALL.parse(ZEROS).choices == (0,) * 6


def test_every_cell_is_read_back_from_its_text():
    texts = {ALL.format(architecture): architecture for architecture in ALL.enumerate()}
    assert len(texts) == 15_625
    assert all(ALL.parse(text) == architecture for text, architecture in texts.items())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a text such as"),
        ("|none~0|", "expected a text such as"),
        (TEXT.replace("~2", "~3"), "expected a text such as"),
        (TEXT + "x", "expected a text such as"),
        (TEXT.replace("avg_pool_3x3", "max_pool_3x3"), "'max_pool_3x3' is none of them"),
    ],
)
def test_other_texts_are_refused(text, words):
    with pytest.raises(SpaceError, match=words):
        ALL.parse(text)


def test_keys_count_in_base_five():
    rows = np.array(list(itertools.product(range(5), repeat=6)))
    assert (ALL.keys(rows) == np.arange(15_625)).all()
    assert (ALL.from_keys(np.arange(15_625)) == rows).all()


JOINED = {
    "the order of a sum": (cell("1", "0", "0", "3", "s", "0"), cell("3", "0", "0", "1", "s", "0")),
    "a skip connection on the way": (cell("s", "0", "0", "0", "3", "0"), cell("0", "0", "0", "3", "0", "0")),
    "an operation on nothing": (cell("0", "0", "0", "3", "1", "0"), cell("0", "0", "0", "3", "p", "0")),
    "what nothing uses": (cell("3", "p", "0", "1", "0", "0"), cell("3", "1", "3", "1", "0", "0")),
    "one convolution twice and two of the same input": (
        cell("3", "0", "s", "0", "s", "s"),
        cell("3", "3", "0", "0", "s", "s"),
    ),
}
APART = {
    "another operation": (cell("0", "0", "0", "3", "0", "0"), cell("0", "0", "0", "1", "0", "0")),
    "a sum of zeros and a zero": (cell("0", "0", "0", "3", "0", "s"), cell("0", "0", "0", "3", "0", "0")),
}


@pytest.mark.parametrize("name", JOINED)
def test_the_published_rule_joins(name):
    one, other = UNIQUE.canonical_keys(ALL.keys(np.array(JOINED[name])))
    assert JOINED[name][0] != JOINED[name][1]
    assert one == other


@pytest.mark.parametrize("name", APART)
def test_the_published_rule_keeps_apart(name):
    one, other = UNIQUE.canonical_keys(ALL.keys(np.array(APART[name])))
    assert one != other


def test_the_least_cell_stands_for_its_class():
    keys = np.arange(15_625)
    least = UNIQUE.canonical_keys(keys)
    texts = [class_text(tuple(row)) for row in ALL.from_keys(keys).tolist()]
    for key, low in zip(keys.tolist(), least.tolist(), strict=True):
        assert low <= key
        assert texts[low] == texts[key]
    assert len(set(texts)) == 6_466
    assert (UNIQUE.canonical_keys(least) == least).all()


def test_aliases_are_all_cells_of_the_classes_asked_about():
    some = UNIQUE.enumerate_keys()[[5, 1, 300]]
    keys, place = UNIQUE.aliases(some)
    assert (UNIQUE.canonical_keys(keys) == some[place]).all()
    everything = np.arange(15_625)
    assert keys.tolist() == everything[np.isin(UNIQUE.canonical_keys(everything), some)].tolist()


def test_both_spaces_read_the_same_table_and_the_unique_one_ranks_one_cell_a_class():
    assert ALL.scheme == UNIQUE.scheme
    keys = ALL.enumerate_keys()
    assert ALL.owns(keys).all()
    assert UNIQUE.owns(keys).sum() == 6_466
    assert not UNIQUE.owns(np.array([-1, 15_625])).any()


def test_the_names_of_the_spaces_fix_which_cells_count():
    assert create_space("nasbench201").size == 15_625
    assert create_space("nasbench201-unique").size == 6_466
    with pytest.raises(SettingError, match="'some': it must be 'all' or 'unique'"):
        NASBench201(cells="some")


def test_a_uniform_draw_of_the_unique_space_is_uniform_over_classes():
    rng = np.random.default_rng(5)
    keys = UNIQUE.keys(UNIQUE.sample_many(rng, 100_000))
    counts = np.bincount(np.searchsorted(UNIQUE.enumerate_keys(), keys), minlength=UNIQUE.size)
    expected = 100_000 / UNIQUE.size
    assert ((counts - expected) ** 2 / expected).sum() < UNIQUE.size + 5 * (2 * UNIQUE.size) ** 0.5


def test_an_architecture_of_another_length_is_foreign():
    assert not ALL.contains(Architecture((0, 1)))
    assert not ALL.contains(Architecture((0, 1, 2, 3, 4, 5)))
