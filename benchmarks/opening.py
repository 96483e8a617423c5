"""Opens a table and asks one query; run in a fresh process, so that its memory starts at the bare interpreter's."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def peak_mb() -> float:
    """This process's peak resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(table: str) -> None:
    """Print the seconds of importing the libraries, those of opening and the first query, and the memory of both."""
    before, start = peak_mb(), time.perf_counter()
    from harness.nasbench_api import ModelSpec, NASBench

    imported, libraries, cpu = time.perf_counter(), peak_mb(), time.process_time()
    spec = ModelSpec([[0, 1, 1], [0, 0, 1], [0, 0, 0]], ["input", "conv3x3-bn-relu", "output"])
    NASBench(table).query(spec)
    figures = {
        "library_import_seconds": imported - start,
        "library_memory_mb": libraries - before,
        "open_and_first_query_seconds": time.perf_counter() - imported,
        "open_and_first_query_processor_seconds": time.process_time() - cpu,
        "open_memory_above_interpreter_mb": peak_mb() - before,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main(sys.argv[1])
