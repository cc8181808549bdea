"""A cheap load client: HTTP/1.1 over asyncio streams, so that the measured time is the server's."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any


class Unavailable(Exception):
    """A call was answered with 503, here because a query took too long."""


@dataclass
class Timings:
    """Durations of calls in milliseconds."""

    ms: list[float] = field(default_factory=list)
    wall_s: float = 0.0

    @property
    def per_second(self) -> float:
        """Calls per second over the whole run."""
        return len(self.ms) / self.wall_s

    def percentile(self, percent: int) -> float:
        """Return a percentile in milliseconds."""
        return quantiles(self.ms, n=100, method="inclusive")[percent - 1]


@dataclass(frozen=True)
class Target:
    """An address with method, headers and body."""

    port: int
    path: str
    token: str
    body: dict[str, Any] | None = None

    def request(self) -> bytes:
        """Return the request's bytes."""
        payload = json.dumps(self.body).encode() if self.body is not None else b""
        method = "POST" if self.body is not None else "GET"
        head = (
            f"{method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: "
            f"Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
        )
        return head.encode() + payload


async def calls(target: Target, *, count: int, at_once: int) -> Timings:
    """Make a number of calls over some connections and return their timings; raise unless all
    return 2xx.
    """
    timings, started = Timings(), time.perf_counter()
    await asyncio.gather(*(_repeat(target, count // at_once, timings) for _ in range(at_once)))
    timings.wall_s = time.perf_counter() - started
    return timings


async def each(port: int, requests: list[bytes], *, at_once: int) -> Timings:
    """Send each of these requests once, over some connections; raise unless all return 2xx."""
    timings, started, left = Timings(), time.perf_counter(), iter(requests)
    await asyncio.gather(*(_take(port, left, timings) for _ in range(at_once)))
    timings.wall_s = time.perf_counter() - started
    return timings


async def _take(port: int, left: Iterator[bytes], timings: Timings) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in left:
        timings.ms.append(await _call(request, reader, writer))
    writer.close()


async def every(target: Target, *, pause_s: float, until: asyncio.Event) -> Timings:
    """Make one call after another, with pauses, until stopped."""
    timings, started = Timings(), time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    while not until.is_set():
        timings.ms.append(await _call(target.request(), reader, writer))
        await asyncio.sleep(pause_s)
    writer.close()
    timings.wall_s = time.perf_counter() - started
    return timings


async def first_bytes(target: Target, *, count: int, at_once: int, mark: bytes) -> Timings:
    """Open streams and return when `mark` first appeared in each; each stream is read to
    its end.
    """
    timings, started = Timings(), time.perf_counter()
    await asyncio.gather(
        *(_streams(target, count // at_once, mark, timings) for _ in range(at_once))
    )
    timings.wall_s = time.perf_counter() - started
    return timings


async def _repeat(target: Target, count: int, timings: Timings) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    request = target.request()
    for _ in range(count):
        timings.ms.append(await _call(request, reader, writer))
    writer.close()


async def _call(
    request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> float:
    started = time.perf_counter()
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    if head.startswith(b"http/1.1 503"):
        raise Unavailable(body.decode())
    if not head.startswith((b"http/1.1 200", b"http/1.1 201", b"http/1.1 202")):
        raise RuntimeError(body.decode())
    return (time.perf_counter() - started) * 1000


async def _streams(target: Target, count: int, mark: bytes, timings: Timings) -> None:
    for _ in range(count):
        timings.ms.append((await stream(target, mark))[0])


async def stream(target: Target, mark: bytes) -> tuple[float, bytes]:
    """Read a stream to its end; return the milliseconds until `mark` appeared, and its bytes."""
    request = target.request().replace(b"\r\nHost:", b"\r\nConnection: close\r\nHost:", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    started, seen = time.perf_counter(), b""
    writer.write(request)
    while mark not in seen and (part := await reader.read(65536)):
        seen += part
    first_ms = (time.perf_counter() - started) * 1000
    while part := await reader.read(65536):
        seen += part
    writer.close()
    return first_ms, seen
