"""Requests with an unchanged target: HTTP clients normalize paths."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def raw(address: str, target: str, *more: str, method: str = "GET", body: bytes = b"") -> Answer:
    """Send a request with these further header lines."""
    host = urlsplit(address)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host.netloc}", "Connection: close", *more]
    with socket.create_connection((host.hostname or "", host.port or 0), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, content = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    fields = dict(line.split(": ", 1) for line in rest)
    return Answer(
        int(first.split(" ")[1]), {name.lower(): value for name, value in fields.items()}, content
    )


def browser(address: str, target: str) -> Answer:
    """Ask as a browser does when a person types an address."""
    return raw(address, target, *(f"{name}: {value}" for name, value in BROWSER.items()))
