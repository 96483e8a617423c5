"""Opens a table and asks one query, in a new process, whose memory starts at that of the bare interpreter."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def peak_mb() -> float:
    """The peak resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(table: str) -> None:
    """Print the seconds and the memory of importing the libraries, and of opening the table and the first query."""
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
