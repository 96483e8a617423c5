"""Leaderboards: from judged runs, here or in a store, to rows, tests, sentences and tables."""
