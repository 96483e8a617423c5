"""The file: written whole or not at all, the same for the same store, small, and asked for in one command."""

import shutil

import pytest
from click.testing import CliRunner

from backends.tabular.named_tables import table_path
from harness.cli import cli
from harness.core.errors import SettingError
from harness.report.write import require_writable
from harness.storage.store import Store
from tests.report.conftest import page_of
from tests.report.stores import TABLE, experiment, fill, url_of


def command(*arguments):
    return CliRunner().invoke(cli, ["report", *arguments])


def test_the_same_store_gives_the_same_bytes_however_often_it_is_asked(store_url, page, tmp_path):
    again = page_of(store_url, tmp_path / "again.html")
    assert again.read_bytes() == page.read_bytes()


@pytest.mark.slow(reason="sixty searches")
def test_sixty_runs_stay_below_half_a_megabyte(tmp_path):
    url = fill(tmp_path / "runs.db", seeds=tuple(range(20)))
    with Store.read(url) as store:
        assert len(store.runs()) >= 60
    assert page_of(url, tmp_path / "report.html").stat().st_size < 500_000


def test_the_page_says_metric_split_repeats_and_seeds(page):
    assert "Test perplexity, mean of 10 repeats at 6 epochs; 4 seeds a row" in page.read_text()


def test_conditions_choose_the_runs_and_the_baseline_stays(store_url, tmp_path):
    ended = command("--store", store_url, "--where", "policy=evolution", "--output", str(tmp_path / "r.html"))
    assert ended.exit_code == 0
    assert ended.output == f"wrote {tmp_path / 'r.html'} ({(tmp_path / 'r.html').stat().st_size / 1e6:.1f} MB)\n"
    text = (tmp_path / "r.html").read_text()
    assert "<h1>evolution and random on rnn2</h1>" in text
    assert 'data-row="random-search"' not in text


@pytest.mark.slow(reason="two stores are searched")
def test_two_spaces_are_two_leaderboards_on_one_page(tmp_path):
    fill(tmp_path / "runs.db", seeds=(1, 2))
    other = {"space": "nasbench101-v4", "table": "nasbench101-v5-digits", "policies": ("evolution",)}
    url = fill(tmp_path / "runs.db", seeds=(1, 2), **other)
    text = page_of(url, tmp_path / "r.html").read_text()
    assert "in 2 leaderboards" in text
    assert text.count("<h2 ") == 2
    assert text.count("</article>") == 2


@pytest.mark.parametrize(
    ("output", "words"),
    [("r.pdf", "must end in .html"), ("none/r.html", "no folder"), ("folder.html", "is a folder")],
    ids=["ending", "no folder", "a folder"],
)
def test_a_file_that_cannot_be_is_refused_before_anything_is_read(tmp_path, output, words):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(SettingError, match=words):
        require_writable(tmp_path / output)
    ended = command("--store", url_of(tmp_path / "none.db"), "--output", str(tmp_path / output))
    assert words in str(ended.exception)


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    ended = command("--store", url_of(tmp_path / "none.db"), "--output", str(tmp_path / "r.html"))
    assert "there is no run store" in str(ended.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_made_leaves_the_old_one_and_nothing_half_written(tmp_path, monkeypatch):
    fill(tmp_path / "runs.db", seeds=(1,))
    (tmp_path / "r.html").write_text("old")
    monkeypatch.setattr("harness.files.atomic_write.os.replace", _full)
    with pytest.raises(SettingError, match="No space left"):
        page_of(url_of(tmp_path / "runs.db"), tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text() == "old"
    assert not list(tmp_path.glob("*.part"))


def _full(*_):
    raise OSError(28, "No space left on device")


def test_a_table_that_is_gone_leaves_the_numbers_and_says_what_is_not_drawn(tmp_path, monkeypatch):
    shutil.copy(table_path(TABLE), tmp_path / "mine.h5")
    url = fill(tmp_path / "runs.db", seeds=(1, 2), table=str(tmp_path / "mine.h5"))
    page_of(url, tmp_path / "r.html")  # what was not judged yet is
    (tmp_path / "mine.h5").unlink()
    monkeypatch.setattr("backends.tabular.named_tables.known_tables", dict)
    text = page_of(url, tmp_path / "r.html").read_text()
    assert "Not drawn:" in text
    assert "is not on this machine" in text
    assert "not checked:" in text


def test_the_store_is_only_read_but_for_the_looks(store_url, tmp_path):
    source = store_url.removeprefix("sqlite:///")
    shutil.copy(source, tmp_path / "copy.db")
    with Store.read(url_of(tmp_path / "copy.db")) as store:
        before = store.runs()
    page_of(url_of(tmp_path / "copy.db"), tmp_path / "r.html")
    with Store.read(url_of(tmp_path / "copy.db")) as store:
        assert store.runs() == before
        assert len(store.looks()) > 0


def test_an_experiment_of_no_searches_has_a_page_as_well(tmp_path):
    url = fill(tmp_path / "runs.db", seeds=(1, 2), policies=("random",))
    text = page_of(url, tmp_path / "r.html").read_text()
    assert "Not drawn: nothing was searched." in text
    assert experiment(tmp_path / "runs.db").space in text
