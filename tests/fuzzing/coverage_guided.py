"""``python -m tests.fuzzing.coverage_guided READER [SECONDS]`` lets Atheris search for a file that breaks a reader."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["backends", "harness"]):
    from harness.core.errors import HarnessError
    from tests.fuzzing.readers import READERS

SEEDS = 50
"""Hostile files that the search begins with."""


def main() -> None:
    """Search until the time is over, or until an error other than a HarnessError shows the file that caused it."""
    name, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "60"
    reader = next(reader for reader in READERS if reader.name == name)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number in range(SEEDS):
            (corpus / str(number)).write_bytes(reader.make(Random(number)))

        def read(content: bytes) -> None:
            path = Path(folder, reader.file)
            path.write_bytes(content)
            with contextlib.suppress(HarnessError):
                reader.read(path)

        atheris.Setup([sys.argv[0], str(corpus), f"-max_total_time={seconds}", "-rss_limit_mb=6000"], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
