"""Who may import whom, as a dictionary."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("harness", "backends", "policies", "benchmarks", "tests")

# a folder or module -> the packages of the project that it may import; the longest matching key decides
ARROWS: dict[str, tuple[str, ...]] = {
    "harness.core": ("harness.core",),
    "harness.spaces": ("harness.core", "harness.spaces"),
    "policies": ("harness.core", "harness.spaces", "policies"),
    "backends": ("harness.core", "harness.spaces", "backends", "harness.__version__"),
    "harness": ("harness", "backends", "policies"),
}
WITHOUT_TORCH = ("harness", "backends.tabular", "backends.synthetic", "policies.random", "policies.evolution")


def modules() -> list[tuple[str, Path]]:
    """Every module of the three import packages, with its file."""
    files = [path for package in ("harness", "backends", "policies") for path in (ROOT / package).rglob("*.py")]
    return [(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path) for path in files]


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, at the top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_module_imports_only_what_its_layer_may(module: str, path: Path) -> None:
    allowed = ARROWS[max((key for key in ARROWS if within(module, key)), key=len)]
    foreign = [name for name in imports(path) if name.split(".")[0] in OURS]
    wrong = [name for name in foreign if not any(within(name, package) for package in allowed)]
    assert not wrong, f"{module} may import {allowed}, but imports {wrong}"


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_module_outside_the_network_code_never_imports_torch(module: str, path: Path) -> None:
    if any(within(module, package) for package in WITHOUT_TORCH):
        assert not [name for name in imports(path) if within(name, "torch")]
