"""One connection to Attune, kept open between batches."""

import contextlib
import encodings.idna  # noqa: F401  a process forked during its import could never connect
import gzip
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, InvalidURL
from urllib.parse import urlsplit

from attune_client.bounded_reads import BoundedResponse

PREFIX = "/api/v1"
MAX_RESPONSE_BYTES = 2**22
MAX_ANSWER_BYTES = 2**25  # of a call that reads something
USER_AGENT = "attune-client/0.1.0"


class Unreachable(Exception):
    """Attune did not respond, or the connection broke."""


@dataclass(frozen=True)
class Response:
    """The response of Attune."""

    status: int
    body: bytes
    retry_after_s: float | None


class Transport:
    """Posts bodies; used by one thread only."""

    def __init__(self, url: str, key: str, timeout_s: float) -> None:
        """Store the address; it is parsed with the first batch, not in the host's call."""
        self._url, self._key, self._timeout_s = url, key, timeout_s
        self._connection: HTTPConnection | None = None

    def post(self, path: str, lines: bytes) -> Response:
        """Send lines of NDJSON, compressed; raise Unreachable or ValueError."""
        is_kept = self._connection is not None
        try:
            return self._post(path, lines)
        except Unreachable:
            if not is_kept:
                raise
        return self._post(path, lines)  # the kept connection may have been closed while idle

    def _post(self, path: str, lines: bytes) -> Response:
        kind = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        body = gzip.compress(lines, 5)
        return self._request("POST", f"ingest/{path}", body, kind, MAX_RESPONSE_BYTES)

    def call(self, method: str, path: str, body: bytes | None = None) -> Response:
        """Call an address over a connection of its own, with a body of JSON; any thread may.

        Raises Unreachable or ValueError.
        """
        kind = {"Content-Type": "application/json"} if body is not None else {}
        transport = Transport(self._url, self._key, self._timeout_s)
        try:
            return transport._request(method, path, body, kind, MAX_ANSWER_BYTES)
        finally:
            transport.close()

    def _request(
        self, method: str, path: str, body: bytes | None, kind: dict[str, str], most_bytes: int
    ) -> Response:
        headers = {"Authorization": f"Bearer {self._plain_key()}", "User-Agent": USER_AGENT, **kind}
        try:
            connection, base = self._connected(time.monotonic() + self._timeout_s)
            connection.request(method, f"{base}/{path}", body, headers)
            response = connection.getresponse()
            answer = Response(response.status, response.read(most_bytes), _retry_after(response))
        except InvalidURL as error:
            raise ValueError(str(error)) from error
        except (OSError, HTTPException) as error:
            self.close()
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        # The rest of a longer body would be read as the next response
        if not response.isclosed():
            self.close()
        return answer

    def _connected(self, deadline: float) -> tuple[HTTPConnection, str]:
        """Return a connection for a request that ends at a deadline, and the path of the API."""
        parts = urlsplit(self._url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an address of http or https: {self._url!r}")
        if self._connection is None:
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            self._connection = kind(parts.hostname, parts.port, timeout=self._timeout_s)
        connection = self._connection
        if connection.sock is None:
            connection.connect()
        # Of sending, as a whole; a kept connection has what was left for its last response
        connection.sock.settimeout(max(deadline - time.monotonic(), 0.001))
        connection.response_class = partial(BoundedResponse, deadline=deadline)  # type: ignore[assignment]  # it only calls it
        base = parts.path.rstrip("/")
        return connection, base if base.endswith(PREFIX) else base + PREFIX

    def _plain_key(self) -> str:
        """Return the key without the line end of a file that it was read from; raise ValueError.

        http.client would quote the whole header in its error, and with it the key.
        """
        key = str(self._key).strip()
        if not (key.isascii() and key.isprintable()):
            raise ValueError("not an API key of Attune: only letters, digits, _ and - are in one")
        return key

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()


def _retry_after(response: HTTPResponse) -> float | None:
    """Return the seconds that a server asks to wait, or None.

    A date of a server whose clock runs behind is over: without a wait of the client's own, call
    would follow call.
    """
    header = response.getheader("Retry-After")
    if header is None:
        return None
    with contextlib.suppress(ValueError, TypeError):
        return _ahead(float(header))
    with contextlib.suppress(ValueError, TypeError):
        return _ahead((parsedate_to_datetime(header) - datetime.now(timezone.utc)).total_seconds())
    return None


def _ahead(seconds: float) -> float | None:
    return seconds if seconds > 0 else None
