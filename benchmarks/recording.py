"""The command line of a benchmark that measures on one device and stores its figures by device in a JSON file."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Callable, Mapping
from typing import Any

import torch

from benchmarks.command_line import command_line, known_figures, results_file, write_figures


def record(
    name: str, what: str | None, measure: Callable[[torch.device, bool], Mapping[str, float]], **more: object
) -> None:
    """Measure on the device of the command line, print the figures and write them, keeping those of other devices.

    ``name`` is the file's, ``what`` describes the benchmark in the help text, ``more`` is written into the file
    unchanged. ``measure`` takes the device, and whether the sizes are the smallest.
    """
    parser = command_line(what)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    options = parser.parse_args()
    device, results = torch.device(options.device), results_file(options, name)
    torch.set_num_threads(1)
    figures = {name: float(f"{value:.4g}") for name, value in measure(device, options.quick).items()}
    document: dict[str, Any] = {"cpu": "not measured", "cuda": "not measured"} | known_figures(results)
    document |= {device.type: machine(device) | figures} | more
    write_figures(results, document)
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
