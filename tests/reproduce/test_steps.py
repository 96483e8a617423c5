"""Which runs count as there, what the next ones will take, and how commands are written."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from backends.tabular.writer import write_table
from harness.cli.options import read_settings
from harness.core.errors import DataError
from harness.planning.experiment import Experiment, parse_seeds
from harness.planning.plan import make_plan
from harness.planning.settings import create_space
from harness.reproduce import figure2, items
from harness.reproduce.item import ReproducedItem
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.schedule import schedule
from harness.reproduce.steps import RunStep, ended_part, ended_runs, entry
from harness.reproduce.timing import training_steps
from harness.storage.store import Store
from tests.fakes.watch import Watch

FEW = {"nao.iterations": 1, "nao.update_epochs": 1, "nao.training_epochs": 1, "nao.pool": 5}


def searches(folder: Path, **fields: Any) -> RunStep:
    """NAO on the table that ships, with three seeds."""
    given = {"policies": ("nao",), "seeds": (1, 2, 3), "settings": FEW, "equal_cost": False, "workers": 1, **fields}
    return RunStep("harness run", Experiment(store=f"sqlite:///{folder}/runs.db", **given), None)


def test_a_policy_of_which_a_seed_is_missing_is_left_out(tmp_path: Path) -> None:
    step = searches(tmp_path)
    plan = step.plan()
    digests = [spec.digest for spec in plan.specs]
    assert ended_part(plan, set(digests)).specs == plan.specs
    nao = [spec.digest for spec in plan.specs if spec.policy == "nao"]
    assert ended_part(plan, set(digests) - {nao[1]}).specs == ()  # only random is left, which is nothing to show
    random = [spec.digest for spec in plan.specs if spec.policy == "random"]
    assert {spec.policy for spec in ended_part(plan, set(digests) - {random[0]}).specs} == {"nao"}


def test_nothing_is_there_before_a_store_is(tmp_path: Path) -> None:
    step = searches(tmp_path)
    assert (ended_runs(step.experiment.store), step.ended(), step.board()) == (set(), None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_seed_that_failed_has_a_place_in_the_row_of_its_policy(tmp_path: Path) -> None:
    step = searches(tmp_path)
    searches(tmp_path, seeds=(1, 2)).perform(Watch())
    broken = next(spec for spec in step.plan().specs if (spec.policy, spec.seed) == ("nao", 3))
    with Store.open(step.experiment.store) as store:
        store.begin(broken, {})
        assert step.board() is None  # it still runs
        store.fail(broken.digest, "out of memory")
    found = entry(step.board(), "nao", "tabular")
    assert found is not None
    assert found.failed == ((3, "out of memory"),)
    (nao, random) = schedule(step, timed=True).groups
    assert (nao.done, random.done) == (2, 2)  # the same command takes it up again
    assert nao.cost.startswith("looked up, ")
    assert random.cost == "one draw a run"


def test_steps_of_training_are_counted_as_the_policies_are_published(tmp_path: Path) -> None:
    """ENAS 200 epochs of 282 updates, NAO 3 times 50 of 176, DARTS 200 of 391 with a slope each (eval-nas)."""
    policies = ("enas", "nao", "darts")
    recipe = {"oracle.recipe": "cifar10"}
    experiment = Experiment(policies=policies, oracles=("supernet",), space="nasbench101-v5", settings=recipe)
    found = {spec.policy: training_steps(spec) for spec in make_plan(experiment).specs if spec.policy != "random"}
    assert found == {"enas": 200 * 282, "nao": 3 * 50 * 176, "darts": 2 * 200 * 391}


COMMON = Experiment(
    seeds=(3, 5, 8),
    store="sqlite:///a b.db",
    device="cpu",
    verify=False,
    settings={"nao.pool": 7, "nao.lr": 0.001, "space.encoding": "tree", "nao.holdout": None, "x.y": "a b"},
)


def test_a_command_says_again_what_was_asked() -> None:
    words = shlex.split(ReproduceRequest("quick", COMMON).command("run", "--policy", "nao"))
    flags = dict(zip(words[4::2], words[5::2], strict=False))
    assert words[:4] == ["harness", "run", "--policy", "nao"]
    assert parse_seeds(flags["--seeds"]) == (3, 5, 8)
    assert (flags["--store"], flags["--device"]) == ("sqlite:///a b.db", "cpu")
    given = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    assert read_settings(given) == COMMON.settings
    assert "--no-verify" in words


def test_what_is_the_default_is_not_said() -> None:
    assert ReproduceRequest("quick", Experiment()).command("run") == "harness run"
    asked = Experiment(seeds=tuple(range(4, 9)), gpus=(0, 2))
    assert ReproduceRequest("quick", asked).command("run") == "harness run --seeds 4:9 --gpus 0,2"


def test_the_published_scale_is_only_timed_where_there_are_gpus() -> None:
    fits = [
        ReproduceRequest(scale, Experiment(**fields)).fits
        for scale, fields in (("paper", {}), ("paper", {"gpus": (0,)}))
    ]  # type: ignore[arg-type]
    assert fits == [False, True]
    assert ReproduceRequest("quick", Experiment()).fits


def test_nothing_runs_where_data_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    request = ReproduceRequest("paper", Experiment(store=f"sqlite:///{tmp_path}/runs.db", seeds=(1,)))
    with pytest.raises(DataError, match=r"^table1 at paper scale lacks data set 'ptb' \(`harness data list`"):
        items.perform_missing(items.find("table1"), request, Watch())
    assert list(tmp_path.iterdir()) == []


def test_a_step_whose_runs_are_there_is_not_performed(tmp_path: Path) -> None:
    step = searches(tmp_path, seeds=(1,))
    step.perform(Watch())
    item = ReproducedItem(name="table4", steps=lambda request: (step,), find=items.find("table4").find)
    watch = Watch()
    items.perform_missing(item, ReproduceRequest("quick", step.experiment), watch)
    assert (watch.notes, watch.jobs) == ([], [])


@pytest.mark.slow(reason="trains cells from scratch")
def test_the_courses_of_judged_cells_are_read_from_the_judges_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the published scale the recommended cells' trainings are recorded where judging trained them."""
    from tests.backends.standalone.language import LITTLE, write_text

    write_text(tmp_path)
    content = {name: getattr(LITTLE, name) for name in LITTLE.__dataclass_fields__}
    recipe = tmp_path / "little.yaml"
    recipe.write_text(yaml.safe_dump({**content, "dataset": str(tmp_path / "made-up"), "repeats": 1, "epochs": 2}))
    asked = Experiment(
        policies=(), oracles=("synthetic",), space="rnn2", seeds=(1, 2), judge=str(recipe), workers=1,
        store=f"sqlite:///{tmp_path}/runs.db", equal_cost=False,
    )  # fmt: skip
    step = RunStep("harness run", asked, None)
    step.perform(Watch())
    with Store.read(asked.store) as store:
        found = {"random": store.runs(policy="random")}
    curves = figure2._trained(step, found)
    assert curves is not None
    assert curves["epochs"] == [1, 2]
    (row,) = curves["rows"]
    assert np.shape(row["courses"]) == (2, 2)
    with Store.read(asked.store) as store:
        assert sum(look.architecture.startswith("course of ") for look in store.looks()) == 2
    (journal,) = tmp_path.glob("judge-*.journal")
    journal.unlink()
    assert figure2._trained(step, found) is None


