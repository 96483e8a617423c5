"""Disturbs every kind of command, and writes what followed: ``python -m benchmarks.faults``.

It kills commands at random moments (SIGKILL, SIGTERM and Ctrl-C in turn), gives them again, and compares the result
with that of an undisturbed command; then it kills and stops workers, fills the disk, locks the store, and replaces,
cuts and damages a table. Needs Linux. The table in docs/reliability.md is made of its figures.
"""

from __future__ import annotations

import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.command_line import command_line, print_and_write, results_file
from benchmarks.faults.kills import Tally, kill_all
from benchmarks.faults.others import FAULTS, damaged_table
from harness.files.atomic_write import atomic_write
from harness.files.folders import ROOT

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- figures of benchmarks.faults -->", "<!-- end of the figures -->"


def main() -> None:
    """Run the faults, and print and write their table; exit status 1 if anything went wrong."""
    parser = command_line(__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how many kills (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of their moments (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        kills = [] if options.quick else kill_all(options.kills, options.seed, Path(made), _say)
        faults = {fault.__name__: [*fault(Path(made) / fault.__name__)] for fault in _chosen(options.quick)}
    document = {"kills": [asdict(tally) for tally in kills], "seed": options.seed, "faults": faults}
    path = results_file(options, "faults.json")
    print_and_write(path, document | {"python": platform.python_version()})
    if path is not None and options.output is None:
        write_page(kills, faults)
    sys.exit(1 if any(tally.wrong for tally in kills) or any(faults.values()) else 0)


def _chosen(quick: bool) -> tuple[Any, ...]:
    return (damaged_table,) if quick else FAULTS


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def table_of(kills: list[Tally], faults: dict[str, list[str]]) -> str:
    """The Markdown tables of the page."""
    lines = ["| command | SIGKILL | SIGTERM | Ctrl-C | had ended | wrong afterwards |", "|---|---|---|---|---|---|"]
    for tally in kills:
        counts = " | ".join(map(str, (*tally.kills.values(), tally.too_late, len(tally.wrong))))
        lines.append(f"| {tally.command} | {counts} |")
    lines += ["", "| fault | what must follow | wrong |", "|---|---|---|"]
    for fault in FAULTS:
        rule = " ".join((fault.__doc__ or "").split())
        wrong = "; ".join(faults[fault.__name__]) or "nothing"
        lines.append(f"| {fault.__name__.replace('_', ' ')} | {rule} | {wrong} |")
    return "\n".join(lines)


def write_page(kills: list[Tally], faults: dict[str, list[str]]) -> None:
    """Put the tables between the marks of the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    with atomic_write(PAGE) as part:
        part.write_text(f"{before}{BEGIN}\n\n{table_of(kills, faults)}\n\n{END}{after}")


if __name__ == "__main__":
    main()
