"""Which package imports which: ``python -m tests.package_graph`` prints the graph, from the ground up.

``ORDER`` is the rule: a package may import those that stand before it. Every room of ``harness`` and ``backends`` is a
package here; ``policies`` is one. ``harness.__version__`` may be read from anywhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOTS = ("harness", "backends", "policies", "benchmarks", "tests")

ORDER = (
    "harness.core",
    "harness.files",
    "harness.spaces",
    "harness.statistics",
    "harness.output",
    "backends.data",
    "backends.networks",
    "backends.training",
    "backends.tabular",
    "backends.standalone",
    "backends.supernet",
    "backends.surrogate",
    "backends.synthetic",
    "backends.score_gradient",
    "policies",
    "harness.storage",
    "harness.planning",
    "harness.execution",
    "harness.judging",
    "harness.leaderboard",
    "harness.figures",
    "harness.export",
    "harness.live",
    "harness.studies",
    "harness.reproduce",
    "harness.report",
    "harness.testing",
    "harness.nasbench_api",
    "harness.cli",
    "harness",
)
"""From the ground up; ``harness`` itself is the front door: ``__init__`` and ``__main__``."""

POLICIES_SEE = ("harness.core", "harness.spaces", "policies")
BACKENDS_SEE = ("harness.core", "harness.files", "harness.spaces", "harness.statistics", "backends")
"""A policy never sees a table or a device, and a backend never sees who runs it."""

WITHOUT_TORCH = (
    "harness",
    "backends.tabular",
    "backends.surrogate",
    "backends.synthetic",
    "policies.random",
    "policies.evolution",
)


@dataclass(frozen=True, slots=True)
class Import:
    """A module that imports a name, wherever in its text."""

    module: str
    name: str


def modules(root: Path = ROOT) -> dict[str, str]:
    """The text of every module of the three import packages, by its dotted name; a package ends in ``.__init__``."""
    files = [path for package in ROOTS[:3] for path in sorted((root / package).rglob("*.py"))]
    return {_dotted(path.relative_to(root)): path.read_text(encoding="utf-8") for path in files}


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)


def imports(texts: Mapping[str, str]) -> Iterator[Import]:
    """Every import of these modules but of the version, those inside functions and relative ones included."""
    return (each for each in _every_import(texts) if each.name != "harness.__version__")


def _every_import(texts: Mapping[str, str]) -> Iterator[Import]:
    for module, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                yield from (Import(module, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = _origin(module, node)
                yield from (Import(module, f"{origin}.{alias.name}") for alias in node.names)


def _origin(module: str, node: ast.ImportFrom) -> str:
    """What ``from`` names, a relative one being counted from the package that the module stands in."""
    if node.level == 0:
        return node.module or ""
    above = module.split(".")[: -node.level]
    return ".".join([*above, *([node.module] if node.module else [])])


def package_of(name: str) -> str:
    """The package of a module or of an imported name: ``harness.core`` of ``harness.core.space.SearchSpace``."""
    fitting = [package for package in ORDER if within(name, package)]
    return max(fitting, key=len) if fitting else name


def within(name: str, package: str) -> bool:
    """Whether a dotted name is a package, or lies in it."""
    return name == package or name.startswith(package + ".")


def wrong_imports(texts: Mapping[str, str]) -> list[str]:
    """The imports that break a rule, a sentence each."""
    found = list(imports(texts))
    return [*filter(None, map(_order_broken, found)), *filter(None, map(_torch_brought, found))]


def _order_broken(each: Import) -> str | None:
    if each.name.split(".")[0] not in ROOTS:
        return None
    package, other = package_of(each.module), package_of(each.name)
    if package not in ORDER or other not in ORDER:
        return f"{each.module} imports {each.name}: no place in the order"
    sees = next((seen for top, seen in _ROOMS.items() if within(each.module, top)), ("harness", "backends", "policies"))
    if not any(within(each.name, room) for room in sees):
        return f"{each.module} imports {each.name}: it may see {', '.join(sees)} alone"
    above = ORDER.index(other) > ORDER.index(package)
    return f"{each.module} imports {each.name}: {other} stands above {package}" if above else None


_ROOMS = {"policies": POLICIES_SEE, "backends": BACKENDS_SEE}


def _torch_brought(each: Import) -> str | None:
    free = any(within(each.module, room) for room in WITHOUT_TORCH)
    return (
        f"{each.module} imports {each.name}: it must do without torch" if free and within(each.name, "torch") else None
    )


def graph(texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Each package with those that it imports, both from the ground up."""
    arrows = {(package_of(each.module), package_of(each.name)) for each in imports(texts)}
    return {
        package: tuple(other for other in ORDER if (package, other) in arrows and other != package) for package in ORDER
    }


if __name__ == "__main__":
    for package, others in graph(modules()).items():
        print(f"{package:24} {' '.join(others) or '–'}")