def test_a_cell_that_the_table_lacks_or_whose_training_diverged_has_no_curve(tmp_path: Path) -> None:
    whole, torn = (70.0, 65.0), (70.0, float("nan"))
    row = figure2._curves("nao", [whole, torn])
    assert (row["seeds"], row["courses"], row["best"], row["mean"]) == (2, [[70.0, 65.0]], [70.0, 65.0], [70.0, 65.0])
    assert figure2._curves("nao", [torn])["best"] == []


def test_the_twelve_recurrent_cells_are_read_from_a_table_that_is_given(tmp_path: Path) -> None:
    space, cells = create_space("rnn3"), 384
    final = (60 + np.arange(cells) / 10)[:, None, None] * np.ones((1, 1, 2))
    write_table(
        tmp_path / "rnn3.h5",
        space=space,
        keys=np.arange(cells),
        epochs=(1,),
        recorded=np.ones(final.shape, bool),
        final={"validation_perplexity": final, "test_perplexity": final},
        recipe="{}",
        provenance={"importer": "test"},
    )
    request = ReproduceRequest("quick", Experiment(seeds=(1,)), str(tmp_path / "rnn3.h5"))
    items.require_table(items.find("figure6"), request)
    (step,) = items.find("figure6").steps(request)
    assert step.experiment.table == str(tmp_path / "rnn3.h5")
    assert step.plan().specs[0].table is None
