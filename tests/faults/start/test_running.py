"""What can be seen of a program that runs."""

from contextlib import suppress

import psutil
import pytest

from api.http.connections import OPEN_FILES
from tests.faults.program import PASSWORD, Program


def test_a_given_password_is_never_said(running: Program) -> None:
    running.sign_in()
    assert PASSWORD not in running.out + running.err
    assert not (running.path / "first-password.txt").exists()


def test_postgres_is_never_root_and_knows_no_secret_of_ours(running: Program) -> None:
    postmaster = running.postmaster
    assert postmaster.uids().effective != 0
    assert "ATTUNE_ADMIN_PASSWORD" not in postmaster.environ()


def test_it_listens_on_loopback_only(running: Program) -> None:
    listening = set()
    for process in running.tree():
        with suppress(psutil.NoSuchProcess):  # a connection of Postgres has ended meanwhile
            found = process.net_connections("inet")
            listening |= {at.laddr.ip for at in found if at.status == "LISTEN"}
    assert listening == {"127.0.0.1"}


def test_it_allows_itself_more_open_files_than_shells_do(running: Program) -> None:
    soft, hard = psutil.Process(running.running.pid).rlimit(psutil.RLIMIT_NOFILE)
    assert soft == (OPEN_FILES if hard == psutil.RLIM_INFINITY else min(hard, OPEN_FILES)) > 1024


def test_it_is_small(running: Program, capsys: pytest.CaptureFixture[str]) -> None:
    used_mb = running.memory_mb()
    with capsys.disabled():
        print(f"\n  the whole tree without the local model: {used_mb:.0f} MB", end="")  # noqa: T201  a figure to quote
    assert used_mb < 650
