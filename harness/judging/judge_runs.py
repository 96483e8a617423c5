"""Judges runs: reuses recorded judgements, gives failed runs no value, and records every lookup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from harness.core.features import OracleFeatures
from harness.core.judgement import Correlation, Judgement, NoVerdict, Truth
from harness.core.numbers import Number, Undefined
from harness.core.space import SearchSpace
from harness.execution.executor import Workers
from harness.judging.cell_noise import CellNoise
from harness.judging.conduct import answered_truth, recommends_unscored
from harness.judging.coverage import partial_coverage
from harness.judging.judge import Judge
from harness.judging.judged_runs import JudgedRun
from harness.judging.recorded_judge import RecordedJudge
from harness.judging.training_judge import UNRANKED, ScratchTraining, TrainedJudge
from harness.planning import registry
from harness.planning.experiment import BY_TABLE, Experiment
from harness.planning.hardware import existing_device
from harness.planning.plan import Plan, build_truth
from harness.statistics import UniformDraws
from harness.storage.records import ProbeCorrelation, Result, Run
from harness.storage.store import Store

AnyJudge: TypeAlias = Judge | TrainedJudge | RecordedJudge

NO_REPEATS = Undefined("no table with the repeats of the truth is at hand")


def require_judge(experiment: Experiment, plan: Plan) -> None:
    """Raise a HarnessError for a judge that cannot be built, before any search."""
    if experiment.judge != BY_TABLE:
        ScratchTraining.of(experiment.judge, plan.space)
        existing_device(experiment.device or "cpu")


def judge_all(plan: Plan, store: Store, experiment: Experiment) -> tuple[list[JudgedRun], Truth]:
    """Judge every run of a plan, by its table or by training the recommendations."""
    runs = [store.show(spec.digest) for spec in plan.specs]
    if experiment.judge == BY_TABLE:
        judge: AnyJudge = Judge(build_truth(plan.specs[0], plan.space), plan.space, record=store.record_lookup)
    else:
        judge = _judge_by_training(runs, plan.space, store, experiment)
    store.record_truth(plan.specs[0].space, judge.truth)
    return [judge_run(run, judge, store, plan.space) for run in runs], judge.truth


def _judge_by_training(runs: Sequence[Run], space: SearchSpace, store: Store, experiment: Experiment) -> TrainedJudge:
    """A judge for these runs; trains the recommendations of those that are not judged yet."""
    scratch = ScratchTraining.of(experiment.judge, space)
    unknown = [run for run in runs if known_judgement(run, scratch.truth, store) is None]
    cells = [space.parse(run.recommendation or "") for run in unknown]
    workers = Workers.of(experiment.workers, _gpus(experiment) if cells else ())
    trainer = scratch.trainer(verified=experiment.verify is not False)
    values = scratch.train(cells, space, store.folder, workers=workers, trainer=trainer)
    return TrainedJudge(scratch.truth, space, values, record=store.record_lookup)


def _gpus(experiment: Experiment) -> tuple[int, ...]:
    """The GPUs to train on: those that the experiment names, or the first one if the device is a GPU."""
    if experiment.gpus:
        return experiment.gpus
    return (0,) if existing_device(experiment.device or "auto") == "cuda" else ()


def judge_run(run: Run, judge: AnyJudge, store: Store, space: SearchSpace) -> JudgedRun:
    """The record of a run that has ended, as the leaderboard needs it."""
    spec, probe = run.spec, store.probe(run.id)
    judgement = _judgement(run, judge, store, space)
    return JudgedRun(
        policy=spec.policy,
        oracle=spec.oracle,
        space=spec.space,
        seed=spec.seed,
        judgement=judgement,
        probed=len(probe),
        tau=_tau(run, judge, store, space) if probe else _why_no_tau(run),
        spent=run.spent,
        repeated=run.repeated,
        search_metric=store.search_split(run.id) or spec.search_metric,
        coverage=partial_coverage(spec, space, judge.truth, store.record_lookup),
        caution=spec.settings.get("oracle", {}).get("caution", ""),
        answers=store.answers(run.id),
        failed=run.status == "failed",
        repeats_free=run.repeats_free,
        draws=_draws(run, judge, space),
        unscored=recommends_unscored(run, store, space),
        answered_truth=answered_truth(run, judge, store, space),
        noise=_noise(run, judgement, judge, space),
        tau_ceiling=_tau_ceiling(tuple(text for text, _ in probe), judge, space) if probe else _why_no_tau(run),
    )


def _draws(run: Run, judge: AnyJudge, space: SearchSpace) -> UniformDraws | Undefined:
    """Uniform draws from what the run's space reaches, if that is how ``random`` draws and the judge ranks them."""
    sampler = run.spec.settings.get("space", {}).get("sampler", "cells")
    if sampler != "cells":
        return Undefined(f"sampler {sampler!r} does not draw uniformly from the cells")
    if isinstance(judge, Judge):
        return judge.draws(space)
    return Undefined("the table that ranks the cells is not at hand" if judge.truth.kind == "table" else UNRANKED)


def known_judgement(run: Run, truth: Truth, store: Store) -> Judgement | None:
    """The judgement of a run that needs no new lookup, a recorded one or why the run failed; ``None`` without."""
    if run.status == "failed":
        return NoVerdict(run.reason or "the run failed")
    for known in store.results(run.id):
        if (known.metric, known.table_digest) == (truth.metric, truth.digest):
            return known.judgement
    return None


def _judgement(run: Run, judge: AnyJudge, store: Store, space: SearchSpace) -> Judgement:
    truth = judge.truth
    if (known := known_judgement(run, truth, store)) is not None:
        return known
    text = run.recommendation or ""
    judgement: Judgement = judge.judge(space.parse(text), run=run.id)
    store.record_truth(run.spec.space, truth)
    store.record_result(run.id, Result(text, truth.metric, truth.digest, judgement))
    return judgement


def _tau(run: Run, judge: AnyJudge, store: Store, space: SearchSpace) -> Number:
    truth = judge.truth
    for known in store.correlations(run.id):
        if (known.metric, known.table_digest) == (truth.metric, truth.digest):
            return known.correlation.tau
    probe = store.probe(run.id)
    cells, values = [space.parse(text) for text, _ in probe], [value for _, value in probe]
    correlation: Correlation = judge.tau(cells, values, run=run.id)
    store.record_correlation(run.id, ProbeCorrelation(truth.metric, truth.digest, correlation))
    return correlation.tau


def _noise(run: Run, judgement: Judgement, judge: AnyJudge, space: SearchSpace) -> CellNoise | Undefined:
    """The noise of a judged cell; undefined without a table, from whose repeats alone it is known."""
    if isinstance(judgement, NoVerdict):
        return Undefined(judgement.reason)
    if not isinstance(judge, Judge):
        return NO_REPEATS
    return judge.noise_of(space.parse(run.recommendation or ""))


def _tau_ceiling(cells: tuple[str, ...], judge: AnyJudge, space: SearchSpace) -> Number:
    return judge.tau_ceiling([space.parse(cell) for cell in cells]) if isinstance(judge, Judge) else NO_REPEATS


def _why_no_tau(run: Run) -> Undefined:
    if run.status == "failed":
        return Undefined(run.reason or "the run failed")
    if OracleFeatures.of(registry.load("oracle", run.spec.oracle)).shares_weights:
        return Undefined("trained no shared weights")
    return Undefined("shares no weights")
