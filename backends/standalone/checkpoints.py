"""Checkpoint files, from which a training continues after a crash: written atomically, and ignored if damaged."""

import contextlib
import hashlib
import io
import os
import pickle
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from harness.core.errors import StoreError
from harness.files.atomic_write import atomic_write

CHECKPOINTS_VARIABLE = "HARNESS_CHECKPOINTS"
"""Environment variable that names the folder of checkpoints."""

INTERVAL = 30.0
"""Seconds between two writes."""

_DIGEST_BYTES = hashlib.sha256().digest_size
_ABANDONED_SECONDS = 3600


def checkpoint_folder() -> Path:
    """The folder of checkpoints: the one that HARNESS_CHECKPOINTS names, or `runs/checkpoints` in the current folder.

    It only affects how much of a training is repeated after a crash, so it is not a setting of a run.
    """
    return Path(os.environ.get(CHECKPOINTS_VARIABLE) or "runs/checkpoints")


class TrainingCheckpoint:
    """The checkpoint of the training `name`, which is a digest of everything that determines the training.

    The file is the SHA-256 of its remaining bytes, then a `torch.save` of the name and the state. It is read with
    `weights_only`, so it cannot contain code. Two processes with the same training may both write: each file is a valid
    state of it.
    """

    def __init__(self, folder: Path, name: str, interval: float = INTERVAL) -> None:
        self._path = folder / f"{name}.pt"
        self._name = name
        self._interval = interval
        self._next = time.monotonic() + interval

    def due(self) -> bool:
        """Whether the interval has passed since the last write."""
        return time.monotonic() >= self._next

    def read(self) -> Mapping[str, Any] | None:
        """The saved state, or None if the file is missing, damaged or of another training."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return None
        digest, saved = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(saved).digest() != digest:
            return None
        try:
            document = torch.load(io.BytesIO(saved), map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError):
            return None
        known = isinstance(document, dict) and document.get("name") == self._name
        return document["state"] if known else None

    def write(self, state: Mapping[str, Any]) -> None:
        """Replace the file atomically; raises StoreError if it cannot be written."""
        buffer = io.BytesIO()
        torch.save({"name": self._name, "state": state}, buffer)
        saved = buffer.getbuffer()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._path) as part, part.open("wb") as file:
                file.write(hashlib.sha256(saved).digest())
                file.write(saved)
        except OSError as error:
            raise StoreError(
                f"cannot write the checkpoint {str(self._path)!r}: {error.strerror}; "
                f"make room there, or name another folder with the environment variable {CHECKPOINTS_VARIABLE}"
            ) from error
        self._next = time.monotonic() + self._interval

    def remove(self) -> None:
        """Delete the file, and partial files of killed processes that are more than an hour old."""
        self._path.unlink(missing_ok=True)
        for part in self._path.parent.glob(f"*{self._name}.*.part"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > _ABANDONED_SECONDS:
                    part.unlink()
