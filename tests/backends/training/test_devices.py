"""Devices by name."""

from __future__ import annotations

import pytest
import torch

from backends.training.devices import resolve_device
from harness.core.errors import SettingError


@pytest.mark.parametrize(
    ("name", "gpus", "device"),
    [("cpu", 2, "cpu"), ("auto", 0, "cpu"), ("auto", 2, "cuda:0"), ("cuda", 1, "cuda:0"), ("cuda:1", 2, "cuda:1")],
)
def test_a_name_stands_for_a_device(name: str, gpus: int, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert resolve_device(name) == torch.device(device)


@pytest.mark.parametrize(
    ("name", "gpus", "message"),
    [
        ("cuda", 0, "'cuda': torch finds no GPU"),
        ("cuda:1", 1, "torch finds 1 GPU"),
        ("gpu", 1, "'gpu': it must be 'cpu', 'cuda' or 'auto'"),
    ],
)
def test_a_device_that_is_not_there_is_refused(
    name: str, gpus: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with pytest.raises(SettingError, match=message):
        resolve_device(name)
