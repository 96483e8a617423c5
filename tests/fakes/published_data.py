"""Where NAS-Bench-101's published means lie, which are no part of the project."""

from __future__ import annotations

import os
from pathlib import Path

PUBLISHED = Path(os.environ.get("HARNESS_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "nasbench101"

MISSING = f"no published means in {PUBLISHED}; HARNESS_SHARED_DATA names the folder that holds nasbench101/"
