"""A response that arrives in drops ends at the timeout of the request."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from attune_client.transport import Transport, Unreachable

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n%s\r\n"
BODY = b"x" * 100


def _drip(server: socket.socket, at_once: bytes, in_drops: bytes) -> None:
    with suppress(OSError):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(at_once)
            for drop in in_drops:
                time.sleep(0.1)
                connection.sendall(bytes([drop]))


@pytest.fixture(params=["head", "body", "last body"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    head = HEAD % (b"Connection: close\r\n" if request.param == "last body" else b"")
    parts = (b"", head + BODY) if request.param == "head" else (head, BODY)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_drip, args=(server, *parts), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_response_that_arrives_in_drops_is_given_up(url: str) -> None:
    # A socket's timeout begins anew with each part: 24 s passed at a timeout of 1 s
    with pytest.raises(Unreachable, match="timed out"):
        Transport(url, "atn_key", 1.0).call("GET", "templates")
