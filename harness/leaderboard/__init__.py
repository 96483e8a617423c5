"""Leaderboards: from judged runs, here or in a store, to rows, columns, tests, sentences and tables."""
