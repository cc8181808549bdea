"""What websockets of browsers and programs may send, and in which pieces it is taken."""

import struct
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ConnectionClosedError
from websockets.frames import CloseCode
from websockets.sync.client import ClientConnection

from api.http.websocket import PIECE_BYTES
from core.embedded.postgres import Postgres
from core.executions.runner import Runner
from tests.api.conftest import another_process
from tests.api.console_socket import console
from tests.api.feeds import following
from tests.factories.identity import person
from tests.factories.playground import answered

PONG = struct.pack(">BBI", 0x8A, 0x80, 0)


def test_tiny_frames_are_taken_in_pieces_between_which_others_have_their_turn(
    address: str, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    parse = WebSocketsSansIOProtocol.data_received

    def noted(self: WebSocketsSansIOProtocol, data: bytes) -> None:
        sizes.append(len(data))
        parse(self, data)

    monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", noted)
    one = person()
    with following(address, answered(one.actor).session_id, one) as socket:
        socket.socket.sendall(PONG * 50_000)
        assert socket.ping().wait(60)
    assert sum(sizes) > len(PONG) * 50_000
    assert max(sizes) <= PIECE_BYTES


def close_code(socket: ClientConnection, *sent: str | bytes | list[bytes]) -> int | None:
    """Send messages until the server closes the connection, and return with which code: None where
    the end of a connection that is still sent to overtakes it.
    """

    def go_on() -> None:
        for message in sent:
            socket.send(message)
        socket.recv(timeout=60)

    with pytest.raises(ConnectionClosedError) as closed:
        go_on()
    return closed.value.rcvd.code if closed.value.rcvd else None


def test_a_message_in_countless_fragments_closes_the_connection(
    whole: str, database: Postgres
) -> None:
    # A million frames of a byte kept the event loop for 7 s, in which not even health was answered
    with console(whole) as socket:
        assert close_code(socket, [b"x"] * 20_000) in (CloseCode.MESSAGE_TOO_BIG, None)


def test_what_is_no_message_closes_the_connection_and_is_no_error_of_the_server(
    data: Path, database: Postgres
) -> None:
    with another_process(data) as address:
        for given in ("text", b"no message", b"\xff"):
            with console(address) as socket:
                assert close_code(socket, given) == CloseCode.PROTOCOL_ERROR, given
        log = (data / "logs" / f"{urlsplit(address).port}.log").read_text()
    assert '"level": "error"' not in log
