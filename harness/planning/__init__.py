"""From what was asked to run to the records of runs: experiment files, settings, registry and plan."""
