"""Damaged and hostile files for every reader: each must be read, or refused in one line.

``python -m tests.fuzzing --examples N`` tries N files a reader and prints what came of them.
"""
