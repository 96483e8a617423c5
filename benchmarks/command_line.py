"""What the command lines of all benchmarks share: ``--quick``, ``--output``, and the JSON file of the figures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from harness.files.atomic_write import atomic_write

RESULTS = Path(__file__).parent / "results"


def command_line(what: str | None) -> argparse.ArgumentParser:
    """The options of every benchmark; ``what`` describes it."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the smallest sizes: shows that it runs, writes no file")
    parser.add_argument("--output", type=Path, help="the file of the figures (default: one in benchmarks/results)")
    return parser


def results_file(options: argparse.Namespace, name: str) -> Path | None:
    """Where the figures go: ``--output``, else ``name`` among the results, or nowhere with ``--quick``."""
    chosen: Path | None = options.output
    return chosen or (None if options.quick else RESULTS / name)


def known_figures(path: Path | None) -> dict[str, Any]:
    """What an earlier run wrote, nothing where there is none."""
    found: dict[str, Any] = json.loads(path.read_text()) if path is not None and path.is_file() else {}
    return found


def write_figures(path: Path | None, document: Any) -> None:
    """Write the file whole, where there is to be one."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part:
        part.write_text(json.dumps(document, indent=1) + "\n")


def print_and_write(path: Path | None, document: Any) -> None:
    """Show the figures and write them."""
    print(json.dumps(document, indent=1))
    write_figures(path, document)
