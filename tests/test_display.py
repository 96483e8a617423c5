"""What the progress display says of a run."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.budget import Cost
from harness.display import Display, hours
from harness.driver import Progress
from harness.engine import Beat, Broken, Done, Job
from harness.experiment import Experiment
from harness.plan import make_plan
from tests.live import SHARED, TRAINER


@pytest.mark.parametrize(
    ("oracle", "words"), [("tabular", "simulated hours"), ("tabular+score-gradient", "simulated hours"), (SHARED, "h")]
)
def test_hours_are_simulated_where_a_table_tells_them(oracle: str, words: str) -> None:
    assert hours(oracle) == words


def tasks_of(display: Display) -> list[Any]:
    return list(display._progress.tasks)


def test_a_run_that_broke_is_as_much_over_as_one_that_is_done() -> None:
    fields = {"oracles": SHARED, "space": "nasbench101-v4", "seeds": "1", "device": "cpu"}
    plan = make_plan(Experiment.model_validate({"policies": TRAINER, **fields}))
    jobs = [Job(spec.digest, spec) for spec in plan.specs]
    display = Display()
    with display(jobs, 5) as shown:
        for job in jobs:
            shown.see(Beat(job.run, Progress(3, Cost(3, 0.0, 1800.0))))
        assert [task.description for task in tasks_of(display)] == [
            "runs",
            f"{TRAINER} {SHARED} 1",
            f"random {SHARED} 1",
        ]
        assert [task.fields["cost"] for task in tasks_of(display)] == ["", "0.5 h", "0.5 h"]
        shown.see(Broken(jobs[0].run, "no memory"))
        shown.see(Done(jobs[1].run, "a cell"))
        assert [(task.description, task.completed, task.total) for task in tasks_of(display)] == [("runs", 5, 5)]


def test_a_note_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    Display().note("left out: [a pair] " + "that cannot work " * 20)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "note: left out: [a pair] " + "that cannot work " * 20 + "\n"
