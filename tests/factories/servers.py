"""Small HTTP servers on this machine, plain or with TLS, for tests of outbound connections."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.platform import clock

really_resolve = socket.getaddrinfo


@dataclass
class Server:
    """A server and the paths requested of it; `/silent` never responds, `/endless` never ends,
    `/moved` redirects, `/packed` has the encoding and bytes of `packed`, `status` and `kind`.
    """

    port: int = 0
    heard: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    packed: tuple[str, bytes] = ("identity", b"")
    status: int = 200
    kind: str = "application/json"

    def at(self, host: str, path: str = "/", scheme: str = "http") -> str:
        """Return its address under a host's name."""
        return f"{scheme}://{host}:{self.port}{path}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: Server

    def do_GET(self) -> None:
        """Note the request and answer by its path."""
        self.told.heard.append(self.path)
        self.told.headers.append({name.lower(): value for name, value in self.headers.items()})
        answers: dict[str, Callable[[], None]] = {
            "/silent": self._stay_silent,
            "/endless": self._go_on,
            "/moved": self._redirect,
            "/packed": self._send_packed,
        }
        answers.get(self.path, self._greet)()

    def do_POST(self) -> None:
        """Read nothing of what is sent."""
        self.told.heard.append(self.path)
        self._stay_silent()

    def _greet(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def _send_packed(self) -> None:
        encoding, content = self.told.packed
        self.send_response(self.told.status)
        self.send_header("Content-Type", self.told.kind)
        self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _stay_silent(self) -> None:
        self.told.left.wait(120)
        self.close_connection = True

    def _go_on(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while not self.told.left.wait(0.01):
                self.wfile.write(b"x" * 1000)
        except OSError:
            self.told.left.set()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401  the library's signature
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers break off: that is what is tried here."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve on a loopback port."""
    server = Server()
    listening = _Quiet(("127.0.0.1", 0), type("Handler", (_Handler,), {"told": server}))
    if tls is not None:
        listening.socket = tls.wrap_socket(listening.socket, server_side=True)
    server.port = listening.server_address[1]
    threading.Thread(
        target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    ).start()
    yield server
    server.left.set()
    listening.shutdown()
    listening.server_close()


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate."""

    server: ssl.SSLContext
    authority: str  # PEM


def certificate(host: str, folder: Path) -> Certificate:
    """Return a certificate for a host's name."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]),
    )
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = signed.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(secret + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return Certificate(server, pem.decode())


@dataclass
class Names:
    """A name resolver: for each name its lists of addresses, one per query, the last one
    repeated.
    """

    answers: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def resolve(self, host: str, port: int, *args: Any, **options: Any) -> list[Any]:  # noqa: ANN401  socket.getaddrinfo's
        """Answer as socket.getaddrinfo does; numbers are left to the real one."""
        if host not in self.answers:
            return really_resolve(host, port, *args, **options)
        self.asked.append(host)
        left = self.answers[host]
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [
            found
            for address in addresses
            for found in really_resolve(address, port, *args, **options)
        ]


@contextmanager
def names(**answers: list[list[str]]) -> Iterator[Names]:
    """Replace name resolution: `names(models_test=[["127.0.0.1"]])` is `models.test`."""
    resolver = Names({name.replace("_", "."): answer for name, answer in answers.items()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolver.resolve)
        yield resolver
