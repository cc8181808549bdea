"""Ends a thread's network read from another thread: what a Stop button and a time limit need.

Closing a socket does not wake who reads from it; shutting it down does. So each read first says on which socket it waits.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpcore2

_of_this_thread = threading.local()


class Cutter:
    """Cuts whatever read its thread is in, and every later one."""

    def __init__(self) -> None:
        """Nothing is cut yet."""
        self._lock = threading.Lock()
        self._reading: socket.socket | None = None
        self._is_cut = threading.Event()

    @property
    def is_cut(self) -> bool:
        """Whether `cut` was called."""
        return self._is_cut.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Sleep until cut, at most `timeout_s`; return whether it was cut."""
        return self._is_cut.wait(timeout_s)

    def cut(self) -> None:
        """End the present read, if there is one, and refuse the next."""
        with self._lock:
            self._is_cut.set()
            if self._reading is not None:
                _shut_down(self._reading)

    @contextmanager
    def reading(self, source: socket.socket) -> Iterator[None]:
        """Say that this thread waits on `source`.

        Raises httpcore2.ReadError when it is cut already.
        """
        with self._lock:
            if self.is_cut:
                raise httpcore2.ReadError("cut")
            self._reading = source
        try:
            yield
        finally:
            with self._lock:
                self._reading = None


@contextmanager
def cuttable(cutter: Cutter) -> Iterator[None]:
    """Make `cutter` the one that ends this thread's reads."""
    _of_this_thread.cutter = cutter
    try:
        yield
    finally:
        _of_this_thread.cutter = None


def _shut_down(source: socket.socket) -> None:
    with suppress(OSError):  # it ended by itself just now
        # Not SSLSocket's own: that would take the TLS layer from under the reader's feet.
        socket.socket.shutdown(source, socket.SHUT_RDWR)


class CuttableStream(httpcore2.NetworkStream):
    """A connection whose reads can be cut."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        """Wrap a connection."""
        self._inner = inner
        self._socket: socket.socket = inner.get_extra_info("socket")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, and be ended by this thread's cutter."""
        cutter: Cutter | None = getattr(_of_this_thread, "cutter", None)
        if cutter is None:
            return self._inner.read(max_bytes, timeout)
        with cutter.reading(self._socket):
            return self._inner.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write."""
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        """Close."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Speak TLS from here on, as cuttable as before."""
        return CuttableStream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        """Return what the connection knows of itself."""
        return self._inner.get_extra_info(info)
