"""Data sets as torch tensors, with fixed splits."""
