"""Downloading image data, from a server on this machine."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from backends.data.fetch import fetch, unpack
from backends.data.known_datasets import DATASETS
from backends.data.sources import PublishedFile
from harness.core.errors import DataError, SettingError, UnknownNameError
from tests.backends.data.planted import plant
from tests.fakes.file_server import Server

BATCHES = {name: name.encode() * 3 for name in ("data_batch_1", "data_batch_2", "test_batch")}


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    with io.BytesIO() as buffer:
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for member, content in members:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return buffer.getvalue()


def member(name: str) -> tarfile.TarInfo:
    return tarfile.TarInfo(name)


def link(name: str, target: str) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = tarfile.SYMTYPE, target
    return made


def official() -> list[tuple[tarfile.TarInfo, bytes]]:
    return [(member(f"cifar-10-batches-py/{name}"), content) for name, content in BATCHES.items()]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serves an archive in the form of CIFAR-10's, whose digests the code is told to expect."""
    extra = [(member("../outside"), b"1"), (member("/tmp/outside"), b"2"), (member("cifar-10-batches-py/readme"), b"3")]
    content = tar(*extra, *official())
    with closing(Server(content)) as server:
        url = server.published.url.rsplit("/", 1)[0] + "/cifar-10-python.tar.gz"
        members = {name: md5(content) for name, content in BATCHES.items()}
        plant(monkeypatch, "cifar10", files=(PublishedFile(url, md5(content), 1),), members=members)
        yield server


def test_the_archive_is_downloaded_checked_and_unpacked_once(server: Server, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    for _ in range(2):
        place = fetch("cifar10", folder=tmp_path / "data", on_progress=lambda done, total: calls.append((done, total)))
    assert place == tmp_path / "data" / "cifar-10-batches-py"
    assert {path.name: path.read_bytes() for path in place.iterdir()} == BATCHES
    assert calls[-1] == (len(server.content), len(server.content))
    assert server.starts == [0]
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"cifar-10-batches-py", "downloads"}
    assert not (tmp_path / "outside").exists()


def test_an_interrupted_download_goes_on_where_it_stopped(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.files.downloads.CHUNK", 100)
    server.cut = 200
    with pytest.raises(DataError, match=r"cannot download .* run the command again to go on where it stopped"):
        fetch("cifar10", folder=tmp_path)
    server.cut = len(server.content)
    assert (fetch("cifar10", folder=tmp_path) / "test_batch").is_file()
    assert server.starts == [0, 200]


def test_an_archive_of_another_digest_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (archive,) = DATASETS["cifar10"].files
    plant(monkeypatch, "cifar10", files=(PublishedFile(archive.url, "0" * 32, 1),))
    with pytest.raises(DataError, match="its MD5 differs; it was removed"):
        fetch("cifar10", folder=tmp_path)
    assert not (tmp_path / "cifar-10-batches-py").exists()


def test_a_folder_that_lacks_batches_is_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(DataError, match=r"lacks some of the files .* move it away"):
        fetch("cifar10", folder=tmp_path)
    assert server.starts == []


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (official()[:-1], "has no file 'cifar-10-batches-py/test_batch'"),
        ([*official()[:-1], (link("cifar-10-batches-py/test_batch", "/etc/hostname"), b"")], "has no file"),
        ([*official()[:-1], (member("cifar-10-batches-py/test_batch"), b"other")], "test_batch' is not the published"),
    ],
)
def test_an_archive_unpacks_whole_or_not_at_all(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]], message: str
) -> None:
    (tmp_path / "archive").write_bytes(tar(*members))
    with pytest.raises(DataError, match=message):
        unpack(tmp_path / "archive", tmp_path / "cifar-10-batches-py", {name: md5(c) for name, c in BATCHES.items()})
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


@pytest.mark.parametrize("content", [b"no archive", tar(*official())[:60]], ids=["no archive", "cut short"])
def test_a_damaged_archive_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(DataError, match="cannot unpack") as caught:
        unpack(tmp_path / "archive", tmp_path / "cifar-10-batches-py", {"test_batch": ""})
    assert "\n" not in str(caught.value)


def test_four_files_of_fashion_mnist_are_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [source.file_name for source in DATASETS["fashion-mnist"].files]
    with ExitStack() as stack:
        servers = [stack.enter_context(closing(Server(name.encode()))) for name in names]
        sources = tuple(
            PublishedFile(f"{server.published.url.rsplit('/', 1)[0]}/{name}", md5(name.encode()), 1)
            for server, name in zip(servers, names, strict=True)
        )
        plant(monkeypatch, "fashion-mnist", files=sources)
        place = fetch("fashion-mnist", folder=tmp_path)
    assert place == tmp_path / "fashion-mnist"
    assert {path.name: path.read_bytes() for path in place.iterdir()} == {name: name.encode() for name in names}


def test_what_cannot_be_fetched_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'cifar10'"):
        fetch("cifar100", folder=tmp_path)
    with pytest.raises(SettingError, match="comes with scikit-learn"):
        fetch("digits", folder=tmp_path)
    with pytest.raises(SettingError, match="comes with the harness"):
        fetch("austen", folder=tmp_path)
    with pytest.raises(SettingError, match="has no public licence, so it cannot be fetched"):
        fetch("ptb", folder=tmp_path)
