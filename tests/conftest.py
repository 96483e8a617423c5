"""Tests run side by side: one thread each, set before NumPy is imported, and no example fails for being slow."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from hypothesis import settings  # noqa: E402  (the variables come first)

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
