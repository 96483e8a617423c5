"""Functions from plain data to ``matplotlib.figure.Figure``, one file for each figure; nothing imports pyplot."""
