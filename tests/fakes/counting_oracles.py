"""Honest oracles in closed form, for broken ones to be made of."""

from __future__ import annotations

from collections.abc import Sequence

from backends.synthetic import SyntheticOracle
from harness.core.oracle import Answer, Query, State
from harness.planning.settings import create_space


class Counting(SyntheticOracle):
    """The honest oracle, and a count of its answers."""

    def __init__(self, seed: int, sharing: float = 0.0) -> None:
        super().__init__(create_space("nasbench101-v4"), seed, sharing=sharing)
        self.asked = 0

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        answers = [self.change(answer, query) for query, answer in zip(queries, super().answer(queries), strict=True)]
        self.asked += len(queries)
        return answers

    def change(self, answer: Answer, query: Query) -> Answer:
        return answer

    def state_dict(self) -> State:
        return {"asked": self.asked, "weights": super().state_dict()}

    def load_state_dict(self, state: State) -> None:
        self.asked = state["asked"]
        super().load_state_dict(state["weights"])


class Sharing(Counting):
    """The honest oracle with shared weights."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, sharing=2.0)
