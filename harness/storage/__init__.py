"""The run store: its schema, records, checkpoints, merging, and selection of runs."""
