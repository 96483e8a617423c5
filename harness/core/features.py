"""The optional members of policies and oracles, and their defaults.

A plug-in need not inherit from anything, so its optional members may be missing. Only this module reads them:
``OracleFeatures.of`` and ``PolicyFeatures.of`` take a class or an instance, and refuse a member of the wrong type.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, Self

from harness.core.errors import IncompatibleError
from harness.core.judgement import TruthTable
from harness.core.space import SearchSpace

WIDTH = 100_000
"""The most queries that a policy may be asked for at once; the policies' own batches are smaller."""

SHARED_SETTINGS: Mapping[str, tuple[Any, ...]] = {
    "table": ("tables/cells.h5",),
    "search_metric": ("validation", "test"),
    "device": ("cpu", "cuda"),
    "verify": (True, False),
    "caution": ("a warning",),
}
"""Settings that mean the same in every oracle that has them, each with values that it must accept.

``table`` names a known table or its file, by which runs are then judged too; ``search_metric`` is the data split of a
Score; ``device`` is the device for training; ``verify`` says whether data must be the published files. ``protocol``
fills in ``caution``, a warning about the oracle's scores that every leaderboard prints. All are optional."""


class TrainingProtocol(Protocol):
    """How an oracle completes its settings before a run is recorded."""

    def __call__(
        self, settings: Mapping[str, Any], recipe: str, space: SearchSpace
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the oracle's completed settings, and settings of the policy that follow from them.

        ``recipe`` names the training protocol that the policy follows. Settings that the policy lacks are ignored, and
        those that a user gives override the returned ones.
        """


def keep_settings(
    settings: Mapping[str, Any], recipe: str, space: SearchSpace
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The default ``protocol``: the oracle's settings unchanged, and none for the policy."""
    return settings, {}


def any_space(settings: Mapping[str, Any]) -> str | None:
    """The default ``space_of``: the oracle's settings are made for no particular space."""
    return None


def as_given(settings: Mapping[str, Any], space: SearchSpace) -> Mapping[str, Any]:
    """The default ``settled``: the policy's settings unchanged."""
    return settings


class _Features:
    """Reads the optional members of a class or an instance into a record."""

    @classmethod
    def of(cls, part: Any) -> Self:
        """Read a plug-in's optional members, with defaults for missing ones; raises IncompatibleError."""
        names = [field.name for field in fields(cls)]  # type: ignore[arg-type]  # subclasses are dataclasses
        found = cls(**{name: getattr(part, name) for name in names if _is_known(part, name)})
        for name, (right, expected) in found.rules().items():
            if not right:
                raise _error(part, f"declares {name} = {getattr(part, name)!r}", f"{expected}, or none at all")
        return found

    def rules(self) -> Mapping[str, tuple[bool, str]]:
        """For each member, whether its value is valid, and the expected type in words."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class OracleFeatures(_Features):
    """The optional members of an oracle.

    ``shares_weights``: all architectures share weights that ``Update`` trains. ``width``: the number of queries in a
    batch, small where answers take long, since checkpoints are written and the budget is checked between batches.
    ``protocol`` (static): see ``TrainingProtocol``. ``space_of`` (static): the name of the space that the settings are
    made for, ``None`` for any. ``truth`` (a method without arguments): the closed form behind the oracle, by which runs
    are judged instead of by a table; ``None`` without one.
    """

    shares_weights: bool = False
    width: int = WIDTH
    protocol: TrainingProtocol = keep_settings
    space_of: Callable[[Mapping[str, Any]], str | None] = any_space
    truth: Callable[..., TruthTable] | None = None

    def rules(self) -> Mapping[str, tuple[bool, str]]:
        return {
            "shares_weights": (isinstance(self.shares_weights, bool), "True or False"),
            "width": (_is_count(self.width, 1), "a whole number from 1 up"),
            "protocol": (_takes(self.protocol, 3), "a static method (settings, recipe, space)"),
            "space_of": (_takes(self.space_of, 1), "a static method (settings)"),
            "truth": (self.truth is None or callable(self.truth), "a method without arguments"),
        }


@dataclass(frozen=True, slots=True)
class PolicyFeatures(_Features):
    """The optional members of a policy.

    ``recipe``: the training protocol that it follows on oracles that train, by default that of Single Path One-Shot.
    ``trains_some``: it trains the shared weights only for architectures that it chooses, so they cannot score others.
    ``until_spent``: the settings by which it goes on until a budget is spent; a run with a budget has them by default.
    The value ``"queries"`` is the budget's number of queries, ``None`` if it has none.
    ``recommends_unscored``: by design it may recommend a cell that it never asked a Score of, as one that reads its
    recommendation off a mixture does; leaderboards warn of such a recommendation by any other policy.
    ``implied``: the values of settings that a run does not record; a run that lacks such a setting has this value. So a
    setting can be added later: its implied value is the behaviour without it, and runs of that behaviour stay the same.
    ``settled`` (static): the settings for a space, without values such as 'auto' that leave a choice open.
    """

    recipe: str = "spos"
    trains_some: bool = False
    until_spent: Mapping[str, Any] = field(default_factory=dict)
    recommends_unscored: bool = False
    implied: Mapping[str, Any] = field(default_factory=dict)
    settled: Callable[[Mapping[str, Any], SearchSpace], Mapping[str, Any]] = as_given

    def rules(self) -> Mapping[str, tuple[bool, str]]:
        return {
            "recipe": (isinstance(self.recipe, str), "the name of a training protocol, such as 'spos'"),
            "trains_some": (isinstance(self.trains_some, bool), "True or False"),
            "until_spent": (isinstance(self.until_spent, Mapping), "a mapping from settings to values"),
            "recommends_unscored": (isinstance(self.recommends_unscored, bool), "True or False"),
            "implied": (isinstance(self.implied, Mapping), "a dict of settings"),
            "settled": (_takes(self.settled, 2), "a static method (settings, space)"),
        }


def repeated_queries(oracle: Any) -> int:
    """How many queries of a search repeated a cell: the oracle's ``repeated``, 0 if it does not count them."""
    found = getattr(oracle, "repeated", 0)
    if not _is_count(found, 0):
        raise _error(oracle, f"declares repeated = {found!r}", "a whole number from 0 up")
    return int(found)


def apply_protocol(
    oracle: Any, settings: Mapping[str, Any], recipe: str, space: SearchSpace
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The result of ``protocol`` of an oracle's class; raises IncompatibleError unless it is two mappings."""
    found: Any = OracleFeatures.of(oracle).protocol(settings, recipe, space)
    if not (isinstance(found, tuple) and [isinstance(part, Mapping) for part in found] == [True, True]):
        raise _error(oracle, f"returns {found!r} from protocol", "its settings and those of the policy, a dict each")
    return found


def space_of_settings(oracle: Any, settings: Mapping[str, Any]) -> str | None:
    """The result of ``space_of`` of an oracle's class; raises IncompatibleError unless it is a text or ``None``."""
    found: Any = OracleFeatures.of(oracle).space_of(settings)
    if not isinstance(found, str | None):
        raise _error(oracle, f"returns {found!r} from space_of", "the name of a space, or None")
    return found


def _is_known(part: Any, name: str) -> bool:
    """Whether a class or an instance has a member that can be read; a property needs an instance."""
    value = getattr(part, name, None)
    return hasattr(part, name) and (callable(value) or not hasattr(value, "__get__"))


def _error(part: Any, says: str, expected: str) -> IncompatibleError:
    owner = part if isinstance(part, type) else type(part)
    return IncompatibleError(f"{owner.__module__}:{owner.__qualname__} {says}; expected {expected}")


def _takes(function: Any, count: int) -> bool:
    """Whether a function can be called with ``count`` positional arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
