"""The paper's tables and figures, measured here and shown beside what Yu et al. 2020 print.

An item says which runs it takes (``steps``), as commands of the harness that find and share the same stored runs, and
what of them stands in each printed cell.
"""
