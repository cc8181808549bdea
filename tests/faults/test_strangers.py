"""A process id in a file left by a crash may be somebody else's by now: nobody but our own children
is ever signalled.
"""

import subprocess
from collections.abc import Iterator

import pytest

from tests.faults.program import Program
from tests.faults.users import somebody


@pytest.fixture(
    params=[pytest.param((), marks=pytest.mark.prove), somebody()],
    ids=["of our own user", "of the user that Postgres runs as"],
)
def stranger(request: pytest.FixtureRequest) -> "Iterator[subprocess.Popen[bytes]]":
    """Return a process that has nothing to do with Attune."""
    with subprocess.Popen([*request.param, "sleep", "300"]) as process:
        yield process
        process.kill()


def leave_behind(program: Program, process_id: int) -> None:
    """Leave what a killed Postgres leaves, its process id being that of somebody else since."""
    cluster, sockets = program.path / "postgres", program.path / "run"
    lines = [process_id, cluster, 1700000000, 5432, sockets, "", f"{'1':>9} {'1':>9}", "ready"]
    for lock in (cluster / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
        lock.write_text("".join(f"{line}\n" for line in lines))


def test_a_start_after_a_crash_lets_it_live(
    installed: Program, stranger: "subprocess.Popen[bytes]"
) -> None:
    leave_behind(installed, stranger.pid)
    assert installed.start().sign_in().ask("Are you there?")["status"] == "completed"
    assert stranger.poll() is None
    assert installed.stop().code == 0
    assert stranger.poll() is None
