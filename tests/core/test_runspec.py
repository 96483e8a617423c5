"""The digest names a run: it moves with all that decides the result, and with nothing else."""

import dataclasses
import hashlib
import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness.core import runspec
from harness.core.budget import Budget
from harness.core.errors import SettingError, StoreError
from harness.core.runspec import RunSpec

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def spec(**changes):
    return RunSpec(
        **{
            "policy": "nao",
            "oracle": "tabular",
            "space": "nasbench101-v5",
            "table": "digits",
            "table_digest": "ab" * 32,
            "search_metric": "validation_accuracy",
            "seed": 1268,
            "budget": Budget(queries=100, epochs=5),
            "settings": {"policy": {"rate": 0.1, "layers": (2, 3)}, "oracle": {}},
        }
        | changes
    )


@given(st.dictionaries(st.text(), PLAIN), st.integers(0, 2**200))
def test_a_record_comes_back_from_its_json(settings, seed):
    record = spec(settings=settings, seed=seed)
    assert RunSpec.from_json(record.to_json()) == record
    assert RunSpec.from_json(record.to_json()).digest == record.digest


def test_the_digest_is_sha256_of_the_canonical_json_without_the_name_of_the_table():
    content = json.loads(spec().to_json())
    assert content.pop("table") == "digits"
    assert content["version"] == harness.__version__
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert spec().digest == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"policy": "enas"},
        {"oracle": "synthetic"},
        {"space": "nasbench101"},
        {"table_digest": "cd" * 32},
        {"search_metric": "test_accuracy"},
        {"seed": 1269},
        {"budget": Budget(queries=101, epochs=5)},
        {"settings": {"policy": {"rate": 0.2, "layers": (2, 3)}, "oracle": {}}},
        {"version": "0.0.0"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_all_that_decides_a_result_moves_the_digest(change):
    assert spec(**change).digest != spec().digest


def test_what_only_looks_different_leaves_the_digest():
    settings = {"oracle": {}, "policy": {"layers": [np.int64(2), 3], "rate": np.float64(0.1)}}
    assert spec(settings=settings, table="elsewhere/digits.h5", budget=Budget(100, 5.0)).digest == spec().digest


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), r"setting policy\.rate is nan"),
        ([1, float("inf")], r"setting policy\.rate\[1\] is inf"),
        ({1: 2}, r"setting policy\.rate is \{1: 2\}"),
        (object(), r"setting policy\.rate is <object"),
    ],
)
def test_a_setting_that_json_cannot_hold_is_refused_by_name(value, words):
    with pytest.raises(SettingError, match=words):
        spec(settings={"policy": {"rate": value}})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"budget": {}}', spec().to_json()[:-9], '{"budget": {"days": 1}}'])
def test_a_damaged_record_is_a_store_error(text):
    with pytest.raises(StoreError, match="cannot be read"):
        RunSpec.from_json(text)


def test_a_record_is_frozen_and_hashable():
    assert hash(spec()) == hash(spec())
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec().seed = 3


def test_the_provenance_is_json_and_names_versions_and_machine():
    found = json.loads(json.dumps(runspec.provenance()))
    assert found["harness"] == harness.__version__
    assert found["packages"]["numpy"] == np.__version__
    assert found["python"] == sys.version.split()[0]
    assert found["cpu_count"] >= 1
    assert {"platform", "git_revision"} <= found.keys()


def test_the_provenance_names_torch_only_where_it_was_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert "torch" not in runspec.provenance()["packages"]
    assert "torch" not in sys.modules


def test_the_git_revision_is_that_of_the_clone_or_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(runspec, "__file__", str(tmp_path / "harness" / "core" / "runspec.py"))
    assert runspec.provenance()["git_revision"] is None
    (tmp_path / ".git").mkdir()
    assert runspec.provenance()["git_revision"] is None
    monkeypatch.setenv("PATH", "")
    assert runspec.provenance()["git_revision"] is None
