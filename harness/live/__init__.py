"""Views of runs in progress."""
