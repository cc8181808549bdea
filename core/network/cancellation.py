"""Cancel a thread's wait on the network, from another thread or at a deadline.

Closing a socket does not wake who waits on it; shutting it down does. So each wait first says which socket it is for.
"""

import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpcore2

_of_this_thread = threading.local()


class Cutter:
    """Cuts whatever its thread waits for on the network, and refuses every later wait."""

    def __init__(self) -> None:
        """Nothing is cut yet."""
        self._lock = threading.Lock()
        self._awaited: socket.socket | None = None
        self._is_cut = threading.Event()

    @property
    def is_cut(self) -> bool:
        """Whether `cut` was called."""
        return self._is_cut.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Sleep until cut, at most `timeout_s`; return whether it was cut."""
        return self._is_cut.wait(timeout_s)

    def cut(self) -> None:
        """End the present wait, if there is one, and refuse the next."""
        with self._lock:
            self._is_cut.set()
            if self._awaited is not None:
                _shut_down(self._awaited)

    def refuse_when_cut(self) -> None:
        """Raise httpcore2.ReadError when it is cut already."""
        if self.is_cut:
            raise httpcore2.ReadError("cut")

    @contextmanager
    def waiting_on(self, awaited: socket.socket) -> Iterator[None]:
        """Say that this thread waits on a socket.

        Raises httpcore2.ReadError when it is cut already.
        """
        with self._lock:
            self.refuse_when_cut()
            self._awaited = awaited
        try:
            yield
        finally:
            with self._lock:
                self._awaited = None


@dataclass(frozen=True)
class _Bounds:
    """What ends a thread's waits."""

    cutter: Cutter
    ends_at: float

    def shortened(self, timeout_s: float | None) -> float | None:
        """Return `timeout_s`, or what is left of the whole time; raise httpcore2.ReadTimeout when nothing is."""
        if self.ends_at == math.inf:
            return timeout_s
        left_s = self.ends_at - time.monotonic()
        if left_s <= 0:
            raise httpcore2.ReadTimeout("the time for the whole call is over")
        return left_s if timeout_s is None else min(timeout_s, left_s)


def _bounds() -> _Bounds | None:
    found: _Bounds | None = getattr(_of_this_thread, "bounds", None)
    return found


@contextmanager
def cuttable(cutter: Cutter, ends_at: float = math.inf) -> Iterator[None]:
    """Let `cutter` end this thread's waits, and let them time out at `ends_at` on the monotonic clock."""
    before = _bounds()
    _of_this_thread.bounds = _Bounds(cutter, ends_at)
    try:
        yield
    finally:
        _of_this_thread.bounds = before


def refuse_when_cut() -> None:
    """Raise httpcore2.ReadError when what this thread does is cut already."""
    if (bounds := _bounds()) is not None:
        bounds.cutter.refuse_when_cut()


def _shut_down(source: socket.socket) -> None:
    with suppress(OSError):  # it ended by itself just now
        # Not SSLSocket's own: that would take the TLS layer from under the reader's feet.
        socket.socket.shutdown(source, socket.SHUT_RDWR)


class CuttableStream(httpcore2.NetworkStream):
    """A connection whose waits can be cut."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        """Wrap a connection."""
        self._inner = inner
        self._socket: socket.socket = inner.get_extra_info("socket")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, within this thread's bounds."""
        if (bounds := _bounds()) is None:
            return self._inner.read(max_bytes, timeout)
        with bounds.cutter.waiting_on(self._socket):
            return self._inner.read(max_bytes, bounds.shortened(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, within this thread's bounds: what is cut is not even asked for."""
        if (bounds := _bounds()) is None:
            self._inner.write(buffer, timeout)
            return
        with bounds.cutter.waiting_on(self._socket):
            self._inner.write(buffer, bounds.shortened(timeout))

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
