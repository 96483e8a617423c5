"""The leaderboard as a sortable table: every number of an entry by which a reader compares policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from harness.core.numbers import Number, Undefined
from harness.leaderboard.comparison import Comparison
from harness.leaderboard.leaderboard import LeaderboardEntry
from harness.output.units import CellPart, Unit, fixed, probability, unit_of, whole, with_deviation, with_interval
from harness.report.board_report import BoardReport, ReportRow
from harness.report.cells import ColumnHeader, SortableCell, SortableTable, number_cell, text_cell
from harness.statistics import Interval

SortableColumn: TypeAlias = tuple[ColumnHeader, Callable[[ReportRow], SortableCell]]


def ranking(board_report: BoardReport) -> SortableTable:
    """One line an entry, best mean first."""
    columns = tuple(_columns(board_report))
    rows = tuple(tuple(cell(row) for _, cell in columns) for row in board_report.rows)
    return SortableTable(tuple(head for head, _ in columns), rows)


def _columns(board_report: BoardReport) -> Iterator[SortableColumn]:
    entries, unit = board_report.board.entries, unit_of(board_report.board.truth.metric)
    yield ColumnHeader("policy", "Who searched", text=True), lambda row: text_cell(row.entry.policy)
    for place in ("oracle", "space"):
        if len({getattr(entry, place) for entry in entries}) > 1:
            yield ColumnHeader(place, f"The {place}", text=True), _named(place)
    yield ColumnHeader("seeds", "Seeds with a value, of those that ran"), lambda row: _runs(row.entry)
    meaning = "Mean over the seeds, with its bootstrap interval"
    yield ColumnHeader(f"mean{unit.sign} [95%]", meaning), _interval("mean", "mean_interval", unit)
    yield from _tests(unit)
    if not isinstance(board_report.board.truth.ranking, Undefined):
        yield from _ranks(unit, board_report.board.truth.ranking.size)
    yield from _spreads(unit)
    if any(entry.probed for entry in entries):
        yield ColumnHeader("Kendall’s τ", "Of the final shared weights’ scores and the truth, mean ± std"), _tau
    yield from _costs()


def _spreads(unit: Unit) -> Iterator[SortableColumn]:
    sign = unit.sign
    yield ColumnHeader(f"best{sign}", "The best seed"), _number("best", unit)
    yield ColumnHeader(f"std{sign}", "Standard deviation over the seeds"), _number("std", unit)
    yield ColumnHeader(f"median{sign}", "Median over the seeds"), _number("median", unit)
    yield ColumnHeader(f"IQM{sign}", "Mean of the middle half of the seeds"), _number("iqm", unit)


def _costs() -> Iterator[SortableColumn]:
    yield (
        ColumnHeader("queries", "Mean queries a seed"),
        lambda row: SortableCell((f"{row.entry.queries:,.0f}",), row.entry.queries),
    )
    yield ColumnHeader("hours", "Mean hours of training a seed"), _hours


def _ranks(unit: Unit, size: int) -> Iterator[SortableColumn]:
    yield (
        ColumnHeader(f"best rank of {size:,}", "The rank of the best seed; 1 is best, ties share the best rank"),
        lambda row: number_cell(row.entry.best_rank, whole(row.entry.best_rank)),
    )
    yield (
        ColumnHeader(f"regret{unit.sign}", "Mean distance to the best cell of the space"),
        _number("mean_regret", unit),
    )
    yield (
        ColumnHeader(
            "p(beats random)", "(1 - r/rmax)^n: the chance that n uniform draws all rank worse than r, the best rank"
        ),
        lambda row: number_cell(row.entry.p_beats_random, fixed(row.entry.p_beats_random, 3)),
    )


def _tests(unit: Unit) -> Iterator[SortableColumn]:
    yield (
        ColumnHeader(
            f"over random{unit.sign}",
            "Difference of the means from one random draw, positive is better, with Welch’s interval",
        ),
        _against(
            lambda each: SortableCell(
                with_interval(each.difference, each.interval, unit.scale, sign="+"), _known(each.difference)
            )
        ),
    )
    yield (
        ColumnHeader("Holm p", "Welch’s test against one random draw, corrected for the number of rows"),
        _against(lambda each: number_cell(each.holm_p, probability(each.holm_p))),
    )
    yield (
        ColumnHeader("P(better)", "The chance that a seed beats one random draw, half of the ties included"),
        _against(lambda each: number_cell(each.improvement, fixed(each.improvement, 2))),
    )


def _named(place: str) -> Callable[[ReportRow], SortableCell]:
    return lambda row: text_cell(getattr(row.entry, place))


def _number(field: str, unit: Unit) -> Callable[[ReportRow], SortableCell]:
    def cell(row: ReportRow) -> SortableCell:
        number: Number = getattr(row.entry, field)
        return number_cell(number, fixed(number, 2, unit.scale))

    return cell


def _interval(field: str, interval: str, unit: Unit) -> Callable[[ReportRow], SortableCell]:
    def cell(row: ReportRow) -> SortableCell:
        number: Number = getattr(row.entry, field)
        found: Interval | Undefined = getattr(row.entry, interval)
        return SortableCell(with_interval(number, found, unit.scale), _known(number))

    return cell


def _against(told: Callable[[Comparison], SortableCell]) -> Callable[[ReportRow], SortableCell]:
    def cell(row: ReportRow) -> SortableCell:
        found = row.entry.against_random
        return SortableCell((found,)) if isinstance(found, Undefined) else told(found)

    return cell


def _runs(entry: LeaderboardEntry) -> SortableCell:
    asked, failed = len(entry.seeds), len(entry.failed)
    return number_cell(asked - failed, f"{asked - failed}/{asked}" if failed else f"{asked}")


def _known(number: Number) -> float | None:
    return None if isinstance(number, Undefined) else number


def _joined(parts: tuple[CellPart, ...]) -> tuple[CellPart, ...]:
    """A mean, and what stands about it in one piece."""
    first, *rest = parts
    texts = [part for part in rest if isinstance(part, str)]
    return (first, "".join(texts).strip()) if rest and len(texts) == len(rest) else parts


def _tau(row: ReportRow) -> SortableCell:
    return SortableCell(_joined(with_deviation(row.entry.tau, row.entry.tau_std)), _known(row.entry.tau))


def _hours(row: ReportRow) -> SortableCell:
    hours = row.entry.hours
    return number_cell(
        hours, hours if isinstance(hours, Undefined) else f"{hours:.2g}" if 0 < hours < 1 else f"{hours:,.1f}"
    )
