"""Between a program and its Postgres: makes the server look older than it is."""

import re
import socket
import threading
from contextlib import AbstractContextManager, suppress
from types import TracebackType

VERSION = re.compile(rb"server_version\0\d\d")


class Older(AbstractContextManager["Older"]):
    """Passes everything on to `server`, but for the version that the server says of itself when one
    connects.
    """

    def __init__(self, server: int, version: str) -> None:
        """Listen on a port of its own."""
        self._server, self._said = server, b"server_version\0" + version.encode()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> "Older":
        """Begin to pass on."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Accept no more."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                threading.Thread(target=self._pass, args=(client, server), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), source:
            while data := source.recv(65536):
                # Two digits for two digits: the message keeps its length.
                target.sendall(VERSION.sub(lambda _: self._said, data))
            target.shutdown(socket.SHUT_RDWR)
