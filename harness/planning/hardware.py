"""Checks the devices and GPUs that a user asks for against those that exist; imports torch only for that."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.errors import SettingError


def existing_device(name: str) -> str:
    """The device name that a run records: ``auto`` becomes ``cuda`` if there is a GPU, and so does ``cuda:0``.

    Raises SettingError for a device that does not exist; ``cpu`` always does, so torch is not imported for it.
    """
    if name == "cpu":
        return name
    from backends.training.devices import resolve_device

    device = resolve_device(name)
    return str(device) if device.index else device.type


def require_gpus(gpus: Sequence[int]) -> None:
    """Raise SettingError unless all GPUs with these numbers exist."""
    if not gpus:
        return
    from backends.training.devices import gpu_count

    there = gpu_count()
    if max(gpus) >= there:
        asked = ",".join(map(str, gpus))
        found = f"there are {there}, numbered from 0" if there else "there is none; leave --gpus out to use the CPU"
        raise SettingError(f"--gpus {asked!r} names GPUs that cannot be used: {found}")
