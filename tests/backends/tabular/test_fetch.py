"""Downloading published tables, from a server on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.tabular import Table
from backends.tabular.fetch import PUBLISHED, PublishedTable, download, fetch
from benchmarks.synthetic_tfrecord import write_synthetic
from harness.core.errors import TableError, UnknownNameError
from harness.spaces.nasbench101 import NASBench101
from tests.fakes.file_server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    write_synthetic(tmp_path / "v3.tfrecord", vertices=3)
    server = Server((tmp_path / "v3.tfrecord").read_bytes())
    yield server
    server.close()


def test_a_published_file_is_downloaded_checked_and_imported_once(server: Server, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []

    def run() -> Path:
        return fetch(
            "nasbench101",
            NASBench101(),
            folder=tmp_path / "cache",
            published=server.published,
            on_download=lambda done, total: calls.append((done, total)),
        )

    table = Table.open(run())
    assert len(table) == 7
    assert table.provenance["sha256"] == server.published.sha256
    assert calls[-1] == (len(server.content), len(server.content))
    run()
    assert server.starts == [0]


@pytest.mark.parametrize("ranges", [True, False])
def test_an_interrupted_download_goes_on_where_it_stopped(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ranges: bool
) -> None:
    monkeypatch.setattr("harness.files.downloads.CHUNK", 100)
    server.cut, server.ranges = 1000, ranges
    with pytest.raises(TableError, match=r"cannot download .* run the command again to go on where it stopped"):
        download(server.published, tmp_path / "cache")
    server.cut = len(server.content)
    path = download(server.published, tmp_path / "cache")
    assert path.read_bytes() == server.content
    assert server.starts == ([0, 1000] if ranges else [0, 0])
    assert [p.name for p in (tmp_path / "cache").iterdir()] == ["v3.tfrecord"]


def test_a_download_that_was_complete_is_only_checked(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "v3.tfrecord.part").write_bytes(server.content)
    assert download(server.published, tmp_path / "cache").read_bytes() == server.content


def test_a_file_of_another_digest_is_refused_and_removed(server: Server, tmp_path: Path) -> None:
    other = PublishedTable(server.published.url, "0" * 64, 0.0)
    with pytest.raises(TableError, match="its SHA-256 differs; it was removed") as caught:
        download(other, tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "cache").iterdir())


def test_no_network_is_one_clear_line(server: Server, tmp_path: Path) -> None:
    published = server.published
    server.close()
    with pytest.raises(TableError, match="cannot download http") as caught:
        download(published, tmp_path / "cache")
    assert "\n" not in str(caught.value)


def test_the_published_files_are_named_with_their_digests() -> None:
    assert set(PUBLISHED) == {"nasbench101", "nasbench101-full"}
    assert all(re.fullmatch("[0-9a-f]{64}", published.sha256) for published in PUBLISHED.values())
    with pytest.raises(UnknownNameError, match="did you mean 'nasbench101"):
        fetch("nasbench10", NASBench101())
