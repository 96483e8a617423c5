"""Surrogates: fitted to the numbers of some cells of a space, and asked about all of them (no torch)."""
