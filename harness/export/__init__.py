"""What a store holds as data for other programs: CSV, JSON, Parquet, Markdown, LaTeX and pandas."""
