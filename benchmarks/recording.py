"""Stores the figures of benchmarks in JSON files, and the command line of one that measures on one device."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def record(
    results: Path, what: str | None, measure: Callable[[torch.device], Mapping[str, float]], **more: object
) -> None:
    """Measure on the device of the command line, print the figures and write them, keeping those of other devices.

    ``what`` describes the benchmark in the help text, ``more`` is written into the file unchanged.
    """
    import torch

    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    device = torch.device(parser.parse_args().device)
    torch.set_num_threads(1)
    figures = {name: float(f"{value:.4g}") for name, value in measure(device).items()}
    measured = {
        "machine": machine(f"torch {torch.__version__}", device.type),
        "date": datetime.date.today().isoformat(),
        "load_average": round(os.getloadavg()[0], 1),
    }
    document = {"cpu": "not measured", "cuda": "not measured"} | stored(results)
    document |= {device.type: measured | figures} | more
    write(results, document)
    for name, value in document[device.type].items():
        print(f"{name:<48} {value}")


def stored(results: Path) -> dict[str, Any]:
    """The document of a file of figures; empty where there is none."""
    return json.loads(results.read_text()) if results.is_file() else {}


def write(results: Path, document: Mapping[str, Any]) -> str:
    """Write a document, and return its text."""
    text = json.dumps(document, indent=1)
    results.parent.mkdir(exist_ok=True)
    results.write_text(text + "\n")
    return text


def machine(library: str, device: str = "cpu") -> str:
    """Processor, cores, GPU and versions; ``library`` is the name and version of what computes."""
    gpu = ""
    if device != "cpu":
        import torch

        gpu = f", {torch.cuda.get_device_name(device)}"
    return f"{platform.machine()}, {os.cpu_count()} cores{gpu}, Python {platform.python_version()}, {library}"
