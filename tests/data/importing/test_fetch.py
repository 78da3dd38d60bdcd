"""Fetching: from a server of the test's own, with the real downloader and real checksums."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from mfm_core import load_dataset
from mfm_core.cli.app import download_with_bar
from mfm_core.data.importing.fetch import fetch, recipes_of_sets
from mfm_core.data.registry import Arrays, Recipe, Source
from tests.data.published import write_idx, write_mnist, write_svhn


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    return folder


@pytest.fixture
def address(published: Path) -> Iterator[str]:
    """Where the folder ``published`` is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(published))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def recipe(name: str, published: Path, address: str) -> dict[str, Recipe]:
    """The real recipe, but for the address and for the checksums of what is published now."""
    real = recipes_of_sets()[name]
    names = [source.url.rpartition("/")[2] for source in real.sources]
    sources = [Source(address + n, hashlib.sha256((published / n).read_bytes()).hexdigest()) for n in names]
    return {name: real._replace(sources=tuple(sources))}


@pytest.mark.parametrize(("name", "write"), [("mnist", write_mnist), ("svhn", write_svhn)])
def test_what_is_published_is_stored_as_the_loader_reads_it(
    name: str, write: Callable[[Path], Arrays], published: Path, address: str, data_folder: Path
) -> None:
    expected = write(published)
    path = fetch(name, data_folder, recipes=recipe(name, published, address))
    assert path == data_folder / f"{name}.npz"
    with np.load(path, allow_pickle=False) as archive:
        assert sorted(archive.files) == ["images", "labels", "split"]
        assert all(np.array_equal(archive[key], array) for key, array in expected.items())
    assert len(load_dataset(name).part("test")) == int(expected["split"].sum())
    assert sorted(p.name for p in data_folder.iterdir()) == ["downloads", f"{name}.npz"]


def test_what_is_there_is_not_fetched_again(data_folder: Path) -> None:
    (data_folder / "mnist.npz").write_bytes(b"mine")
    assert fetch("mnist", data_folder).read_bytes() == b"mine"


def test_a_progress_bar_changes_nothing_and_fills(
    published: Path, address: str, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = write_svhn(published)
    path = fetch("svhn", data_folder, recipes=recipe("svhn", published, address), downloader=download_with_bar)
    with np.load(path, allow_pickle=False) as archive:
        assert np.array_equal(archive["images"], expected["images"])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "train_32x32.mat" in shown.err
    assert "?" not in shown.err


def test_a_second_fetch_uses_what_was_downloaded(published: Path, address: str, data_folder: Path) -> None:
    write_mnist(published)
    recipes = recipe("mnist", published, address)
    fetch("mnist", data_folder, recipes=recipes).unlink()
    for path in published.iterdir():
        path.unlink()
    assert fetch("mnist", data_folder, recipes=recipes).is_file()


def test_a_damaged_download_is_not_kept(published: Path, address: str, data_folder: Path) -> None:
    write_mnist(published)
    recipes = recipe("mnist", published, address)
    source = recipes["mnist"].sources[0]
    with (published / "train-images-idx3-ubyte.gz").open("ab") as file:
        file.write(b"\0")
    message = f"{source.url}: expected a file of SHA-256 {source.sha256}, got another, which was not kept"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fetch("mnist", data_folder, recipes=recipes)
    assert [path.name for path in data_folder.rglob("*") if path.is_file()] == []


def test_a_missing_file_is_told_by_its_address(published: Path, address: str, data_folder: Path) -> None:
    write_mnist(published)
    recipes = recipe("mnist", published, address)
    (published / "train-images-idx3-ubyte.gz").unlink()
    message = f"{recipes['mnist'].sources[0].url}: could not be downloaded (HTTPError); is there a network?"
    with pytest.raises(ConnectionError, match=f"^{re.escape(message)}$"):
        fetch("mnist", data_folder, recipes=recipes)


def test_a_host_that_does_not_answer_is_told_by_its_address(data_folder: Path) -> None:
    source = Source("http://127.0.0.1:9/train_32x32.mat", "0" * 64)
    recipes = {"svhn": recipes_of_sets()["svhn"]._replace(sources=(source,))}
    message = "http://127.0.0.1:9/train_32x32.mat: could not be downloaded (ConnectionError); is there a network?"
    with pytest.raises(ConnectionError, match=f"^{re.escape(message)}$"):
        fetch("svhn", data_folder, recipes=recipes)


def test_files_that_do_not_belong_together_are_refused(published: Path, address: str, data_folder: Path) -> None:
    write_mnist(published)
    write_idx(published / "train-labels-idx1-ubyte.gz", np.zeros(6, np.uint8))
    message = "train-images-idx3-ubyte.gz: expected digits of shape (N, 28, 28) with N labels 0 to 9, got (7, 28, 28)"
    with pytest.raises(ValueError, match=re.escape(message)):
        fetch("mnist", data_folder, recipes=recipe("mnist", published, address))
    assert not (data_folder / "mnist.npz").exists()


def test_an_unknown_name_is_refused(data_folder: Path) -> None:
    with pytest.raises(ValueError, match=r"^name: expected one of mnist, svhn, got 'cifar'$"):
        fetch("cifar", data_folder)


def test_every_real_source_has_a_checksum() -> None:
    for known in recipes_of_sets().values():
        for source in known.sources:
            assert re.fullmatch("[0-9a-f]{64}", source.sha256)
            assert source.url.startswith("http")
