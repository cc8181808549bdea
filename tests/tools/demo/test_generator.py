"""The demo's files are what the generator makes of its seed."""

import lzma
from itertools import islice
from pathlib import Path

import pytest

from core.demo import rows
from core.demo.shifting import DATA
from tools.demo.__main__ import SEED, lines, write
from tools.demo.rows import World


def first_lines(seed: int) -> list[bytes]:
    return list(islice(lines(World(seed).batches()), 3000))


def test_the_shipped_rows_begin_as_the_generator_makes_them() -> None:
    with lzma.open(DATA / rows.FILE) as shipped:
        assert list(islice(shipped, 3000)) == first_lines(SEED)


def test_another_seed_makes_other_rows() -> None:
    assert first_lines(SEED) != first_lines(SEED + 1)


@pytest.mark.prove
def test_the_generator_makes_exactly_the_shipped_files(tmp_path: Path) -> None:
    write(tmp_path)
    made = {path.name: contents(path) for path in tmp_path.iterdir()}
    assert made == {name: contents(DATA / name) for name in made}


def contents(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
