"""The first start says where everything is and how to get in; no later one says the password again."""

import os
import pty
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import Installation
from tests.faults.program import PASSWORD, QUICK, Program, until

RANDOM_PASSWORD = {name: value for name, value in QUICK.items() if name != "ATTUNE_ADMIN_PASSWORD"}


def password_file(program: Program) -> Path:
    return Path(program.data) / "first-password.txt"


def start_on_a_terminal(program: Program) -> str:
    """Start it on a terminal of its own, stop it when it is ready, and return what the terminal showed."""
    terminal, side = pty.openpty()
    shown = bytearray()
    command = [sys.executable, str(program.app)]
    program.process = subprocess.Popen(
        command, stdin=side, stdout=side, stderr=side, env=program.environment, start_new_session=True
    )
    os.close(side)
    while b"is ready" not in shown:
        shown += os.read(terminal, 1000)
    program.process.terminate()
    assert program.process.wait(30) == 0
    os.close(terminal)
    return shown.decode()


def test_without_a_terminal_the_password_goes_into_a_file_that_only_its_owner_reads(installation: Installation) -> None:
    program = installation(settings=RANDOM_PASSWORD).start()
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
    password = re.findall(r"password +(\S+) +\(shown this once\)", first)
    assert len(password) == 1
    assert not password_file(program).exists()
    second = start_on_a_terminal(program)
    assert "password" not in second
    assert f"http://localhost:{program.port}" in second
    program.start()
    assert program.sign_in(password=password[0]).ask("Are you there?")["status"] == "completed"
    assert "password" not in program.out


def test_the_environment_may_name_the_first_account(installation: Installation) -> None:
    program = installation().start()
    assert PASSWORD not in program.out + program.err
    assert not password_file(program).exists()
    program.sign_in()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ATTUNE_ADMIN_EMAIL": "nobody"}, "not an e-mail address"),
        ({"ATTUNE_ADMIN_PASSWORD": "too short"}, "12 to 72 bytes"),
        ({"ATTUNE_ADMIN_PASSWORD": "x" * 73}, "12 to 72 bytes"),
    ],
    ids=["no e-mail", "short password", "long password"],
)
def test_a_first_account_that_cannot_be_is_refused(installation: Installation, given: dict[str, str], words: str) -> None:
    refusal = installation(settings=QUICK | given).run().refusal
    assert words in refusal
    assert "ATTUNE_ADMIN_" in refusal


def test_the_address_is_written_into_the_folder(installation: Installation) -> None:
    program = installation().start()
    until(lambda: program.address.replace("127.0.0.1", "localhost") in (Path(program.data) / "attune.lock").read_text(), 1)
