"""Surrogate models: fitted to the training results of some cells, they predict the results of all cells (no torch)."""
