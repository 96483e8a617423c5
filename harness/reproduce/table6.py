"""Table 6: six policies on NAS-Bench-101 spaces of 4 to 7 vertices, with shared weights."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from harness.leaderboard.end_to_end import Watcher
from harness.leaderboard.leaderboard import Leaderboard
from harness.reproduce import boards, published, runs
from harness.reproduce.boards import PER_CENT
from harness.reproduce.cells import MeasuredValue, Missing, Ours, ReproducedRow, ReproducedSection, number
from harness.reproduce.comparison_figure import comparison_figure
from harness.reproduce.item import Findings, ReproducedItem
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.steps import SHARED, RunStep

POLICIES = ("enas", "nao", "darts", "fbnet", "spos", "fairnas")
TOO_LARGE = "no table of digits covers this space; at the published scale"


def _spaces(request: ReproduceRequest) -> tuple[int, ...]:
    """The numbers of vertices for which the scale has a truth."""
    return runs.REDUCED if request.scale == "quick" else tuple(runs.VERTICES)


def _step(request: ReproduceRequest, vertices: int) -> RunStep:
    """The searches of one space, at the published scale if the requested one has no truth about it."""
    at = request if vertices in _spaces(request) else replace(request, scale="paper")
    return runs.supernet_step(at, runs.VERTICES[vertices], POLICIES)


def _find(request: ReproduceRequest, watcher: Watcher) -> Findings:
    steps = {n: _step(request, n) for n in runs.VERTICES}
    found = {n: steps[n].board() for n in _spaces(request)}
    sections = [_section(n, steps[n], found.get(n), request) for n in steps]
    sections += [_all(request, steps, found), _printed_bests()]
    return Findings(sections=tuple(sections), figure=partial(comparison_figure, tuple(sections[: len(steps)])))


def _section(n: int, step: RunStep, board: Leaderboard | None, request: ReproduceRequest) -> ReproducedSection:
    printed = published.load("table6").sections[f"n{n}"]
    if n not in _spaces(request):
        return boards.unmeasured(printed, Missing(TOO_LARGE, step.command), "ours: not measured at quick scale")
    columns = [(board, boards.mean(PER_CENT)), (board, boards.best(PER_CENT)), (board, boards.tau)]
    about = boards.truth_description(boards.truth_of(step, "test_accuracy"), request)
    return ReproducedSection.of(about, printed, boards.rows_of(step, columns, printed, oracle=SHARED))


def _all(
    request: ReproduceRequest, steps: dict[int, RunStep], found: dict[int, Leaderboard | None]
) -> ReproducedSection:
    """Each policy's best over all measured spaces."""
    printed = published.load("table6").sections["all"]
    rows = [ReproducedRow.of(name, [_best(name, steps, found)], cells) for name, cells in printed.rows.items()]
    spaces = ", ".join(map(str, found))
    return ReproducedSection.of(f"ours at {request.scale} scale: n = {spaces} alone", printed, rows)


def _best(policy: str, steps: dict[int, RunStep], found: dict[int, Leaderboard | None]) -> Ours:
    cells = [boards.cell_of(steps[n], board, (policy, SHARED), boards.best(PER_CENT)) for n, board in found.items()]
    values = [cell.value for cell in cells if isinstance(cell, MeasuredValue) and isinstance(cell.value, float)]
    return number(max(values), 2) if len(values) == len(cells) else next(c for c in cells if isinstance(c, Missing))


def _printed_bests() -> ReproducedSection:
    """The best of the four printed bests, next to the printed overall best."""
    parts = published.load("table6").sections
    rows = []
    for name, cells in parts["all"].rows.items():
        bests = [parts[f"n{n}"].cell(name, "best").value or 0.0 for n in runs.VERTICES]
        rows.append(ReproducedRow.of(name, [number(max(bests), 2)], cells))
    return ReproducedSection("The best of the printed bests of all n, computed again", ("best",), tuple(rows))


TABLE6 = ReproducedItem(
    name="table6",
    steps=lambda request: tuple(_step(request, n) for n in _spaces(request)),
    find=_find,
    spaces=(runs.VERTICES[7],),
)
