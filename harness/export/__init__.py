"""Exports the contents of a store to other programs: CSV, JSON, Parquet, Markdown, LaTeX and pandas."""
