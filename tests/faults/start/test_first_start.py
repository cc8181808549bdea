"""The first start says where everything is and how to get in; no later one says the
password again.
"""

import os
import pty
import re
import stat
import subprocess
import sys
from pathlib import Path

from tests.faults.conftest import Installation
from tests.faults.program import QUICK, Program

RANDOM_PASSWORD = {name: value for name, value in QUICK.items() if name != "ATTUNE_ADMIN_PASSWORD"}


def password_file(program: Program) -> Path:
    return program.path / "first-password.txt"


def start_on_a_terminal(program: Program) -> str:
    """Start it on a terminal of its own and return what the terminal showed until it was ready."""
    terminal, side = pty.openpty()
    shown = bytearray()
    command = [sys.executable, str(program.app)]
    program.process = subprocess.Popen(
        command,
        stdin=side,
        stdout=side,
        stderr=side,
        env=program.environment,
        start_new_session=True,
    )
    os.close(side)
    while b"is ready" not in shown:
        shown += os.read(terminal, 1000)
    os.close(terminal)
    return shown.decode()


def test_after_a_refused_password_a_random_one_goes_into_a_file_that_only_its_owner_reads(
    installation: Installation,
) -> None:
    program = installation(settings=QUICK | {"ATTUNE_ADMIN_PASSWORD": "too short"})
    refusal = program.run().refusal
    assert "12 to 72 bytes" in refusal
    assert "ATTUNE_ADMIN_" in refusal
    program.settings = RANDOM_PASSWORD
    program.start()
    path = password_file(program)
    email, password = path.read_text().split()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert program.sign_in(email, password).ask("Are you there?")["status"] == "completed"
    assert password not in program.out + program.err
    for word in (f"http://localhost:{program.port}", str(program.data), email, str(path)):
        assert word in program.out


def test_a_terminal_shows_the_password_once_and_no_file_has_it(installation: Installation) -> None:
    program = installation(settings=RANDOM_PASSWORD)
    first = start_on_a_terminal(program)
    (password,) = re.findall(r"password +(\S+) +\(shown this once\)", first)
    assert f"http://localhost:{program.port}" in first
    assert not password_file(program).exists()
    program.running.terminate()
    assert program.running.wait(30) == 0
    second = start_on_a_terminal(program)
    assert "password" not in second
    assert f"http://localhost:{program.port}" in second
    assert program.sign_in(password=password).ask("Are you there?")["status"] == "completed"
