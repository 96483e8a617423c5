"""Contract checks of an oracle's optional members (``harness.core.features``)."""

from __future__ import annotations

from harness.core import features
from harness.core.features import OracleFeatures, PolicyFeatures, repeated_queries
from harness.core.oracle import Score
from harness.core.random import stream
from harness.planning.settings import create_space, defaults, resolve
from harness.testing.contract import require, require_declared
from harness.testing.oracle_case import OracleCase, sample


def optional_members_are_right(case: OracleCase) -> None:
    """Optional members have the declared types; ``repeated`` counts repeated queries, also after a resume."""
    oracle = case.build(1)
    for part in (oracle, type(oracle)):
        require_declared(lambda part=part: OracleFeatures.of(part))  # type: ignore[misc]
    require_declared(lambda: repeated_queries(oracle))
    queries = [query for query in sample(case, oracle) if isinstance(query, Score)][:2]
    oracle.answer(queries)
    before = repeated_queries(oracle)
    oracle.answer(queries)
    require(0 <= repeated_queries(oracle) - before <= len(queries), "repeated counts Scores, each at most once")
    resumed = case.build(1)
    resumed.load_state_dict(oracle.state_dict())
    require(repeated_queries(resumed) == repeated_queries(oracle), "repeated must go on from a checkpoint")


def settings_are_filled_in(case: OracleCase) -> None:
    """``protocol`` returns the constructor's settings and leaves its argument alone; ``space_of`` names a space."""
    oracle = case.build(1)
    factory = type(oracle)
    given = {**defaults(factory), **case.settings}
    before, recipe = dict(given), PolicyFeatures().recipe
    require_declared(lambda: features.apply_protocol(factory, given, recipe, oracle.space))
    settled, _ = features.apply_protocol(factory, given, recipe, oracle.space)
    require(given == before, "protocol must not change the settings that it is given")
    same = settled.keys() == given.keys()
    require(same, "protocol must return the settings of the constructor, neither more nor less")
    require_declared(lambda: features.space_of_settings(factory, given))
    if (named := features.space_of_settings(factory, given)) is not None:
        require_declared(lambda: create_space(named))


def shared_settings_take_their_values(case: OracleCase) -> None:
    """A setting that means the same in every oracle accepts the values of ``SHARED_SETTINGS``."""
    factory = type(case.build(1))
    for name in features.SHARED_SETTINGS.keys() & defaults(factory).keys():
        for value in features.SHARED_SETTINGS[name]:
            require_declared(lambda name=name, value=value: resolve("oracle", factory, {name: value}))  # type: ignore[misc]


def truth_covers_the_space(case: OracleCase) -> None:
    """``truth`` is a table of every cell of the space, the same however often the oracle is built."""
    oracle, other = (OracleFeatures.of(case.build(16)).truth for _ in range(2))
    if oracle is None or other is None:
        return
    space, table = case.build(16).space, oracle()
    keys = space.canonical_keys(space.require([space.sample(stream(17, "check", i)) for i in range(case.queries)]))
    require(table.scheme == space.scheme, f"the truth is of scheme {table.scheme!r}, the space of {space.scheme!r}")
    require(bool((table.rows(keys) >= 0).all()), "the truth lacks a cell of the space")
    require(table.digest == other().digest, "the truth of the same settings must have the same digest")


MEMBER_CHECKS = (
    optional_members_are_right,
    settings_are_filled_in,
    shared_settings_take_their_values,
    truth_covers_the_space,
)
