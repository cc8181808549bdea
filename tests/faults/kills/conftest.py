"""A program of which one test after the other kills parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import started
from tests.faults.program import QUICK, Program


@pytest.fixture(scope="package")
def started_once(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Start a program that may call providers on this machine."""
    settings = QUICK | {"ATTUNE_ALLOW_HOSTS": "127.0.0.1"}
    yield from started(template, tmp_path_factory.mktemp("killable"), settings)


@pytest.fixture
def killable(started_once: Program) -> Program:
    """Return the program, which runs whatever a test before has done to it."""
    if started_once.running.poll() is not None:
        started_once.launch()
    started_once.wait_until_ready()
    return started_once
