"""Write the demo's files into core/demo/data."""

import lzma
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from core.demo import rows
from core.demo.ingest import demo_annotations
from core.demo.shifting import DATA
from tools.demo.reviewers import Panel
from tools.demo.rows import World
from tools.demo.stories import stories

SEED = 1851


def lines(given: Iterable[Any]) -> Iterator[bytes]:
    """Yield each as a line of JSON."""
    return (msgspec.json.encode(each) + b"\n" for each in given)


def write(folder: Path) -> None:
    """Write all files, the same bytes each time."""
    world = World(SEED)
    _compressed(folder / rows.FILE, lines(world.batches()))
    _compressed(
        folder / demo_annotations.FILE, lines(Panel(SEED, world.calendar).review(world.talks))
    )
    told = msgspec.json.format(msgspec.json.encode(stories(world.calendar)))
    (folder / "stories.json").write_bytes(told + b"\n")


def _compressed(path: Path, given: Iterable[bytes]) -> None:
    # Greater dictionaries than this preset's 8 MB save nothing here, and are held in memory as the
    # file is read.
    half = path.with_suffix(".part")  # what is stopped halfway leaves the file as it was
    with lzma.open(half, "wb", preset=6) as file:
        file.writelines(given)
    half.replace(path)
    sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    ArgumentParser(description=__doc__).parse_args()
    write(DATA)
