"""Ten processes that start at once on one server: the databases are migrated once, and there is one
first account.
"""

from pathlib import Path

import psycopg
import pytest

from tests.faults.conftest import Installation
from tests.faults.program import QUICK, Program, until
from tests.faults.server import Pair, Server

TEN = 10
SHARED_KEY = {"ATTUNE_SECRET_KEY": "one key for all ten, long enough to be one"}
RANDOM_PASSWORD = {name: value for name, value in QUICK.items() if name != "ATTUNE_ADMIN_PASSWORD"}


@pytest.fixture
def pair(server: Server) -> Pair:
    """Return two empty databases."""
    return server.pair()


@pytest.fixture
def ten(installation: Installation, tmp_path: Path, pair: Pair) -> list[Program]:
    """Return ten installations on the same databases."""
    settings = RANDOM_PASSWORD | pair.settings | SHARED_KEY
    return [installation(tmp_path / f"data{number}", settings=settings) for number in range(TEN)]


def only_account(pair: Pair, programs: list[Program]) -> tuple[str, str]:
    """Return the only account and its password; raise AssertionError if there is another, or its
    password was told twice.
    """
    with psycopg.connect(pair.core) as connection:
        emails = connection.execute("select email from admin_users").fetchall()
    (told,) = [
        file for program in programs if (file := program.path / "first-password.txt").exists()
    ]
    email, password = told.read_text().split()
    assert emails == [(email,)]
    return email, password


def has_gone_on_or_ended(program: Program) -> bool:
    return "  data  " in program.out or program.running.poll() is not None


@pytest.mark.prove
def test_they_make_one_account_and_go_on(ten: list[Program], pair: Pair) -> None:
    for program in ten:
        program.launch()
    for program in ten:
        until(lambda: has_gone_on_or_ended(program), 60)  # noqa: B023  called before the next turn
        # That it goes on is enough: ten whole consoles would take a minute
        program.running.terminate()
    for program in ten:
        ended = program.ended(program.running)
        assert (ended.code, ended.err) == (0, "")
    only_account(pair, ten)


@pytest.mark.prove
def test_they_all_serve(ten: list[Program], pair: Pair) -> None:
    for program in ten:
        program.launch()
    for program in ten:
        program.wait_until_ready()
    email, password = only_account(pair, ten)
    for program in ten:
        assert program.sign_in(email, password).ask("Are you there?")["status"] == "completed"
    assert [program.stop().code for program in ten] == [0] * TEN


@pytest.mark.prove
def test_of_ten_with_keys_of_their_own_one_starts_and_the_others_are_refused(
    ten: list[Program], pair: Pair
) -> None:
    for program in ten:
        program.settings = RANDOM_PASSWORD | pair.settings
        program.launch()
    for program in ten:
        until(lambda: program.is_ready() or program.running.poll() is not None, 60)  # noqa: B023  called before the next turn
    (chosen,) = [program for program in ten if program.running.poll() is None]
    for program in ten:
        if program is not chosen:
            assert (
                "not the one that this database was written with"
                in program.ended(program.running).refusal
            )
    assert chosen.stop().code == 0
