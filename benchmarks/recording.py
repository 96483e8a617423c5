"""The command line of a benchmark that measures on one device and stores its figures by device in a JSON file."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch


def record(
    results: Path, what: str | None, measure: Callable[[torch.device], Mapping[str, float]], **more: object
) -> None:
    """Measure on the device of the command line, print the figures and write them, keeping those of other devices.

    ``what`` describes the benchmark in the help text, ``more`` is written into the file unchanged.
    """
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    device = torch.device(parser.parse_args().device)
    torch.set_num_threads(1)
    figures = {name: float(f"{value:.4g}") for name, value in measure(device).items()}
    document: dict[str, Any] = {"cpu": "not measured", "cuda": "not measured"}
    document |= json.loads(results.read_text()) if results.is_file() else {}
    document |= {device.type: machine(device) | figures} | more
    results.parent.mkdir(exist_ok=True)
    results.write_text(json.dumps(document, indent=1) + "\n")
    for name, value in document[device.type].items():
        print(f"{name:<48} {value}")


def machine(device: torch.device) -> dict[str, Any]:
    """The machine, the date and the load of a measurement."""
    gpu = f", {torch.cuda.get_device_name(device)}" if device.type != "cpu" else ""
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores{gpu}, {versions}",
        "date": datetime.date.today().isoformat(),
        "load_average": round(os.getloadavg()[0], 1),
    }
