"""One connection to Attune, kept open between batches."""

import contextlib
import encodings.idna  # noqa: F401  else the first connection imports it, and who is forked off meanwhile can never connect
import gzip
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, InvalidURL
from urllib.parse import urlsplit

PREFIX = "/api/v1"
LONGEST_ANSWER = 2**22


class Unreachable(Exception):
    """Attune did not answer, or the connection broke."""


@dataclass(frozen=True)
class Answer:
    """What Attune said."""

    status: int
    body: bytes
    retry_after_s: float | None


class Transport:
    """Posts bodies; of one thread only."""

    def __init__(self, url: str, key: str, timeout_s: float) -> None:
        """Remember where to; the address is looked at when the first batch goes out, and not while the host waits."""
        self._url, self._key, self._timeout_s = url, key, timeout_s
        self._connection: HTTPConnection | None = None

    def post(self, path: str, lines: bytes) -> Answer:
        """Send lines of NDJSON, packed; raise Unreachable, or ValueError for an address that is none."""
        is_kept = self._connection is not None
        try:
            return self._post(path, lines)
        except Unreachable:
            if not is_kept:
                raise
        return self._post(path, lines)  # a kept connection may have ended long ago: that says nothing about Attune

    def _post(self, path: str, lines: bytes) -> Answer:
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": "gzip",
            "User-Agent": "attune-client/0.1.0",
        }
        try:
            connection, base = self._connected()
            connection.request("POST", f"{base}/ingest/{path}", gzip.compress(lines, 5), headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.read(LONGEST_ANSWER), _retry_after(response))
        except InvalidURL as refused:
            raise ValueError(str(refused)) from refused
        except (OSError, HTTPException) as broken:
            self.close()
            raise Unreachable(f"{type(broken).__name__}: {broken}") from broken
        if not response.isclosed():
            self.close()
        return answer

    def _connected(self) -> tuple[HTTPConnection, str]:
        parts = urlsplit(self._url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an address of http or https: {self._url!r}")
        if self._connection is None:
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            self._connection = kind(parts.hostname, parts.port, timeout=self._timeout_s)
        base = parts.path.rstrip("/")
        return self._connection, base if base.endswith(PREFIX) else base + PREFIX

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()


def _retry_after(response: HTTPResponse) -> float | None:
    given = response.getheader("Retry-After")
    if given is None:
        return None
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, float(given))
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(given) - datetime.now(timezone.utc)).total_seconds())
    return None
