"""A judge that only returns recorded judgements: for a recipe, and for a table whose file is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from harness.core.errors import TableError
from harness.core.judgement import Correlation, Truth
from harness.core.numbers import Undefined
from harness.core.space import Architecture
from harness.files.folders import cache_folder
from harness.judging.training_judge import UNRANKED


@dataclass(frozen=True, slots=True)
class RecordedJudge:
    """Describes the truth of recorded judgements; it can judge nothing new."""

    truth: Truth

    def judge(self, architecture: Architecture, *, run: str = "") -> NoReturn:
        """Raise TableError: the truth is not available."""
        raise _gone(self.truth.name, self.truth.digest, f"run {run[:12]} was not judged by it yet")

    def tau(self, cells: Sequence[Architecture], values: Sequence[float | None], *, run: str = "") -> Correlation:
        """No correlation for a recipe, which trains other cells than the probed ones; raises TableError for a table."""
        if self.truth.kind == "recipe":
            return Correlation(Undefined(UNRANKED), 0)
        raise _gone(self.truth.name, self.truth.digest, f"the probe of run {run[:12]} was not compared with it yet")


def _gone(name: str, digest: str, lacking: str) -> TableError:
    folder = cache_folder() / "tables"
    return TableError(
        f"table {name!r} (digest {digest[:12]}) is not to be found, and {lacking}; put its file into {str(folder)!r}, "
        f"or leave its runs out with --where 'table_digest!={digest[:12]}'"
    )
