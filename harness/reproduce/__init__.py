"""The tables and figures of Yu et al. 2020, measured here and shown next to the printed numbers.

An item names the runs that it needs (``steps``), each step being a command of the harness that shares its stored runs,
and computes each printed cell from them.
"""
