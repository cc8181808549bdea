"""A download ends once the account that it is for may not have it any more."""

from collections.abc import Iterator
from itertools import count

import httpx2
import pytest

from api import exports
from api.access import gate
from core.database.db import transaction
from core.errors import Unavailable
from core.identity.schemas import AccountChange, Role
from core.identity.service import accounts, audit
from tests.api.conftest import Client
from tests.factories.identity import Person, person

ROWS, LAST = 50, "deed.0"  # the newest come first


@pytest.fixture(autouse=True)
def in_many_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "CHECK_INTERVAL_S", 0.0)
    monkeypatch.setattr(exports, "CHUNK_CHARS", 100)


def downloaded(client: Client, one: Person) -> str:
    """Download the audit log as far as it comes."""
    with transaction() as session:
        for number in range(ROWS):
            audit.record(session, f"deed.{number}", None)
    pieces = list[str]()
    with client(one).stream("GET", "/admin/audit?format=csv") as response:
        try:
            pieces.extend(response.iter_text())
        except httpx2.RemoteProtocolError:
            pieces.append("broken off")
    return "".join(pieces)


def change_after_some(
    monkeypatch: pytest.MonkeyPatch, one: Person, change: AccountChange, by: Person
) -> None:
    """Have another admin change the account while it downloads."""
    write_piece, number = exports._chunk, count()  # noqa: SLF001  what writes a part of the file

    def write(lines: Iterator[str]) -> str:
        if next(number) == 3:
            with transaction() as session:
                accounts.change_account(session, one.actor.id, change, actor=by.actor)
        return write_piece(lines)

    monkeypatch.setattr(exports, "_chunk", write)


def test_a_download_is_whole_while_its_session_lasts(client: Client) -> None:
    assert LAST in downloaded(client, person(Role.SUPER_ADMIN))


@pytest.mark.parametrize(
    "change", [AccountChange(is_active=False), AccountChange(role=Role.ANALYST)]
)
def test_a_download_ends_with_the_right_to_it(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    change: AccountChange,
) -> None:
    # A download may go on for hours after its account was disabled
    one, by = person(Role.SUPER_ADMIN), person(Role.SUPER_ADMIN)
    change_after_some(monkeypatch, one, change, by)
    text = downloaded(client, one)
    assert LAST not in text
    assert text.endswith("broken off")
    assert "a route failed" not in caplog.text


def test_a_download_that_an_outage_breaks_off_is_logged_without_a_traceback(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_piece, number = exports._chunk, count()  # noqa: SLF001  what writes a part of the file

    def write(lines: Iterator[str]) -> str:
        if next(number) == 3:
            raise Unavailable
        return write_piece(lines)

    monkeypatch.setattr(exports, "_chunk", write)
    text = downloaded(client, person(Role.SUPER_ADMIN))
    assert text.endswith("broken off")
    [logged] = [each for each in caplog.records if "broken off" in each.message]
    assert (logged.levelname, logged.exc_info) == ("WARNING", None)
    assert "a route failed" not in caplog.text
