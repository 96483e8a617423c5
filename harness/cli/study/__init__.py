"""``harness study``: how rankings change with short training, shared weights, noisy scores or other data."""

from __future__ import annotations

import click

from harness.cli.commands import LazyGroup

COMMAND_PATHS = {
    "weight-sharing": "harness.cli.study.weight_sharing:weight_sharing",
    "sharing-amount": "harness.cli.study.sharing_amount:sharing_amount",
    "early-stopping": "harness.cli.study.early_stopping:early_stopping",
    "penalty": "harness.cli.study.penalty:penalty",
    "noise": "harness.cli.study.noise:noise",
    "transfer": "harness.cli.study.transfer:transfer",
}


@click.group("study", cls=LazyGroup, paths=COMMAND_PATHS)
def study_group() -> None:
    """Studies of the search phase: weight sharing, how much is shared, early stopping, the penalty, noise, transfer."""
