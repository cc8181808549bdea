"""Reads of a response that end at a deadline; a socket's own timeout begins anew with each part."""

import io
import socket
import time
from http.client import HTTPResponse


class _Reads(io.RawIOBase):
    """What a socket receives until a deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        # It keeps the socket open, which http.client closes before the body of a last response
        self._sock, self._parts = sock, sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # as it is called
        if (left_s := self._deadline - time.monotonic()) <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left_s)
        return self._parts.readinto(buffer)

    def close(self) -> None:
        self._parts.close()
        super().close()


class BoundedResponse(HTTPResponse):
    """A response whose head and body must have arrived at a deadline of `time.monotonic()`."""

    def __init__(self, sock: socket.socket, deadline: float, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = io.BufferedReader(_Reads(sock, deadline))
