"""The checklist of Lindauer and Hutter 2020 (JMLR 21(243), Appendix A), answered from what the store recorded.

An item is answered yes only on evidence in the store. What no record can show, such as how settings were tuned, stays
"not recorded": the authors of a study answer it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.core.numbers import Undefined
from harness.core.policy import BASELINE
from harness.report.board_report import BoardReport
from harness.report.provenance import SHORT, distinct, seeds

ChecklistAnswer: TypeAlias = Literal["yes", "no", "not recorded"]

SEARCHES = ("random-search", "random-sharing")
"""Policies that are random search with the same pipeline as the others."""

CONFOUNDERS = ("harness", "git revision", "Python", "platform", "cores", "packages", "device")


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """A question of the checklist in our words, under its heading, with the answer and the evidence for it."""

    heading: str
    question: str
    answer: ChecklistAnswer
    evidence: str


CODE, COMPARING, REPORTING = "Releasing code", "Comparing methods", "Reporting details"


def checklist(board_report: BoardReport) -> list[ChecklistItem]:
    """All items, in the order of the paper."""
    return [*_code(board_report), *_comparing(board_report), *_reporting(board_report)]


def _code(board_report: BoardReport) -> Iterator[ChecklistItem]:
    truth = board_report.board.truth
    evidence = f"{truth.kind} {truth.name}, digest {truth.digest[:SHORT]}: {truth.text}"
    yield ChecklistItem(
        CODE,
        "Is the training of the judged architectures published, with its settings and seeds?",
        "yes" if truth.digest else "not recorded",
        evidence,
    )
    answer, evidence = _revision(board_report)
    yield ChecklistItem(
        CODE, "Is the code of the search space published?", answer, f"space {_spaces(board_report)}; {evidence}"
    )
    answer, evidence = _methods(board_report)
    yield ChecklistItem(CODE, "Is the code of the search methods published?", answer, evidence)
    runs = board_report.runs
    yield ChecklistItem(
        CODE,
        "Are the methods' settings and seeds published?",
        "yes" if runs else "no",
        f"every setting and seed of {len(runs)} runs stands under Provenance",
    )


def _spaces(board_report: BoardReport) -> str:
    return ", ".join(sorted({run.spec.space for run in board_report.runs}))


def _revision(board_report: BoardReport) -> tuple[ChecklistAnswer, str]:
    """Whether every run names a git revision without uncommitted changes, with the evidence."""
    found = distinct(board_report.runs, "git revision")
    versions = ", ".join(sorted(distinct(board_report.runs, "harness")))
    if dirty := [revision for revision in found if revision.endswith("-dirty")]:
        return "no", f"harness {versions} with changes that no revision holds ({', '.join(sorted(dirty))})"
    if "" in found or not found:
        return "not recorded", f"harness {versions}, whose git revision is not known for {found['']} runs"
    return "yes", f"harness {versions}, git revision {', '.join(sorted(found))}"


def _methods(board_report: BoardReport) -> tuple[ChecklistAnswer, str]:
    foreign = sorted({run.spec.policy for run in board_report.runs if ":" in run.spec.policy})
    if foreign:
        return "not recorded", f"{', '.join(foreign)}: named by place, and its code is not in the store"
    answer, evidence = _revision(board_report)
    return answer, f"policies {', '.join(sorted({run.spec.policy for run in board_report.runs}))}; {evidence}"


def _comparing(board_report: BoardReport) -> Iterator[ChecklistItem]:
    yield _benchmark(board_report)
    yield _confounders(board_report)
    yield _ablation(board_report)
    yield _protocol(board_report)
    yield _over_time(board_report)
    yield _random_search(board_report)
    yield _repeated(board_report)
    yield _tabular(board_report)


def _benchmark(board_report: BoardReport) -> ChecklistItem:
    question = "Do all methods use the same benchmark: data, split, space, and training?"
    seen = {
        (run.spec.space, str(run.spec.settings.get("space")), run.spec.table_digest, run.spec.search_metric)
        for run in board_report.runs
    }
    oracles = sorted({run.spec.oracle for run in board_report.runs})
    same = "one space, one truth and one search metric for all runs"
    evidence = same if len(seen) == 1 else f"{len(seen)} combinations of space, truth and search metric"
    if len(oracles) > 1:
        evidence += f"; answers come from {', '.join(oracles)}: compare within an oracle"
    return ChecklistItem(COMPARING, question, "yes" if len(seen) == 1 else "no", evidence)


def _confounders(board_report: BoardReport) -> ChecklistItem:
    question = "Are confounders controlled: machine, versions, libraries?"
    found = {fact: distinct(board_report.runs, fact) for fact in CONFOUNDERS}
    differing = [fact for fact, values in found.items() if len(values) > 1]
    if differing:
        return ChecklistItem(COMPARING, question, "no", f"runs differ in: {', '.join(differing)}")
    return ChecklistItem(COMPARING, question, "yes", "one machine and one version of every recorded part for all runs")


def _ablation(board_report: BoardReport) -> ChecklistItem:
    question = "Are there ablations?"
    ways: dict[str, set[str]] = {}
    for run in (run for run in board_report.runs if run.spec.policy not in (BASELINE, *SEARCHES)):
        ways.setdefault(run.spec.policy, set()).add(f"{run.spec.oracle} {sorted(run.spec.settings.items())}")
    several = sorted(policy for policy, found in ways.items() if len(found) > 1)
    if several:
        return ChecklistItem(COMPARING, question, "yes", f"{', '.join(several)}: with more than one oracle or setting")
    return ChecklistItem(COMPARING, question, "no", "every policy was run with one oracle and one setting of each part")


def _protocol(board_report: BoardReport) -> ChecklistItem:
    question = "Is the same evaluation protocol used for all methods?"
    leaks = sorted({run.spec.policy for run in board_report.runs if run.spec.search_metric.startswith("test")})
    if leaks:
        return ChecklistItem(COMPARING, question, "no", f"the searches of {', '.join(leaks)} saw test figures")
    if board_report.early_lookups:
        return ChecklistItem(
            COMPARING, question, "no", f"{board_report.early_lookups} looks at the truth came before the run had ended"
        )
    evidence = (
        f"one judge for all recommendations: {board_report.board.truth.text}; searches saw validation figures alone, "
        "and every recorded look at the truth came after its run had ended"
    )
    return ChecklistItem(COMPARING, question, "yes", evidence)


def _over_time(board_report: BoardReport) -> ChecklistItem:
    question = "Is performance compared over time?"
    searching = [row for row in board_report.rows if row.searches]
    scored = [row for row in searching if any(run.scores for run in row.runs)]
    known = bool(scored) and not isinstance(board_report.ground_truth, Undefined)
    evidence = f"{len(scored)} of {len(searching)} searches left scores to draw any-time curves from"
    return ChecklistItem(COMPARING, question, "yes" if known else "no", evidence)


def _random_search(board_report: BoardReport) -> ChecklistItem:
    question = "Is random search compared with, at the same cost?"
    equal = sorted({each.other for row in board_report.rows for each in row.entry.against_search})
    policies = sorted({run.spec.policy for run in board_report.runs} & set(SEARCHES))
    if equal or policies:
        return ChecklistItem(COMPARING, question, "yes", f"{', '.join((*equal, *policies))} is in the comparison")
    drawn = any(not row.searches for row in board_report.rows)
    evidence = "only one uniform draw a seed, no search at equal cost" if drawn else "there is neither"
    return ChecklistItem(COMPARING, question, "no", evidence)


def _repeated(board_report: BoardReport) -> ChecklistItem:
    question = "Is every experiment repeated, and are the seeds reported?"
    counts = [len(set(row.entry.seeds)) for row in board_report.rows]
    listed = "; ".join(f"{row.label} {seeds(row)}" for row in board_report.rows)
    return ChecklistItem(COMPARING, question, "yes" if min(counts, default=0) > 1 else "no", f"seeds of each: {listed}")


def _tabular(board_report: BoardReport) -> ChecklistItem:
    question = "Are tabular or surrogate benchmarks used for a deeper evaluation?"
    if board_report.board.truth.kind == "table":
        return ChecklistItem(
            COMPARING, question, "yes", f"table {board_report.board.truth.name} ranks what is recommended"
        )
    return ChecklistItem(COMPARING, question, "no", "recommendations were trained, nothing was looked up")


def _reporting(board_report: BoardReport) -> Iterator[ChecklistItem]:
    yield ChecklistItem(
        REPORTING,
        "Is it said how settings were tuned, and what that cost?",
        "not recorded",
        "the settings are listed; how they were chosen is for the authors to say",
    )
    yield ChecklistItem(
        REPORTING,
        "Is the time of the whole method reported, end to end?",
        "not recorded",
        "hours of training during the search stand in the leaderboard; a policy's own computing and the final "
        "training do not",
    )
    missing = sorted(
        fact for fact in ("Python", "platform", "cores", "packages") if "" in distinct(board_report.runs, fact)
    )
    evidence = (
        f"missing: {', '.join(missing)}" if missing else "versions, machine, settings, seeds and dates of every run"
    )
    yield ChecklistItem(REPORTING, "Is the whole experimental setup reported?", "no" if missing else "yes", evidence)


def tally(items: Sequence[ChecklistItem]) -> str:
    """The number of items with each answer, in words."""
    counts = [(sum(item.answer == answer for item in items), answer) for answer in ("yes", "no", "not recorded")]
    return ", ".join(f"{count} {answer}" for count, answer in counts)
