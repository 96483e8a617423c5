"""Downloads published image data into the data folder, checks it, and unpacks what is needed of it."""

from __future__ import annotations

import tarfile
import tempfile
import zlib
from pathlib import Path

from backends.data import cifar10, fashion_mnist
from backends.data.datasets import dataset_info
from backends.data.sources import PublishedFile, data_folder, read
from harness.core.errors import DataError, SettingError
from harness.core.progress import ProgressCallback, silent
from harness.files import downloads


def fetch(name: str, *, folder: Path | None = None, on_progress: ProgressCallback = silent) -> Path:
    """Download a data set and return the folder of its files, where `datasets.load` finds them from then on.

    What is there is not done again; an interrupted download goes on where it stopped. Progress is in bytes of the file
    that is being downloaded. `folder` is `data_folder()` by default. Raises UnknownNameError, SettingError for digits,
    which come with scikit-learn, and DataError without a network, for a file of another MD5 (which is removed), and
    where the disk is full.
    """
    dataset_info(name)
    if name == "digits":
        raise SettingError("data set 'digits' comes with scikit-learn: there is nothing to fetch")
    root = folder or data_folder()
    return _cifar10(root, on_progress) if name == "cifar10" else _fashion_mnist(root, on_progress)


def _cifar10(root: Path, on_progress: ProgressCallback) -> Path:
    target = root / cifar10.FOLDER
    wanted = cifar10.TRAIN_FILES | cifar10.TEST_FILES
    if all((target / name).is_file() for name in wanted):
        return target
    if target.exists():
        raise DataError(f"{str(target)!r} lacks some of the batches {list(wanted)}; move it away and fetch again")
    unpack(download(cifar10.ARCHIVE, root / "downloads", on_progress), target, wanted)
    return target


def _fashion_mnist(root: Path, on_progress: ProgressCallback) -> Path:
    target = root / fashion_mnist.FOLDER
    for source in fashion_mnist.FILES:
        download(source, target, on_progress)
    return target


def download(source: PublishedFile, folder: Path, on_progress: ProgressCallback = silent) -> Path:
    """The published file in `folder`, downloaded if it is not there yet, and checked; raises DataError."""
    return downloads.download(
        source.url, f"md5:{source.md5}", folder, on_progress, size=f"{source.megabytes:g} MB", trouble=DataError
    )


def unpack(archive: Path, target: Path, wanted: dict[str, str]) -> None:
    """Make the folder `target` of an archive's plain files `target.name/...` that are `wanted`, names with their MD5.

    Nothing else of the archive is written, whatever its members are called, and the folder appears whole or not at
    all. Raises DataError.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar, tempfile.TemporaryDirectory(dir=target.parent) as workplace:
            members = {member.name: member for member in tar if member.isreg()}
            made = Path(workplace) / target.name
            made.mkdir()
            for name, md5 in wanted.items():
                member = members.get(f"{target.name}/{name}")
                content = tar.extractfile(member) if member else None
                if content is None:
                    raise DataError(f"{str(archive)!r} has no file {target.name + '/' + name!r}")
                (made / name).write_bytes(content.read())
                read(made / name, md5, verify=True)
            made.rename(target)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"cannot unpack {str(archive)!r} to {str(target)!r}: {reason}") from error
