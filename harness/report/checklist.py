"""The checklist of Lindauer and Hutter 2020 (JMLR 21(243), Appendix A), answered from what the store recorded.

An item is answered yes only on evidence in the store. What no record can show, such as how settings were tuned, stays
"not recorded": the authors of a study answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.core.numbers import Undefined
from harness.core.policy import BASELINE
from harness.planning import registry
from harness.report.board_report import BoardReport
from harness.report.provenance import SHORT, distinct, seeds

ChecklistAnswer: TypeAlias = Literal["yes", "no", "not recorded"]

Finding: TypeAlias = tuple[ChecklistAnswer, str]
"""An answer and the evidence for it."""

SEARCHES = ("random-search", "random-sharing")
"""Policies that are random search with the same pipeline as the others."""

NOT_OURS = "not this project's own, and its code is not in the store"

CONFOUNDERS = ("harness", "git revision", "Python", "platform", "cores", "packages", "device")


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """A question of the checklist in our words, under its heading, with the answer and the evidence for it."""

    heading: str
    question: str
    answer: ChecklistAnswer
    evidence: str


def checklist(board_report: BoardReport) -> list[ChecklistItem]:
    """All items, in the order of the paper."""
    return [ChecklistItem(heading, question, *find(board_report)) for heading, question, find in QUESTIONS]


def _training(board_report: BoardReport) -> Finding:
    truth = board_report.board.truth
    evidence = f"{truth.kind} {truth.name}, digest {truth.digest[:SHORT]}: {truth.text}"
    return "yes" if truth.digest else "not recorded", evidence


def _space(board_report: BoardReport) -> Finding:
    spaces = sorted({run.spec.space for run in board_report.runs})
    if foreign := foreign_parts("space", spaces):
        return "not recorded", f"{', '.join(foreign)}: {NOT_OURS}"
    answer, evidence = _revision(board_report)
    return answer, f"space {', '.join(sorted({run.spec.space for run in board_report.runs}))}; {evidence}"


def _revision(board_report: BoardReport) -> Finding:
    """Whether every run names a git revision without uncommitted changes, with the evidence."""
    found = distinct(board_report.runs, "git revision")
    versions = ", ".join(sorted(distinct(board_report.runs, "harness")))
    if dirty := [revision for revision in found if revision.endswith("-dirty")]:
        return "no", f"harness {versions} with changes that no revision holds ({', '.join(sorted(dirty))})"
    if "" in found or not found:
        return "not recorded", f"harness {versions}, whose git revision is not known for {found['']} runs"
    return "yes", f"harness {versions}, git revision {', '.join(sorted(found))}"


def _methods(board_report: BoardReport) -> Finding:
    policies = sorted({run.spec.policy for run in board_report.runs})
    oracles = sorted({run.spec.oracle for run in board_report.runs})
    if foreign := [*foreign_parts("policy", policies), *foreign_parts("oracle", oracles)]:
        return "not recorded", f"{', '.join(foreign)}: {NOT_OURS}"
    answer, evidence = _revision(board_report)
    return answer, f"policies {', '.join(policies)}; {evidence}"


def _settings(board_report: BoardReport) -> Finding:
    runs = board_report.runs
    return "yes" if runs else "no", f"every setting and seed of {len(runs)} runs stands under Provenance"


def _benchmark(board_report: BoardReport) -> Finding:
    seen = {
        (run.spec.space, str(run.spec.settings.get("space")), run.spec.table_digest, run.spec.search_metric)
        for run in board_report.runs
    }
    declared = {run.search_metric for run in board_report.judged if run.spent.queries > 0}
    oracles = sorted({run.spec.oracle for run in board_report.runs})
    same = "one space, one truth and one search metric for all runs"
    alike = len(seen) == 1 and len(declared) < 2
    evidence = same if alike else f"{max(len(seen), len(declared))} combinations of space, truth and search metric"
    if len(oracles) > 1:
        evidence += f"; answers come from {', '.join(oracles)}: compare within an oracle"
    return "yes" if alike else "no", evidence


def _confounders(board_report: BoardReport) -> Finding:
    if differing := [fact for fact in CONFOUNDERS if len(distinct(board_report.runs, fact)) > 1]:
        return "no", f"runs differ in: {', '.join(differing)}"
    return "yes", "one machine and one version of every recorded part for all runs"


def _ablation(board_report: BoardReport) -> Finding:
    ways: dict[str, set[str]] = {}
    for run in (run for run in board_report.runs if run.spec.policy not in (BASELINE, *SEARCHES)):
        ways.setdefault(run.spec.policy, set()).add(f"{run.spec.oracle} {sorted(run.spec.settings.items())}")
    if several := sorted(policy for policy, found in ways.items() if len(found) > 1):
        return "yes", f"{', '.join(several)}: with more than one oracle or setting"
    return "no", "every policy was run with one oracle and one setting of each part"


def _protocol(board_report: BoardReport) -> Finding:
    asking = [run for run in board_report.judged if run.spent.queries > 0]
    found = {run.policy for run in asking if run.search_metric.startswith("test") or run.answered_truth}
    leaks = sorted(found | {run.spec.policy for run in board_report.runs if run.spec.search_metric.startswith("test")})
    if leaks:
        return "no", f"the searches of {', '.join(leaks)} saw test figures"
    if board_report.early_lookups:
        return "no", f"{board_report.early_lookups} looks at the truth came before the run had ended"
    judge = f"one judge for all recommendations: {board_report.board.truth.text}"
    ours = "every recorded look at the truth came after its run had ended"
    if foreign := _foreign(board_report):
        return "not recorded", (
            f"{judge}; {ours}; what {', '.join(foreign)} did besides is not known: code that is not this project's own "
            "runs with all rights of the user, and can read a table's file"
        )
    return "yes", f"{judge}; the oracles declare that searches saw validation figures alone, and {ours}"


def _foreign(board_report: BoardReport) -> list[str]:
    """The policies, oracles and spaces that are not this project's own."""
    specs = [run.spec for run in board_report.runs]
    named: Mapping[registry.PartKind, Iterable[str]] = {
        "policy": (spec.policy for spec in specs),
        "oracle": (spec.oracle for spec in specs),
        "space": (spec.space for spec in specs),
    }
    return [name for kind, names in named.items() for name in foreign_parts(kind, sorted(set(names)))]


