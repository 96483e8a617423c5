"""Table 5 and Figure 6: cells that share more matrices. Figure 4: how shared weights rank the 32 recurrent cells."""

from __future__ import annotations

from functools import partial

from backends.networks.adapters import DataKind
from harness.leaderboard.end_to_end import Watcher
from harness.reproduce import boards, published, runs
from harness.reproduce.cells import (
    Missing,
    Ours,
    ReproducedCell,
    ReproducedRow,
    ReproducedSection,
    mean_and_std,
    number,
    reproduced_cells,
)
from harness.reproduce.item import Findings, ReproducedItem
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.steps import SharingAmountStep, is_finished
from harness.studies.agreement import SeedStatistics
from harness.studies.sharing_amount import measure as sharing_amount
from harness.studies.sharing_amount.cells import SPACES
from harness.studies.sharing_amount.figure import plot_sharing_amount as draw_amount
from harness.studies.sharing_amount.page import sharing_amount_page
from harness.studies.weight_sharing import measure as weight_sharing
from harness.studies.weight_sharing.figure import plot_weight_sharing as draw_sharing
from harness.studies.weight_sharing.page import weight_sharing_page

NO_TAU = "no run has a tau"


def _amount(kind: DataKind, request: ReproduceRequest, watcher: Watcher) -> Findings:
    step = runs.sharing_amount_step(request, kind)
    content = step.content(watcher) if is_finished(step) and step.has_truth() else None
    section = _groups(step, content, request) if kind == "images" else _best(step, content, request)
    if content is None:
        return Findings(sections=(section,), figure=Missing(boards.NOT_MEASURED_YET, step.command))
    page = sharing_amount_page(content)
    figure = partial(draw_amount, content)
    return Findings(sections=(section,), figure=figure, grids=page.grids, notes=page.notes, content={**content})


def _groups(
    step: SharingAmountStep, content: sharing_amount.SharingAmountResult | None, request: ReproduceRequest
) -> ReproducedSection:
    """Tau inside each group of cells that share the same number of matrices."""
    printed = published.load("table5").sections["cnn"]
    ours: list[Ours] = [Missing(boards.NOT_MEASURED_YET, step.command)] * len(printed.columns)
    if content is not None:
        ours = [mean_and_std_of(group["tau"]) for group in content["groups"]]
    row = ReproducedRow("tau", reproduced_cells(ours, printed.rows["tau"]))
    return ReproducedSection(_of_amount(content, request), printed.columns, (row,), printed.title)


def _best(
    step: SharingAmountStep, content: sharing_amount.SharingAmountResult | None, request: ReproduceRequest
) -> ReproducedSection:
    """How many matrices the truly best cell shares."""
    printed = published.load("figure6").sections["top"]
    ours: Ours = Missing(boards.NOT_MEASURED_YET, step.command)
    if content is not None:
        ours = number(content["cells"][0]["shared"], 0)
    rows = [ReproducedRow(name, (ReproducedCell(ours, cells[0]),)) for name, cells in printed.rows.items()]
    return ReproducedSection(_of_amount(content, request), printed.columns, tuple(rows), printed.title)


def _of_amount(content: sharing_amount.SharingAmountResult | None, request: ReproduceRequest) -> str:
    if content is None:
        return f"ours at {request.scale} scale: {boards.NOT_MEASURED_YET}"
    metrics, repeats = (content["score_metric"], content["metric"]), content["repeats"]
    return scores_description(
        metrics, f"mean of {repeats} repeats of {content['truth']}", len(content["seeds"]), request
    )


def scores_description(metrics: tuple[str, str], truth: str, seeds: int, request: ReproduceRequest) -> str:
    """Describe our numbers: scores by one metric against the truth by another."""
    scored, judged = (metric.replace("_", " ") for metric in metrics)
    return (
        f"ours at {request.scale} scale: shared weights' {scored} against {judged}, {truth}; mean ± std of "
        f"{'one seed' if seeds == 1 else f'{seeds} seeds'}"
    )


def mean_and_std_of(tau: SeedStatistics) -> Ours:
    """The mean and the deviation over the seeds that have a tau."""
    if tau["mean"] is None:
        return Missing(NO_TAU)
    return number(tau["mean"], 2) if tau["std"] is None else mean_and_std(tau["mean"], tau["std"])


def _sharing(request: ReproduceRequest, watcher: Watcher) -> Findings:
    step = runs.weight_sharing_step(request)
    content = step.content(watcher) if is_finished(step) else None
    if content is None:
        missing = Missing(boards.NOT_MEASURED_YET, step.command)
        return Findings(sections=_compared(None, missing, request), figure=missing)
    page, sections = weight_sharing_page(content), _compared(content, Missing(NO_TAU), request)
    figure, notes = partial(draw_sharing, content), (*page.notes, *boards.truth_notes(request))
    return Findings(sections=sections, figure=figure, grids=page.grids, notes=notes, content={**content})


def _compared(
    content: weight_sharing.WeightSharingResult | None, missing: Missing, request: ReproduceRequest
) -> tuple[ReproducedSection, ...]:
    """The taus of Figure 4b and the example of Figure 4c, after the last epoch."""
    parts = published.load("figure4").sections
    tau: SeedStatistics | None = None if content is None else content["summary"][-1]["tau"]
    ends: list[Ours] = [missing] * 3
    if tau is not None and tau["best"] is not None and tau["worst"] is not None:
        ends = [number(tau["best"], 3), mean_and_std_of(tau), number(tau["worst"], 3)]
    about = (
        f"ours at {request.scale} scale: {boards.NOT_MEASURED_YET}"
        if content is None
        else _of_sharing(content, request)
    )
    rows = parts["tau"].rows["tau"], parts["first"].rows["average run"]
    first = missing if content is None else _first(content) or missing
    return (
        ReproducedSection(
            about, parts["tau"].columns, (ReproducedRow("tau", reproduced_cells(ends, rows[0])),), parts["tau"].title
        ),
        ReproducedSection(
            about,
            parts["first"].columns,
            (ReproducedRow("average run", reproduced_cells([first], rows[1])),),
            parts["first"].title,
        ),
    )


def _of_sharing(content: weight_sharing.WeightSharingResult, request: ReproduceRequest) -> str:
    metrics, repeats = (content["score_metric"], content["metric"]), content["repeats"]
    return scores_description(
        metrics, f"mean of {repeats} repeats of {content['table']}", len(content["seeds"]), request
    )


def _first(content: weight_sharing.WeightSharingResult) -> Ours | None:
    """The true rank of the cell that has the best score in the run of average tau."""
    average = next((each for each in content["displacements"] if each["run"] == "average"), None)
    if average is None:
        return None
    place = content["seeds"].index(average["seed"])
    scored = [(score, cell["rank"]) for cell in content["cells"] if (score := cell["scores"][place]) is not None]
    rank = (max if content["larger_is_better"] else min)(scored)[1]
    return None if rank is None else number(rank, 0)


TABLE5 = ReproducedItem(
    name="table5",
    steps=lambda request: (runs.sharing_amount_step(request, "images"),),
    find=partial(_amount, "images"),
    spaces=(SPACES["images"],),
)
FIGURE6 = ReproducedItem(
    name="figure6",
    steps=lambda request: (runs.sharing_amount_step(request, "text"),),
    find=partial(_amount, "text"),
    spaces=(SPACES["text"],),
)
FIGURE4 = ReproducedItem(
    name="figure4", steps=lambda request: (runs.weight_sharing_step(request),), find=_sharing, spaces=(runs.RNN,)
)
