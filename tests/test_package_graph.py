"""Packages import downwards alone, and rooms that need no torch bring none."""

from __future__ import annotations

import pytest

from tests.package_graph import ORDER, graph, modules, wrong_imports

SOUND = {
    "harness.core.space": "import numpy",
    "harness.cli.run": "from harness.core.space import Architecture",
    "harness.files.__init__": "from . import folders",
    "harness.storage.store": "from ..core.space import Architecture\nfrom harness import __version__",
}


def test_every_import_goes_down_and_none_brings_torch_where_it_must_not_be() -> None:
    assert wrong_imports(modules()) == []


def test_the_packages_make_no_circle_and_each_has_its_place() -> None:
    found = graph(modules())
    assert set(found) == set(ORDER)
    ended: set[str] = set()
    while ready := {package for package, others in found.items() if package not in ended and ended.issuperset(others)}:
        ended |= ready
    assert ended == set(ORDER)


@pytest.mark.parametrize(
    ("module", "text", "words"),
    [
        ("harness.core.space", "from harness.cli.options import json_option", "harness.cli stands above harness.core"),
        ("harness.core.space", "def f():\n    from harness.judging import judge", "harness.judging stands above"),
        ("harness.core.space", "from harness import cli", "harness.cli stands above"),
        ("harness.core.space", "import harness.storage.store", "harness.storage stands above"),
        ("harness.core.space", "from ..storage import store", "harness.storage stands above"),
        ("harness.core.__init__", "from ..storage import store", "harness.storage stands above"),
        ("harness.files.__init__", "from .. import storage", "harness.storage stands above"),
        ("harness.core.space", "def f():\n    from .. import storage", "harness.storage stands above"),
        ("harness.figures.ranks", "if TYPE_CHECKING:\n    import harness.live.watch as w", "harness.live stands above"),
        (
            "harness.leaderboard.leaderboard",
            "import harness.figures.ranks",
            "harness.figures stands above",
        ),
        ("backends.data.text", "from backends.standalone.oracle import StandaloneOracle", "backends.standalone stands"),
        ("backends.tabular.oracle", "from harness.planning.registry import load", "it may see harness.core"),
        ("policies.nao", "from backends.tabular.table import Table", "it may see harness.core, harness.spaces"),
        ("policies.nao", "from harness.core import driver\nfrom harness.judging.judge import Judge", "may see"),
        ("harness.fresh.room", "import numpy\nfrom harness.core.space import Mixture\nimport tests.fakes", "no place"),
        ("harness.leaderboard.leaderboard", "import torch", "must do without torch"),
        ("backends.tabular.oracle", "def f():\n    from torch import nn", "must do without torch"),
        ("policies.evolution", "import torch.nn.functional as F", "must do without torch"),
    ],
)
def test_a_planted_wrong_import_is_found(module: str, text: str, words: str) -> None:
    assert wrong_imports(SOUND) == []
    found = wrong_imports({**SOUND, module: text})
    assert len(found) == 1
    assert words in found[0]


def test_a_planted_circle_is_found_as_an_import_that_goes_up() -> None:
    circle = {
        "harness.figures.ranks": "import harness.export.rows",
        "harness.export.rows": "import harness.figures.ranks",
    }
    assert [words.split(":")[0] for words in wrong_imports(circle)] == [
        "harness.figures.ranks imports harness.export.rows"
    ]
