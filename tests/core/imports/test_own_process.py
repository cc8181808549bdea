"""Large imports run in a process of their own, so that the worker keeps none of the memory."""

import logging
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import psutil
import pytest
from procrastinate import JobContext

from core.database.db import transaction
from core.demo import jobs as demo_jobs
from core.demo import queries as demo
from core.imports import jobs, own_process, runner
from core.imports.models import Import
from core.platform.config import config

HANDLERS = demo_jobs.make.__name__  # the import registers who makes the rows of a demo

NOTE = "import os, pathlib, sys; pathlib.Path(sys.argv[2]).write_text(str(os.getpid()))\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where to write the program that is started in the place of ours; it is told where to
    note its process.
    """
    monkeypatch.setattr(own_process, "ROOT", tmp_path)
    return tmp_path / "app.py"


def test_nothing_of_the_process_is_left_when_the_import_is_done(
    program: Path, tmp_path: Path
) -> None:
    program.write_text(NOTE)
    own_process.run(str(tmp_path / "pid"), lambda: True)
    noted = int((tmp_path / "pid").read_text())
    assert noted != os.getpid()
    assert not psutil.pid_exists(noted)


def test_the_process_has_the_data_folder_of_its_worker_wherever_that_stands(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA", "relative")
    program.write_text(
        "import os, pathlib, sys; pathlib.Path(sys.argv[2]).write_text(os.environ['DATA'])\n"
    )
    own_process.run(str(tmp_path / "data"), lambda: True)
    assert (tmp_path / "data").read_text() == str(config().data)


def test_a_worker_that_is_to_stop_asks_the_process_to_stop(program: Path, tmp_path: Path) -> None:
    program.write_text(
        "import pathlib, signal, sys\n"
        "def stop(*_): pathlib.Path(sys.argv[2]).write_text('asked'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, stop); pathlib.Path(sys.argv[2]).write_text('ready')\n"
        "signal.pause()\n"
    )
    told = tmp_path / "told"
    own_process.run(str(told), lambda: not told.exists())
    assert told.read_text() == "asked"


def test_the_process_sees_its_input_end_when_the_worker_is_killed(
    program: Path, tmp_path: Path
) -> None:
    program.write_text(
        NOTE + "sys.exit(0 if sys.stdin.isatty() is False and os.environ['ATTUNE_PARENT'] else 1)\n"
    )
    own_process.run(str(tmp_path / "pid"), lambda: True)
    assert (tmp_path / "pid").exists()


def test_a_process_that_was_killed_is_logged_and_the_job_ends(
    program: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program.write_text(NOTE + f"os.kill(os.getpid(), {int(signal.SIGKILL)})\n")
    with caplog.at_level(logging.WARNING, "attune.imports"):
        own_process.run(str(tmp_path / "pid"), lambda: True)
    assert "goes on by itself" in caplog.text


def stored(size: int, mapping: dict[str, str]) -> UUID:
    """Store an import that waits, and return its id."""
    with transaction() as session:
        row = Import(
            name="a",
            size_bytes=size,
            sha256="0",
            status="queued",
            mapping=mapping,
            created_by_name="a",
        )
        session.add(row)
        session.flush()
        return row.id


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("size", "mapping", "is_large"),
    [
        (runner.SMALL, {"format": "csv"}, False),
        (runner.SMALL + 1, {"format": "csv"}, True),
        (0, {"format": demo.FORMAT}, True),
    ],
)
def test_only_files_of_some_size_and_the_demo_have_a_process_of_their_own(
    size: int, mapping: dict[str, str], is_large: bool
) -> None:
    assert runner.is_large(stored(size, mapping)) is is_large


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("size", "begun", "done_here"), [(runner.SMALL + 1, 1, 0), (runner.SMALL, 0, 1)]
)
def test_a_worker_does_small_imports_itself_and_leaves_large_ones_to_a_process(
    monkeypatch: pytest.MonkeyPatch, size: int, begun: int, done_here: int
) -> None:
    processes: list[str] = []
    works: list[UUID] = []
    monkeypatch.setattr(own_process, "run", lambda import_id, _: processes.append(import_id))
    monkeypatch.setattr(runner, "work", lambda import_id, **_: works.append(import_id))
    context = cast("JobContext", SimpleNamespace(should_abort=lambda: False))
    jobs.work(context, str(stored(size, {"format": "csv"})))
    assert (len(processes), len(works)) == (begun, done_here)
