"""What noise does to a leaderboard: by hand, from real runs on the tables that ship, and against SciPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau

from backends.tabular.named_tables import open_table
from backends.tabular.oracle import TabularOracle
from harness.core.errors import IncompatibleError, SettingError
from harness.core.numbers import Number, Undefined
from harness.core.oracle import Score, Scored
from harness.core.random import stream
from harness.core.space import Architecture
from harness.planning.experiment import BudgetFields, Experiment
from harness.planning.plan import make_plan
from harness.planning.settings import create_space
from harness.storage.store import Store
from harness.studies.noise.conditions import NoiseCondition, conditions_of, signal
from harness.studies.noise.measure import NoiseResult, compare_conditions, study_noise
from harness.studies.noise.page import noise_page
from tests.fakes.judged_runs import COURSES, SCRATCH, board, perplexity, runs
from tests.fakes.tables import FakeTable
from tests.fakes.watch import Watch

SEEDS = (1, 2)
TABLE = open_table("rnn2-ptb")
SPACE = create_space("rnn2")
SEEN = (NoiseCondition("clear", "mean", 12, True), NoiseCondition("noisy", "sample", 12, True))
SPEC = make_plan(Experiment(policies=("evolution",), table="rnn2-ptb", budget=BudgetFields(queries=5))).specs[0]


def oracle(**settings: Any) -> TabularOracle:
    return TabularOracle(SPACE, 1, table="rnn2-ptb", **settings)


def experiment(path: Path, **changes: Any) -> Experiment:
    fields = {"table": "rnn2-ptb", "seeds": (1, 2, 3), "budget": {"queries": 12}, "store": f"sqlite:///{path}/n.db"}
    return Experiment.model_validate(fields | {"workers": 1} | changes)


def by_hand(noisy: dict[str, list[Any]], signals: tuple[Number, Number] = (0.9, 0.5)) -> NoiseResult:
    """Three policies whose means are 0.95, 0.85 and 0.75 where the search sees all."""
    clear = {"nao": [0.9, 1.0], "enas": [0.8, 0.9], "spos": [0.7, 0.8]}
    boards = [board(*(runs(name, values, SEEDS) for name, values in side.items())) for side in (clear, noisy)]
    first = board(*(runs(name, values, SEEDS) for name, values in clear.items()), runs("random", [0.1, 0.3], SEEDS))
    return compare_conditions(SEEN, [first, boards[1]], signals, of=list(clear), spec=SPEC, ceiling=0.8)


TURNED = {"nao": [0.7, 0.8], "enas": [0.9, 0.6], "spos": [0.8, 1.0]}
"""Means 0.75, 0.75 and 0.9; on the seeds the places are 3, 1, 2 and 2, 3, 1."""


def test_scores_without_a_number_of_epochs_are_after_those_of_the_oracle() -> None:
    cell = SPACE.parse("tanh@0 relu@0")
    row = TABLE.rows(SPACE.canonical_keys(SPACE.require([cell])))
    for epochs in (2, 6, None):
        (answer,) = oracle(epochs=epochs).answer([Score(cell)])
        assert isinstance(answer, Scored)
        mean = TABLE.values("validation_perplexity", epochs or 6, rows=row).mean()
        assert (answer.value, answer.cost.epochs) == (pytest.approx(-np.log(mean)), epochs or 6)
    (asked,) = oracle(epochs=2).answer([Score(cell, epochs=3)])
    assert asked.cost.epochs == 3


def test_epochs_that_the_table_lacks_are_refused() -> None:
    with pytest.raises(IncompatibleError, match="no trainings of 7 epochs"):
        oracle(epochs=7)
    with pytest.raises(IncompatibleError, match="no trainings of 0 epochs"):
        oracle(epochs=2).answer([Score(Architecture((0, 0, 0, 0)), epochs=0)])


def test_runs_that_set_no_epochs_are_those_from_before_there_was_such_a_setting() -> None:
    plain = make_plan(Experiment(policies=("evolution",), table="rnn2-ptb"))
    early = make_plan(Experiment(policies=("evolution",), table="rnn2-ptb", settings={"oracle.epochs": 2}))
    assert all(spec.settings["oracle"] == {"repeat": "mean", "duplicates": "free"} for spec in plain.specs)
    assert all(spec.settings["oracle"]["epochs"] == 2 for spec in early.specs)


def test_policies_of_several_budgets_are_told_of_those_up_to_the_epochs() -> None:
    plan = make_plan(Experiment(policies=("hyperband",), table="rnn2-ptb", settings={"oracle.epochs": 4}))
    assert plan.specs[0].settings["policy"]["budgets"] == [1, 2, 3, 4]


def test_a_search_is_to_see_every_shorter_budget_or_those_asked_for() -> None:
    assert [(condition.repeat, condition.epochs) for condition in conditions_of(TABLE)] == [
        ("mean", 6),
        ("sample", 6),
        *(("mean", epochs) for epochs in range(1, 6)),
    ]
    assert [condition.name for condition in conditions_of(TABLE, (2, 1, 6, 2))] == [
        "mean of 10 repeats, 6 epochs",
        "one repeat, 6 epochs",
        "mean of 10 repeats, 1 epoch",
        "mean of 10 repeats, 2 epochs",
    ]
    with pytest.raises(IncompatibleError, match="no trainings of 9 epochs"):
        conditions_of(TABLE, (9,))


def test_a_table_in_which_nothing_varies_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="'bare' has one repeat at 6 epochs alone"):
        conditions_of(FakeTable({}, name="bare", epochs=(6,), repeats=1))  # type: ignore[arg-type]


def test_the_order_of_the_policies_is_compared_by_their_means() -> None:
    content = by_hand(TURNED)
    clear, noisy = content["conditions"]
    assert (clear["changed"], clear["tau"], clear["unsettled"]) == (0, None, 0.0)
    assert clear["reasons"]["tau"] == "the order that the others are compared with"
    assert noisy["tau"] == pytest.approx(kendalltau([0.95, 0.85, 0.75], [0.75, 0.75, 0.9]).statistic)
    assert noisy["changed"] == 2  # nao from 1 to 2, spos from 3 to 1, and enas, which ties with nao, still 2
    assert noisy["unsettled"] == pytest.approx(6 / 6)
    assert [row["place"] for row in content["rows"]] == [1, 2, 2, 2, 3, 1]
    assert [(row["policy"], row["condition"]) for row in content["rows"][:3]] == [("nao", 0), ("nao", 1), ("enas", 0)]
    assert content["baseline"] == pytest.approx(0.2)
    assert noisy["mean_regret"] == pytest.approx(0.9432 - np.mean([0.75, 0.75, 0.9]))


def test_places_on_single_seeds_are_compared_with_those_of_the_means() -> None:
    noisy = by_hand({"nao": [0.9, 0.6], "enas": [0.8, 0.9], "spos": [0.7, 0.8]})["conditions"][1]
    assert noisy["unsettled"] == pytest.approx(3 / 6)  # as ever on the first seed, and 3, 1, 2 on the second


def test_places_on_single_seeds_leave_out_seeds_with_a_failed_run() -> None:
    content = by_hand(TURNED | {"nao": ["diverged", 0.8]})
    noisy = content["conditions"][1]
    assert noisy["unsettled"] == pytest.approx(3 / 3)
    assert content["rows"][1]["failed"] == {"1": "diverged"}
    gone = by_hand(TURNED | {"nao": ["diverged"] * 2})["conditions"][1]
    assert (gone["unsettled"], gone["tau"]) == (None, None)
    assert gone["reasons"]["unsettled"] == "on no seed do all policies have a value"


def test_of_perplexities_the_smallest_has_the_first_place() -> None:
    sides = [
        board(
            runs("nao", [perplexity(63.0 + worse, 2)] * 2, SEEDS),
            runs("enas", [perplexity(64.0, 5)] * 2, SEEDS),
            runs("random", [perplexity(70.0, 20)] * 2, SEEDS),
            truth=COURSES,
        )
        for worse in (0.0, 3.0)
    ]
    content = compare_conditions(SEEN, sides, (0.9, Undefined("none")), of=["nao", "enas"], spec=SPEC, ceiling=0.8)
    assert [row["place"] for row in content["rows"]] == [1, 2, 2, 1]
    assert (content["conditions"][1]["signal"], content["conditions"][1]["reasons"]["signal"]) == (None, "none")
    page = noise_page(content)
    assert "The smaller, the better." in page.notes
    assert "noisy: nao from place 1 to 2, enas from place 2 to 1" in page.notes


def test_the_page_has_a_row_for_each_policy_and_condition_and_says_what_moved() -> None:
    page = noise_page(by_hand(TURNED))
    policies, orders = page.grids
    assert policies.rows[0][:3] == ("nao", "clear", "95.00 ± 7.07")
    assert policies.rows[1][6] == "2"
    assert orders.rows == (
        ("clear", "0.900", "0.800", "9.32", "–", "0 of 3", "0 %"),
        ("noisy", "0.500", "0.800", "14.32", "-0.82", "2 of 3", "100 %"),
    )
    assert "noisy: nao from place 1 to 2, spos from place 3 to 1" in page.notes
    assert "One random draw a seed, which sees nothing, comes to 20.00 % in the mean." in page.notes
    kept = noise_page(by_hand({"nao": [0.9, 0.9], "enas": [0.8, 0.8], "spos": [0.7, 0.7]}))
    assert "noisy: all policies keep their places" in kept.notes


def test_policies_that_found_the_same_are_warned_of() -> None:
    same = {"nao": [0.7, 0.8], "enas": [0.7, 0.8], "spos": [0.8, 1.0]}
    (told,) = [note for note in noise_page(by_hand(same)).notes if "found the same" in note]
    assert told.startswith("warning: nao and enas found the same on every seed in 1 of 2 conditions")
    assert not [note for note in noise_page(by_hand(TURNED)).notes if "found the same" in note]


def test_where_nothing_is_ranked_there_is_no_study() -> None:
    made = board(runs("nao", [0.9], [1]), runs("random", [0.9], [1]), truth=SCRATCH)
    with pytest.raises(IncompatibleError, match="ranks no cells: not ranked"):
        compare_conditions(SEEN[:1], [made], (0.9,), of=["nao"], spec=SPEC, ceiling=0.8)


def test_the_signal_is_the_agreement_of_all_scores_with_the_truth() -> None:
    early = Experiment(policies=("evolution",), table="rnn2-ptb", seeds=(1, 2), settings={"oracle.epochs": 2})
    seen, truth = TABLE.values("validation_perplexity", 2).mean(axis=1), TABLE.values("test_perplexity").mean(axis=1)
    assert signal(make_plan(early), "test_perplexity") == pytest.approx(kendalltau(seen, truth).statistic)
    drawn = early.model_copy(update={"settings": {"oracle.repeat": "sample"}})
    cells = [SPACE.from_key(key) for key in TABLE.keys.tolist()]
    taus = []
    for seed in (1, 2):
        asked = TabularOracle(SPACE, seed, table="rnn2-ptb", repeat="sample")
        scores = [answer.value for answer in asked.answer(list(map(Score, cells))) if isinstance(answer, Scored)]
        taus.append(kendalltau(scores, -truth).statistic)
    assert signal(make_plan(drawn), "test_perplexity") == pytest.approx(np.mean(taus))
    assert taus[0] != taus[1]


@pytest.mark.slow(reason="a whole study")
def test_a_study_performs_ordinary_runs_once_and_judges_them_by_one_truth(tmp_path: Path) -> None:
    asked, watch = experiment(tmp_path), Watch()
    content = study_noise(asked, ("evolution", "random-search"), watch, epochs=(2,))
    assert watch.notes == [
        "21 of 21 runs are to be done, 1 at a time"
    ]  # 2 policies, 3 conditions, 3 seeds; random once
    assert study_noise(asked, ("evolution", "random-search"), watch, epochs=(2,)) == content
    with Store.read(asked.store) as looked_at:
        looks = [
            look for look in looked_at.looks() if "compared with the scores in each condition" in look.architecture
        ]
    assert [(look.run, look.architecture.split(",")[0], look.metric) for look in looks] == [
        ("", "32 cells", "test_perplexity")
    ] * 2
    assert 0.8 < content["ceiling"] < 1
    assert (len(watch.notes), watch.jobs) == (1, [])
    truth = dict(zip(TABLE.keys.tolist(), TABLE.values("test_perplexity").mean(axis=1).tolist(), strict=True))
    with Store.open(asked.store) as store:
        found = store.runs()
    assert len(found) == 21
    early = [run for run in found if run.spec.settings["oracle"].get("epochs") == 2 and run.spec.policy == "evolution"]
    row = next(each for each in content["rows"] if (each["policy"], each["condition"]) == ("evolution", 2))
    values = [
        truth[int(SPACE.canonical_keys(SPACE.require([SPACE.parse(run.recommendation or "")]))[0])] for run in early
    ]
    assert row["values"] == pytest.approx(values)
    assert all(run.spent.epochs == 2 * 12 for run in early)
    assert content["table"] == "rnn2-ptb"
    assert (content["metric"], content["seeds"], content["budget"]) == ("test_perplexity", [1, 2, 3], 12)


def test_the_condition_that_sees_all_shares_its_runs_with_an_ordinary_comparison() -> None:
    one = Experiment(policies=("evolution",), table="rnn2-ptb", seeds=(1,), budget=BudgetFields(queries=12))
    seen = conditions_of(TABLE)[0].settings
    assert make_plan(one).specs == make_plan(one.model_copy(update={"settings": seen})).specs


def test_random_search_takes_all_the_queries_unless_its_samples_are_set(tmp_path: Path) -> None:
    asked = experiment(tmp_path, budget={"queries": 130}, seeds=(1,))
    content = study_noise(asked, ("random-search",), Watch(), epochs=(6,))
    assert {row["queries"] for row in content["rows"]} == {130}
    for name in ("random-search.samples", "policy.samples"):
        set_ = asked.model_copy(update={"settings": {name: 20}})
        assert {row["queries"] for row in study_noise(set_, ("random-search",), Watch(), epochs=(6,))["rows"]} == {20}


@pytest.mark.parametrize("name", ["oracle.repeat", "tabular.epochs"])
def test_what_the_study_varies_cannot_be_set(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match=f"--set {name}=…: this study varies it"):
        study_noise(experiment(tmp_path, settings={name: "sample"}), ("evolution",), Watch())


def test_a_study_without_a_table_s_oracle_or_a_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IncompatibleError, match="oracle synthetic reads no table"):
        study_noise(experiment(tmp_path, oracles=("synthetic",)), ("evolution",), Watch())
    with pytest.raises(SettingError, match="no policy to compare but random"):
        study_noise(experiment(tmp_path), ("random",), Watch())
    assert not (tmp_path / "n.db").exists()


def test_slopes_are_estimated_by_scores_of_the_same_noise(tmp_path: Path) -> None:
    few = {"darts.epochs": 2, "darts.updates": 3}
    asked = experiment(tmp_path, oracles=("tabular+score-gradient",), seeds=(1,), settings=few)
    content = study_noise(asked, ("darts",), Watch(), epochs=(1,))
    assert [condition["epochs"] for condition in content["conditions"]] == [6, 6, 1]
    assert all(row["values"][0] is not None for row in content["rows"])


def test_a_cell_drawn_by_a_seed_keeps_its_repeat_at_every_query() -> None:
    cell = SPACE.sample(stream(1, "test"))
    first, again = oracle(repeat="sample", epochs=3).answer([Score(cell), Score(cell)])
    assert isinstance(first, Scored)
    assert isinstance(again, Scored)
    row = TABLE.rows(SPACE.canonical_keys(SPACE.require([cell])))
    singles = -np.log(TABLE.values("validation_perplexity", 3, rows=row)[0])
    assert first.value == again.value
    assert np.isclose(singles, first.value).sum() == 1
