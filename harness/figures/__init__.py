"""Figures: functions from plain data to ``matplotlib.figure.Figure``, one file a figure; nothing imports pyplot."""
