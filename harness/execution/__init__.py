"""Performs runs and trainings: one executor contract, local processes by default."""
