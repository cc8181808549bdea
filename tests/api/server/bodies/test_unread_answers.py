"""Strangers who do not read what they asked for do not keep others out."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.http import protocols
from core.platform.config import config
from tests.api.raw import raw
from tests.api.serving import serving
from tests.faults.program import until

LIMIT, ADDRESSES = 12, 4
READ_S = 0.2


@pytest.fixture
def few(runner: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of a server that takes few connections, and gives little time to read."""
    monkeypatch.setattr(protocols, "READ_S", READ_S)
    limits = {
        "connection_limit": ADDRESSES * LIMIT,
        "connection_limit_per_address": LIMIT,
    }
    with serving(config().model_copy(update=limits)) as address:
        yield address


def largest_script() -> str:
    """Return the path of the largest file that needs no sign-in, of more than 4 MB."""
    found = find_spec("streamlit")
    assert found is not None
    assert found.origin is not None
    scripts = (Path(found.origin).parent / "static" / "static" / "js").glob("*.js")
    return f"/static/js/{max(scripts, key=lambda path: path.stat().st_size).name}"


def deaf(house: ExitStack, address: str, path: str, count: int, *, times: int = 1) -> None:
    """Ask for a file over several connections from each address, and read nothing."""
    host = urlsplit(address)
    for number in range(count):
        connection = house.enter_context(socket.socket())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind((f"127.0.2.{number // LIMIT + 1}", 0))
        connection.connect((host.hostname or "", host.port or 0))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * times)


@pytest.mark.parametrize("times", [1, 3], ids=["one request", "several at once"])
def test_strangers_who_read_nothing_make_room_for_others(few: str, times: int) -> None:
    # From 20 addresses they kept everybody else at 503
    path = largest_script()
    assert raw(few, path).status == 200
    with ExitStack() as house:
        deaf(house, few, path, ADDRESSES * LIMIT, times=times)
        until(lambda: raw(few, "/login").status == 200, 10)
        assert [raw(few, "/login").status for _ in range(3)] == [200, 200, 200]


def test_who_leaves_in_the_middle_of_several_requests_at_once_is_no_error(
    few: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = largest_script()
    assert raw(few, path).status == 200
    with ExitStack() as house:
        deaf(house, few, path, LIMIT, times=3)
        time.sleep(READ_S)
    assert raw(few, "/login").status == 200
    time.sleep(READ_S)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
