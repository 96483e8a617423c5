"""Makes the page of what differs between two leaderboards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from harness import statistics
from harness.leaderboard.compared_boards import KEY_FIELDS, ComparedRow
from harness.leaderboard.differences import BoardDifferences, RowMatch, unexplained
from harness.leaderboard.document import plain_fields
from harness.output.page import Page, TextTable
from harness.output.units import TableCell, Unit, fixed, probability, text, unit_of, with_deviation, with_interval

NOTE = (
    "Difference: of the means, B minus A, with Welch's 95 % interval, turned so that positive is better for B. Welch "
    "p: two-sided; Holm p: corrected for all rows that are tested. Rank: the mean over the seeds, 1 being best."
)


def page(found: BoardDifferences, a: str, b: str) -> Page:
    """The results of common rows, why they may differ, and the rows of only one; ``a`` and ``b`` are names."""
    grids = [_numbers(found.matches), *_reasons(found), *_alone(found)]
    content = {"a": a, "b": b, "rows": [_record(match) for match in found.matches]}
    content |= {"only_in_a": [_named(row) for row in found.only_a], "only_in_b": [_named(row) for row in found.only_b]}
    return Page(f"A: {a}\nB: {b}", tuple(grids), tuple(_notes(found)), content)


def _numbers(matches: Sequence[RowMatch]) -> TextTable:
    several = [len({match.a.key[place] for match in matches}) > 1 for place in range(5)]
    places = [place for place in range(1, 5) if several[place]]
    heads = ("A\nmean ± std", "B\nmean ± std", "difference", "Welch\np", "Holm\np", "rank\nA", "rank\nB")
    rows = [(match.name, *(match.a.key[place] for place in places), *_cells(match)) for match in matches]
    shared = ", ".join(matches[0].a.key[place] for place in range(1, 4) if not several[place]) if matches else ""
    title = f"In both, by {_metric(matches)}" + (f"; {shared}" if shared else "")
    return TextTable(
        title if matches else "In both: nothing", ("policy", *(KEY_FIELDS[p] for p in places), *heads), tuple(rows)
    )


def _metric(matches: Sequence[RowMatch]) -> str:
    units = {match.a.metric: unit_of(match.a.metric) for match in matches}
    named = [f"{metric.replace('_', ' ')}{unit.sign.replace(' %', ' in %')}" for metric, unit in units.items()]
    return " and ".join(named)


def _cells(match: RowMatch) -> tuple[str, ...]:
    unit, test = unit_of(match.a.metric), match.comparison
    difference = with_interval(test.difference, test.interval, unit.scale, sign="+")
    ends = (_spread(match.a, unit), _spread(match.b, unit))
    tests = ((probability(test.welch_p),), (probability(test.holm_p),))
    shown = (("same in every seed",), ("",), ("",)) if match.same else (difference, *tests)
    return tuple(map(text, (*ends, *shown, (_rank(match.a),), (_rank(match.b),))))


def _spread(row: ComparedRow, unit: Unit) -> TableCell:
    return with_deviation(statistics.mean(row.known), statistics.std(row.known), unit.scale)


def _rank(row: ComparedRow) -> str:
    ranks = [rank for rank in row.ranks if rank is not None]
    return text(fixed(fmean(ranks), 1)) if ranks else "–"


def _reasons(found: BoardDifferences) -> Iterator[TextTable]:
    """The recorded differences of runs; those that all rows share come first."""
    shared = found.shared
    rows = [("all", key, *pair) for key, pair in shared.items()]
    for match in found.matches:
        rows += [(_called(match, found), key, *pair) for key, pair in match.differing.items() if key not in shared]
    if rows:
        yield TextTable("What differs between their runs", ("policy", "what", "A", "B"), tuple(rows))


def _called(match: RowMatch, found: BoardDifferences) -> str:
    """The name of a match in sentences: its policy, with its oracle if there are several."""
    several = len({each.a.key[1] for each in found.matches}) > 1
    return f"{match.name} on {match.a.key[1]}" if several else match.name


def _alone(found: BoardDifferences) -> Iterator[TextTable]:
    rows = [("A", *row.key[:4], f"{len(row.seeds)}") for row in found.only_a]
    rows += [("B", *row.key[:4], f"{len(row.seeds)}") for row in found.only_b]
    if rows:
        yield TextTable("Only in one", ("in", "policy", "oracle", "space", "judge", "seeds"), tuple(rows))


def _notes(found: BoardDifferences) -> Iterator[str]:
    if found.matches:
        yield NOTE
    for match in filter(unexplained, found.matches):
        seeds = ", ".join(map(str, match.moved))
        yield (
            f"warning: {_called(match, found)}: the same settings, version and truth, yet other values of seed "
            f"{seeds}: what ran is not decided by its seed, or something that is not recorded differs"
        )
    if any(len(row.recorded) < 2 for match in found.matches for row in (match.a, match.b)):
        yield "One side says nothing of settings: `harness leaderboard --json` writes them, `harness run --json` not."


def _named(row: ComparedRow) -> dict[str, Any]:
    return dict(zip(KEY_FIELDS, row.key, strict=True)) | {"seeds": list(row.seeds)}


def _record(match: RowMatch) -> dict[str, Any]:
    return {
        "a": _numbered(match.a),
        "b": _numbered(match.b),
        "comparison": plain_fields(match.comparison),
        "differing": {key: list(pair) for key, pair in match.differing.items()},
        "moved_seeds": match.moved,
        "unexplained": unexplained(match),
    }


def _numbered(row: ComparedRow) -> dict[str, Any]:
    return _named(row) | {"values": list(row.values), "ranks": list(row.ranks), "queries": row.queries}
