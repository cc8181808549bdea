"""`make` on a machine that never saw Attune: what is missing is said, what was cut short begins
anew.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.platform.config import ROOT
from tests.faults.program import until

# A Python that makes environments whose pip writes down that it was called, and waits when it is
# told to.
PYTHON = """#!/bin/sh
case "$*" in
    *version_info*) exit {is_old};;
    *ensurepip*) exit {has_no_venv};;
    -V) echo "Python 3.9.2";;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python";;
    *"-m pip install"*) echo installed >>"{log}"; test ! -e "{log}.wait" || exec sleep 60;;
    *) echo "ran $*";;
esac
"""
# For the environment under test, which has no pytest.
EVERY_FILE_IS_WHOLE = """
from importlib.metadata import distributions
files = [file for package in distributions() for file in package.files
    or () if file.size is not None]
assert len(files) > 10_000
assert not [str(file) for file in files if file.locate().stat().st_size != file.size]
"""
# What an outer `make test` leaves in the environment, and what a shell may have set.
LONGEST_MAKE_S = 600  # ends only what hangs: a whole install takes minutes beside other work
NOT_OURS = {"HOME", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PORT", "HOST", "DATA"}


class Clone:
    """A clone with nothing but what `make` reads."""

    def __init__(self, folder: Path) -> None:
        """Copy it into a folder whose name has spaces."""
        self.folder, self.log = folder / "a clone", folder / "installed"
        self.folder.mkdir()
        for name in ("Makefile", "requirements.lock", "requirements-dev.lock"):
            shutil.copy(ROOT / name, self.folder)

    def python(self, name: str = "python3", *, is_old: int = 0, has_no_venv: int = 0) -> Path:
        """Put a Python on the path."""
        path = self.folder.parent / name
        path.write_text(PYTHON.format(is_old=is_old, has_no_venv=has_no_venv, log=self.log))
        path.chmod(0o755)
        return path

    def launch(self, *arguments: str) -> "subprocess.Popen[str]":
        """Call `make`, with no home."""
        environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        environment["PATH"] = f"{self.folder.parent}{os.pathsep}{os.environ['PATH']}"
        said = subprocess.PIPE
        return subprocess.Popen(
            ["make", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=said,
            stderr=said,
            text=True,
            start_new_session=True,
        )

    def make(self, *arguments: str) -> str:
        """Call `make`, and return what it said and its exit code."""
        process = self.launch(*arguments)
        out, _ = process.communicate(timeout=LONGEST_MAKE_S)
        return f"{out}exit {process.returncode}"

    @property
    def installs(self) -> int:
        """How often packages were installed."""
        return len(self.log.read_text().split()) if self.log.exists() else 0


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a fresh clone."""
    return Clone(tmp_path)


def test_what_is_missing_is_said(clone: Clone) -> None:
    clone.python(is_old=1)
    assert clone.make("run").startswith(
        "Attune needs Python 3.11 or newer; python3 is Python 3.9.2.\nexit 2"
    )
    clone.python(has_no_venv=1)
    assert clone.make("run").startswith(
        "Python's venv is missing: on Debian and Ubuntu, apt install python3-venv.\nexit 2"
    )
    assert "name it with PYTHON=" in clone.make("run", "PYTHON=python4")
    assert not (clone.folder / ".venv").exists()


def test_nothing_is_installed_twice(clone: Clone) -> None:
    clone.python()
    assert clone.make("run").endswith("ran app.py\nexit 0")
    assert clone.make("run") == "ran app.py\nexit 0"
    assert clone.make("admin", "EMAIL=me@example.com") == "ran app.py admin me@example.com\nexit 0"
    assert clone.installs == 1


def test_another_python_may_be_named(clone: Clone) -> None:
    clone.python(is_old=1)
    assert clone.make("run", f"PYTHON={clone.python('python3.12')}").endswith("ran app.py\nexit 0")


def test_a_new_lock_is_installed(clone: Clone) -> None:
    clone.python()
    clone.make("run")
    os.utime(clone.folder / "requirements.lock", (2**32, 2**32))
    clone.make("run")
    assert clone.installs == 2


def test_an_install_that_was_cut_short_begins_anew(clone: Clone) -> None:
    clone.python()
    wait = clone.log.with_name("installed.wait")
    wait.touch()
    with clone.launch("run") as process:
        until(lambda: clone.installs == 1, 10)
        os.killpg(process.pid, signal.SIGKILL)
    wait.unlink()
    half = clone.folder / ".venv" / "half a package"
    half.touch()
    assert clone.make("run").endswith("ran app.py\nexit 0")
    assert not half.exists()
    assert clone.installs == 2


def test_an_environment_whose_python_is_gone_begins_anew(clone: Clone) -> None:
    clone.python()
    clone.make("run")
    (clone.folder / ".venv" / "bin" / "python").unlink()
    assert clone.make("run").endswith("ran app.py\nexit 0")
    assert clone.installs == 2


def test_help_names_the_commands_and_admin_asks_for_whom(clone: Clone) -> None:
    clone.python()
    said = clone.make("help")
    for command in ("run", "test", "admin", "prove"):
        assert f"\n{command} " in f"\n{said}"
    assert "Name the account: make admin EMAIL=" in clone.make("admin")


@pytest.mark.prove
def test_wherever_a_real_install_is_cut_short_the_next_one_is_whole(clone: Clone) -> None:
    for after_s in (1, 3, 10, 18, 25):
        with clone.launch("install", f"PYTHON={sys.executable}") as process:
            try:
                process.wait(after_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
    assert clone.make("install", f"PYTHON={sys.executable}").endswith("exit 0")
    subprocess.run(
        [clone.folder / ".venv" / "bin" / "python", "-c", EVERY_FILE_IS_WHOLE], cwd=ROOT, check=True
    )
