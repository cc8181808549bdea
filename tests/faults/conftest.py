"""Installations of a test's own, which leave nothing running behind; a Postgres that somebody
brought; disks that are full.
"""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.faults.disks import Disks
from tests.faults.program import QUICK, Program
from tests.faults.server import Server

Installation = Callable[..., Program]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Return how to make an installation that never ran: on `data` in the test's own folder unless
    another is given.
    """
    made: list[Program] = []

    def make(data: Path | str | None = None, **given: Any) -> Program:  # noqa: ANN401  Program's own fields
        folder = tmp_path / f"output{len(made)}"
        folder.mkdir()
        made.append(Program(folder, data if data is not None else tmp_path / "data", **given))
        return made[-1]

    yield make
    for program in made:
        program.end()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that an installation has used before and left in order."""
    folder = tmp_path_factory.mktemp("template")
    program = Program(folder, folder / "data").start()
    assert program.stop().code == 0
    return program.path


@pytest.fixture
def installed(installation: Installation, template: Path, tmp_path: Path) -> Program:
    """Return an installation that has run before."""
    copy(template, tmp_path / "data")
    return installation()


@pytest.fixture(scope="session")
def running(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Return a program that runs, for tests that leave it as it was; it was started with the few
    open files that shells allow.
    """
    few_files = ("sh", "-c", 'ulimit -Sn 1024; exec "$@"', "sh")
    yield from started(template, tmp_path_factory.mktemp("running"), command=few_files)


def started(
    template: Path,
    folder: Path,
    settings: Mapping[str, str] = QUICK,
    command: tuple[str, ...] = (),
) -> Iterator[Program]:
    """Run a program on a copy of the template."""
    copy(template, folder / "data")
    program = Program(folder, folder / "data", settings=settings, command=command).start()
    yield program
    program.end()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a Postgres with passwords, on a port, as somebody would bring it."""
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def disks(tmp_path: Path) -> Iterator[Disks]:
    """Return how to mount a small or a read-only disk; it is taken away again."""
    with Disks(tmp_path) as mounted:
        yield mounted


def copy(data: Path, target: Path) -> None:
    """Copy a data folder, keeping whose everything is."""
    subprocess.run(["cp", "-a", str(data), str(target)], check=True)
