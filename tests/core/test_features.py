"""Optional members of plug-ins: the defaults where they are missing, one line where they are wrong, one reader."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.core.errors import IncompatibleError
from harness.core.features import OracleFeatures, PolicyFeatures, apply_protocol, repeated_queries, space_of_settings

ROOT = Path(__file__).parents[2]
READER = ROOT / "harness" / "core" / "features.py"
PARTS = {"oracle", "policy", "space"}


class Bare:
    """A plug-in that declares nothing."""


class Declares:
    """A plug-in that declares everything."""

    shares_weights, width, repeated, recipe, trains_some, until_spent = True, 3, 7, "enas", True, {"samples": None}

    @staticmethod
    def protocol(settings, recipe, space):
        return {**settings, "recipe": recipe}, {"updates": 5}

    @staticmethod
    def space_of(settings):
        return settings["home"]

    def truth(self):
        return "table"


@pytest.mark.parametrize("part", [Bare, Bare()])
def test_a_plug_in_that_declares_nothing_has_the_defaults(part):
    oracle, policy = OracleFeatures.of(part), PolicyFeatures.of(part)
    assert (oracle.shares_weights, oracle.width, oracle.truth) == (False, 100_000, None)
    assert oracle.protocol({"a": 1}, "enas", None) == ({"a": 1}, {})
    assert oracle.space_of({"a": 1}) is None
    assert (policy.recipe, policy.trains_some, policy.until_spent) == ("spos", False, {})
    assert (policy.implied, policy.recommends_unscored) == ({}, False)
    assert policy.settled({"a": 1}, None) == {"a": 1}
    assert repeated_queries(part) == 0


@pytest.mark.parametrize("part", [Declares, Declares()])
def test_what_a_plug_in_declares_is_read_from_its_class_and_from_its_objects(part):
    oracle, policy = OracleFeatures.of(part), PolicyFeatures.of(part)
    assert (oracle.shares_weights, oracle.width) == (True, 3)
    assert oracle.protocol({"a": 1}, "enas", None) == ({"a": 1, "recipe": "enas"}, {"updates": 5})
    assert oracle.space_of({"home": "rnn2"}) == "rnn2"
    assert callable(oracle.truth)
    assert (policy.recipe, policy.trains_some, policy.until_spent) == ("enas", True, {"samples": None})
    assert repeated_queries(part) == 7


@pytest.mark.parametrize(
    ("read", "name", "value"),
    [
        (OracleFeatures.of, "width", 0),
        (OracleFeatures.of, "width", True),
        (OracleFeatures.of, "width", 2.0),
        (OracleFeatures.of, "shares_weights", "yes"),
        (OracleFeatures.of, "protocol", "spos"),
        (OracleFeatures.of, "space_of", "rnn2"),
        (OracleFeatures.of, "truth", 0.94),
        (PolicyFeatures.of, "recipe", None),
        (PolicyFeatures.of, "trains_some", 1),
        (PolicyFeatures.of, "until_spent", "samples"),
        (PolicyFeatures.of, "implied", ["lr"]),
        (PolicyFeatures.of, "settled", "auto"),
        (repeated_queries, "repeated", -1),
        (repeated_queries, "repeated", 0.5),
    ],
)
def test_a_wrong_member_is_named_with_its_plug_in_and_what_was_expected(read, name, value):
    wrong = type("Wrong", (), {name: value})
    with pytest.raises(IncompatibleError, match=rf"test_features:Wrong declares {name} = .*; expected ") as caught:
        read(wrong())
    assert "\n" not in str(caught.value)


class Later:
    """Its members are known once it is built."""

    @property
    def width(self):
        return 3

    @property
    def shares_weights(self):
        return True


def test_a_property_is_read_from_objects_and_its_class_has_the_default():
    assert (OracleFeatures.of(Later).width, OracleFeatures.of(Later).shares_weights) == (100_000, False)
    assert (OracleFeatures.of(Later()).width, OracleFeatures.of(Later()).shares_weights) == (3, True)


@pytest.mark.parametrize("returned", ["spos", None, ({},), ({}, 1), ({}, {}, {}), [{}, {}]])
def test_a_protocol_that_returns_nonsense_is_refused_in_one_line(returned):
    wrong = type("Wrong", (), {"protocol": staticmethod(lambda settings, recipe, space: returned)})
    with pytest.raises(IncompatibleError, match=r"test_features:Wrong returns .* from protocol; expected its settings"):
        apply_protocol(wrong, {}, "spos", None)


def test_a_space_that_is_no_text_is_refused_in_one_line():
    wrong = type("Wrong", (), {"space_of": staticmethod(lambda settings: 5)})
    with pytest.raises(IncompatibleError, match="test_features:Wrong returns 5 from space_of; expected the name"):
        space_of_settings(wrong, {})


def test_a_method_in_place_of_a_static_one_is_refused_by_the_class():
    wrong = type("Wrong", (), {"protocol": lambda self, settings, recipe, space: (settings, {})})
    with pytest.raises(IncompatibleError, match="expected a static method"):
        apply_protocol(wrong, {}, "spos", None)


def probes(text: str) -> list[int]:
    """The lines where getattr or hasattr is asked of something called an oracle, a policy or a space."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "hasattr"):
            asked = {part.id for part in ast.walk(node.args[0]) if isinstance(part, ast.Name)}
            asked |= {part.attr for part in ast.walk(node.args[0]) if isinstance(part, ast.Attribute)}
            asked |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
            if any(str(name).rstrip("s") in PARTS for name in asked):
                found.append(node.lineno)
    return found


def test_optional_members_are_read_in_one_place_alone():
    files = [file for room in ("harness", "backends", "policies") for file in (ROOT / room).rglob("*.py")]
    assert {file: lines for file in files if file != READER and (lines := probes(file.read_text()))} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "width = getattr(oracle, 'width', 5)",
        "def f(self):\n    return hasattr(self.policy, 'recipe')",
        "shared = getattr(registry.load('oracle', name), 'shares_weights', False)",
        "found = [getattr(oracles[name], 'truth') for name in oracles]",
    ],
)
def test_a_planted_probe_is_found(planted):
    assert probes(planted)
