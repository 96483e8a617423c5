"""Devices and GPUs that a user asks for, checked against those that there are; torch is imported only to look."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.errors import SettingError


def existing_device(name: str) -> str:
    """The name that a run is known by: ``auto`` is ``cuda`` where there is a GPU, and so is the first one's number.

    Raises SettingError for a device that is not there; the CPU always is, so that nothing is imported for it.
    """
    if name == "cpu":
        return name
    from backends.training.devices import resolve_device

    device = resolve_device(name)
    return str(device) if device.index else device.type


def require_gpus(gpus: Sequence[int]) -> None:
    """Raise SettingError unless all GPUs of these numbers are there."""
    if not gpus:
        return
    from backends.training.devices import gpu_count

    there = gpu_count()
    if max(gpus) >= there:
        asked = ",".join(map(str, gpus))
        found = f"there are {there}, numbered from 0" if there else "there is none; leave --gpus out to use the CPU"
        raise SettingError(f"--gpus {asked!r} names GPUs that cannot be used: {found}")
