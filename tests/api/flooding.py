"""Keep many connections of a server full of requests: `python -m tests.api.flooding ADDRESS`.

A process of its own, which shares no interpreter with the server of a test. It says `flooded` when
each connection has had an answer, and goes on until it is ended.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

CONNECTIONS, DEEP = 200, 15


@contextmanager
def flooded(address: str) -> Iterator[None]:
    """Flood a server meanwhile."""
    command = [sys.executable, "-m", "tests.api.flooding", address]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"flooded\n"
            yield
        finally:
            process.kill()


def flood(address: str) -> None:
    """Send a request for each answer, on each connection in turn."""
    at = urlsplit(address)
    ask = f"GET /api/v1/prompts HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode()
    connections = [
        socket.create_connection((at.hostname or "", at.port or 0)) for _ in range(CONNECTIONS)
    ]
    for connection in connections:
        connection.sendall(ask * DEEP)
    is_first = True
    while True:
        for connection in connections:
            connection.sendall(ask * connection.recv(65536).count(b"HTTP/1.1 "))
        if is_first:
            sys.stdout.write("flooded\n")
            sys.stdout.flush()
        is_first = False


if __name__ == "__main__":
    flood(sys.argv[1])
