"""The file of modules in its smallest form is made once for each installation."""

from pathlib import Path

import brotli
import pytest

from api.console import best_compression

DATA = b"a module of Streamlit, " * 1000


def test_the_smallest_form_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = best_compression.read_or_compress(DATA, tmp_path)
    assert brotli.decompress(made) == DATA
    monkeypatch.setattr(brotli, "compress", None)
    assert best_compression.read_or_compress(DATA, tmp_path) == made


@pytest.mark.parametrize("kept", [b"", b"no brotli", brotli.compress(b"something else")])
def test_a_kept_file_of_other_contents_is_made_again(tmp_path: Path, kept: bytes) -> None:
    made = best_compression.read_or_compress(DATA, tmp_path)
    next(tmp_path.iterdir()).write_bytes(kept)
    assert best_compression.read_or_compress(DATA, tmp_path) == made
    assert next(tmp_path.iterdir()).read_bytes() == made


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    made = best_compression.read_or_compress(DATA, tmp_path / "missing")
    assert brotli.decompress(made) == DATA
