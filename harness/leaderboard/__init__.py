"""Makes leaderboards from new or stored judged runs: rows, columns, tests, sentences and tables."""
