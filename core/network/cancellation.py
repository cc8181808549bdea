"""Cancel a thread's wait on the network, from another thread or at a deadline.

Closing a socket does not wake a thread that waits on it; shutting it down does. So each wait first
registers its socket.
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


class CancelToken:
    """Cancels the network wait of its thread, and makes every later wait fail."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._awaited: socket.socket | None = None
        self._cancelled = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Sleep for at most `timeout_s`, or until cancelled; return whether it was cancelled."""
        return self._cancelled.wait(timeout_s)

    def cancel(self) -> None:
        """End the current wait, if any; later waits fail."""
        with self._lock:
            self._cancelled.set()
            if self._awaited is not None:
                _shut_down(self._awaited)

    def raise_if_cancelled(self) -> None:
        """Raise httpcore2.ReadError when cancelled."""
        if self.is_cancelled:
            raise httpcore2.ReadError("cancelled")

    @contextmanager
    def waiting_on(self, awaited: socket.socket) -> Iterator[None]:
        """Register the socket that this thread waits on; raise ReadError when cancelled."""
        with self._lock:
            self.raise_if_cancelled()
            self._awaited = awaited
        try:
            yield
        finally:
            with self._lock:
                self._awaited = None


@dataclass(frozen=True)
class _Bounds:
    """The cancel token and the deadline of a thread's network waits."""

    cancel_token: CancelToken
    deadline: float

    def shortened(self, timeout_s: float | None) -> float | None:
        """Return `timeout_s`, or the time left if less; raise ReadTimeout when none is left."""
        if self.deadline == math.inf:
            return timeout_s
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            raise httpcore2.ReadTimeout("the deadline of the whole call has passed")
        return left_s if timeout_s is None else min(timeout_s, left_s)


def _bounds() -> _Bounds | None:
    bounds: _Bounds | None = getattr(_of_this_thread, "bounds", None)
    return bounds


@contextmanager
def cancellable(cancel_token: CancelToken, deadline: float = math.inf) -> Iterator[None]:
    """Apply a cancel token and a monotonic deadline to this thread's network waits."""
    outer_bounds = _bounds()
    _of_this_thread.bounds = _Bounds(cancel_token, deadline)
    try:
        yield
    finally:
        _of_this_thread.bounds = outer_bounds


def raise_if_cancelled() -> None:
    """Raise httpcore2.ReadError when this thread's current call is cancelled."""
    if (bounds := _bounds()) is not None:
        bounds.cancel_token.raise_if_cancelled()


def _shut_down(source: socket.socket) -> None:
    with suppress(OSError):  # it has just been closed
        # Not SSLSocket.shutdown: that would remove the TLS layer while a thread reads from it.
        socket.socket.shutdown(source, socket.SHUT_RDWR)


class CancellableStream(httpcore2.NetworkStream):
    """A connection whose waits can be cancelled."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner
        self._socket: socket.socket = inner.get_extra_info("socket")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if (bounds := _bounds()) is None:
            return self._inner.read(max_bytes, timeout)
        with bounds.cancel_token.waiting_on(self._socket):
            return self._inner.read(max_bytes, bounds.shortened(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, unless this thread's call is cancelled."""
        if (bounds := _bounds()) is None:
            self._inner.write(buffer, timeout)
            return
        with bounds.cancel_token.waiting_on(self._socket):
            self._inner.write(buffer, bounds.shortened(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        return CancellableStream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)
