"""A harness that measures how good the search phase of neural architecture search is."""

__version__ = "0.1.0"
