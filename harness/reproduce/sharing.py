"""Table 5 and Figure 6: cells that share more matrices. Figure 4: how shared weights rank the 32 recurrent cells."""

from __future__ import annotations

from functools import partial

from backends.networks.adapters import DataKind
from harness.leaderboard.end_to_end import Watcher
from harness.reproduce import boards, published, runs
from harness.reproduce.cells import (
    NOT_MEASURED_YET,
    Missing,
    Ours,
    ReproducedRow,
    ReproducedSection,
    mean_and_std,
    number,
)
from harness.reproduce.item import Findings, ReproducedItem
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.steps import SharingAmountStep, is_finished
from harness.studies.agreement import SeedStatistics
from harness.studies.sharing_amount.cells import SPACES
from harness.studies.sharing_amount.figure import plot_sharing_amount as draw_amount
from harness.studies.sharing_amount.measure import SharingAmountResult
from harness.studies.sharing_amount.page import sharing_amount_page
from harness.studies.weight_sharing.figure import plot_weight_sharing as draw_sharing
from harness.studies.weight_sharing.measure import WeightSharingResult
from harness.studies.weight_sharing.page import weight_sharing_page

NO_TAU = "no run has a tau"


def _amount(kind: DataKind, request: ReproduceRequest, watcher: Watcher) -> Findings:
    step = runs.sharing_amount_step(request, kind)
    content = step.content(watcher) if is_finished(step) and step.has_truth() else None
    section = _groups(step, content, request) if kind == "images" else _best(step, content, request)
    if content is None:
        return Findings(sections=(section,), figure=step.unmeasured)
    page = sharing_amount_page(content)
    figure = partial(draw_amount, content)
    return Findings(sections=(section,), figure=figure, grids=page.grids, notes=page.notes, content={**content})


def _groups(
    step: SharingAmountStep, content: SharingAmountResult | None, request: ReproduceRequest
) -> ReproducedSection:
    """Tau inside each group of cells that share the same number of matrices."""
    printed = published.load("table5").sections["cnn"]
    ours: list[Ours] = [step.unmeasured] * len(printed.columns)
    if content is not None:
        ours = [mean_and_std_of(group["tau"]) for group in content["groups"]]
    row = ReproducedRow.of("tau", ours, printed.rows["tau"])
    return ReproducedSection.of(_about(content, content and content["truth"], request), printed, [row])


def _best(step: SharingAmountStep, content: SharingAmountResult | None, request: ReproduceRequest) -> ReproducedSection:
    """How many matrices the truly best cell shares."""
    printed = published.load("figure6").sections["top"]
    ours = step.unmeasured if content is None else number(content["cells"][0]["shared"], 0)
    rows = [ReproducedRow.of(name, [ours], cells) for name, cells in printed.rows.items()]
    return ReproducedSection.of(_about(content, content and content["truth"], request), printed, rows)


def _about(
    content: SharingAmountResult | WeightSharingResult | None, truth: str | None, request: ReproduceRequest
) -> str:
    """Describe our numbers: scores by one metric against the truth, a table, by another."""
    if content is None:
        return f"ours at {request.scale} scale: {NOT_MEASURED_YET}"
    scored, judged = (content[name].replace("_", " ") for name in ("score_metric", "metric"))
    seeds = "one seed" if len(content["seeds"]) == 1 else f"{len(content['seeds'])} seeds"
    return (
        f"ours at {request.scale} scale: shared weights' {scored} against {judged}, "
        f"mean of {content['repeats']} repeats of {truth}; mean ± std of {seeds}"
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
        return Findings(sections=_compared(None, step.unmeasured, request), figure=step.unmeasured)
    page, sections = weight_sharing_page(content), _compared(content, Missing(NO_TAU), request)
    figure, notes = partial(draw_sharing, content), (*page.notes, *boards.truth_notes(request))
    return Findings(sections=sections, figure=figure, grids=page.grids, notes=notes, content={**content})


def _compared(
    content: WeightSharingResult | None, missing: Missing, request: ReproduceRequest
) -> tuple[ReproducedSection, ...]:
    """The taus of Figure 4b and the example of Figure 4c, after the last epoch."""
    parts = published.load("figure4").sections
    tau: SeedStatistics | None = None if content is None else content["summary"][-1]["tau"]
    ends: list[Ours] = [missing] * 3
    if tau is not None and tau["best"] is not None and tau["worst"] is not None:
        ends = [number(tau["best"], 3), mean_and_std_of(tau), number(tau["worst"], 3)]
    about = _about(content, content and content["table"], request)
    first = missing if content is None else _first(content) or missing
    rows = {"tau": ("tau", ends), "first": ("average run", [first])}
    return tuple(
        ReproducedSection.of(about, parts[key], [ReproducedRow.of(name, ours, parts[key].rows[name])])
        for key, (name, ours) in rows.items()
    )


def _first(content: WeightSharingResult) -> Ours | None:
    """The true rank of the cell that has the best score in the run of average tau."""
    average = next((each for each in content["displacements"] if each["run"] == "average"), None)
    if average is None:
        return None
    place = content["seeds"].index(average["seed"])
    scored = [(score, cell["rank"]) for cell in content["cells"] if (score := cell["scores"][place]) is not None]
    rank = (max if content["larger_is_better"] else min)(scored)[1]
    return None if rank is None else number(rank, 0)


def _amount_item(name: str, kind: DataKind) -> ReproducedItem:
    return ReproducedItem(
        name=name,
        steps=lambda request: (runs.sharing_amount_step(request, kind),),
        find=partial(_amount, kind),
        spaces=(SPACES[kind],),
    )


TABLE5, FIGURE6 = _amount_item("table5", "images"), _amount_item("figure6", "text")
FIGURE4 = ReproducedItem(
    name="figure4", steps=lambda request: (runs.weight_sharing_step(request),), find=_sharing, spaces=(runs.RNN,)
)