def foreign_parts(kind: registry.PartKind, names: Iterable[str]) -> list[str]:
    """The names of parts that are plug-ins."""
    return [name for name in names if not registry.is_built_in(kind, name)]


def _over_time(board_report: BoardReport) -> Finding:
    searching = [row for row in board_report.rows if row.searches]
    scored = [row for row in searching if row.scored]
    known = bool(scored) and not isinstance(board_report.ground_truth, Undefined)
    evidence = f"{len(scored)} of {len(searching)} searches left scores to draw any-time curves from"
    return "yes" if known else "no", evidence


def _random_search(board_report: BoardReport) -> Finding:
    equal = sorted({each.other for row in board_report.rows for each in row.entry.against_search})
    policies = sorted({run.spec.policy for run in board_report.runs} & set(SEARCHES))
    if equal or policies:
        return "yes", f"{', '.join((*equal, *policies))} is in the comparison"
    drawn = any(not row.searches for row in board_report.rows)
    return "no", "only one uniform draw a seed, no search at equal cost" if drawn else "there is neither"


def _repeated(board_report: BoardReport) -> Finding:
    counts = [len(set(row.entry.seeds)) for row in board_report.rows]
    listed = "; ".join(f"{row.label} {seeds(row)}" for row in board_report.rows)
    return "yes" if min(counts, default=0) > 1 else "no", f"seeds of each: {listed}"


def _tabular(board_report: BoardReport) -> Finding:
    if board_report.board.truth.kind == "table":
        return "yes", f"table {board_report.board.truth.name} ranks what is recommended"
    return "no", "recommendations were trained, nothing was looked up"


def _setup(board_report: BoardReport) -> Finding:
    facts = ("Python", "platform", "cores", "packages")
    if missing := sorted(fact for fact in facts if "" in distinct(board_report.runs, fact)):
        return "no", f"missing: {', '.join(missing)}"
    return "yes", "versions, machine, settings, seeds and dates of every run"


CODE, COMPARING, REPORTING = "Releasing code", "Comparing methods", "Reporting details"

QUESTIONS: Sequence[tuple[str, str, Callable[[BoardReport], Finding]]] = (
    (CODE, "Is the training of the judged architectures published, with its settings and seeds?", _training),
    (CODE, "Is the code of the search space published?", _space),
    (CODE, "Is the code of the search methods published?", _methods),
    (CODE, "Are the methods' settings and seeds published?", _settings),
    (COMPARING, "Do all methods use the same benchmark: data, split, space, and training?", _benchmark),
    (COMPARING, "Are confounders controlled: machine, versions, libraries?", _confounders),
    (COMPARING, "Are there ablations?", _ablation),
    (COMPARING, "Is the same evaluation protocol used for all methods?", _protocol),
    (COMPARING, "Is performance compared over time?", _over_time),
    (COMPARING, "Is random search compared with, at the same cost?", _random_search),
    (COMPARING, "Is every experiment repeated, and are the seeds reported?", _repeated),
    (COMPARING, "Are tabular or surrogate benchmarks used for a deeper evaluation?", _tabular),
    (
        REPORTING,
        "Is it said how settings were tuned, and what that cost?",
        lambda _: ("not recorded", "the settings are listed; how they were chosen is for the authors to say"),
    ),
    (
        REPORTING,
        "Is the time of the whole method reported, end to end?",
        lambda _: (
            "not recorded",
            "hours of training during the search stand in the leaderboard; a policy's own computing and the final "
            "training do not",
        ),
    ),
    (REPORTING, "Is the whole experimental setup reported?", _setup),
)


def tally(items: Sequence[ChecklistItem]) -> str:
    """The number of items with each answer, in words."""
    counts = [(sum(item.answer == answer for item in items), answer) for answer in ("yes", "no", "not recorded")]
    return ", ".join(f"{count} {answer}" for count, answer in counts)
