"""A server that records what the client sends, and fails as a test requests."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Row = dict[str, Any]


@dataclass
class Fault:
    """How one call is answered: a status, with or without taking the rows; after a while; or the
    connection is cut.
    """

    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    takes_rows: bool = False
    after_s: float = 0.0
    cuts: bool = False


@dataclass
class Recorder:
    """What came in. Of `faults` each holds for one call, earliest first; then all goes well."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    always: Fault | None = None
    rows: dict[str, list[Row]] = field(default_factory=dict)
    calls: list[float] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_bytes: int | None = None  # of a body; a larger one gets 413, as from a proxy
    rejects: Callable[[Row], str | None] = lambda row: None
    connections: list[socket.socket] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, path: str) -> list[Row]:
        """Return the rows of a path."""
        with self.lock:
            return list(self.rows.get(path, []))

    def distinct(self, path: str) -> set[tuple[str, str]]:
        """Return what a database would hold: one row for each id and created_at."""
        return {(row["id"], row["created_at"]) for row in self.of(path)}

    def take(self, path: str, body: bytes) -> dict[str, Any]:
        """Keep rows and return what is answered."""
        given = [json.loads(line) for line in gzip.decompress(body).splitlines()]
        refused = [
            {"index": index, "error": why}
            for index, row in enumerate(given)
            if (why := self.rejects(row))
        ]
        with self.lock:
            self.rows.setdefault(path.removeprefix("/api/v1/ingest/"), []).extend(given)
        return {"accepted": len(given) - len(refused), "duplicates": 0, "rejected": refused}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: Recorder

    def setup(self) -> None:
        """Note the connection, so that the server's end is its end too."""
        super().setup()
        self.told.connections.append(self.connection)

    def do_POST(self) -> None:
        """Answer as the next fault says."""
        told = self.told
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with told.lock:
            told.calls.append(time.monotonic())
            told.headers.append(dict(self.headers))
            fault = told.faults.pop(0) if told.faults else told.always
            if told.most_bytes is not None and len(body) > told.most_bytes:
                fault = Fault(413)
        if fault is not None:
            time.sleep(fault.after_s)
            if fault.takes_rows:
                told.take(self.path, body)
            if fault.cuts:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if fault.status != 202:
                self._answer(fault.status, {"detail": "no"}, fault.headers)
                return
        self._answer(202, told.take(self.path, body), {})

    def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients end in the middle: that is what is tried here."""


@contextmanager
def recording(recorder: Recorder | None = None, port: int = 0) -> Iterator[Recorder]:
    """Serve on a loopback port."""
    told = recorder or Recorder()
    listening = _Quiet(("127.0.0.1", port), type("Handler", (_Handler,), {"told": told}))
    told.url = f"http://127.0.0.1:{listening.server_address[1]}"
    threading.Thread(
        target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    ).start()
    try:
        yield told
    finally:
        listening.shutdown()
        listening.server_close()
        for connection in told.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
