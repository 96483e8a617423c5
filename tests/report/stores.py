"""Stores to make reports of: a small real comparison, and runs whose every text tries to break out of the page."""

from harness.core.budget import Budget, Cost
from harness.core.judgement import Verdict
from harness.core.runspec import provenance
from harness.leaderboard.end_to_end import compare
from harness.planning.experiment import BudgetFields, Experiment
from harness.storage.records import Result, ScoreRow
from harness.storage.store import Store
from tests.fakes.stored_runs import checkpoint, spec
from tests.fakes.watch import Watch

TABLE, SPACE = "rnn2-austen", "rnn2"
HOSTILE = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>'\"&{{ 7*7 }}"


def url_of(path):
    return f"sqlite:///{path}"


def experiment(path, *, settings=None, **changes):
    """Evolution and random search on the 32 recurrent cells: a second of work."""
    fixed = {"policies": ("evolution", "random-search"), "space": SPACE, "table": TABLE, "seeds": (1, 2, 3, 4)}
    fixed |= {"budget": BudgetFields(queries=20), "workers": 1, "store": url_of(path), "settings": settings or {}}
    return Experiment(**fixed | changes)


def fill(path, **changes):
    compare(experiment(path, **changes), Watch())
    return url_of(path)


def fill_hostile(path):
    """Two policies with hostile names, settings, machines, cells and reasons, two seeds each; one run has failed."""
    text = "tanh@0 relu@1"
    with Store.open(url_of(path)) as store:
        digest = _digest()
        for policy in (HOSTILE, "random"):
            for seed in (1, 2):
                run = hostile_spec(policy, seed, digest)
                store.begin(run, provenance() | {"platform": HOSTILE, "git_revision": HOSTILE})
                rows = [ScoreRow(0, HOSTILE, None, -4.0, None, 1.0, 2.0)] if policy == HOSTILE else []
                spent = Cost(len(rows), 1.0 * len(rows), 2.0 * len(rows))
                store.commit(run.digest, rows, checkpoint(len(rows), spent=spent))
                if (policy, seed) == (HOSTILE, 2):
                    store.fail(run.digest, HOSTILE)
                    continue
                store.finish(run.digest, text)
                verdict = Verdict(58.0 + seed, 20, 32, 4.0, 40.0)
                store.record_result(run.digest, Result(text, "test_perplexity", digest, verdict))
    return url_of(path)


def hostile_spec(policy, seed, digest):
    settings = {"policy": {"x": HOSTILE, HOSTILE: 1}, "oracle": {}, "space": {}}
    fixed = {"policy": policy, "table": HOSTILE, "table_digest": digest, "budget": Budget(20)}
    return spec(seed, **fixed, settings=settings)


def _digest():
    from backends.tabular.named_tables import open_table

    return open_table(TABLE).digest
