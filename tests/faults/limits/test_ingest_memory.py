"""What is packed small may be huge: a bomb costs no memory, whichever way it comes."""

import gzip
import threading
import time
from collections.abc import Iterator

import httpx2
import psutil
import pytest

from tests.faults.kills.test_ingest_kills import make_key
from tests.faults.program import Program

MOST_ADDED_MB = 100
GIGABYTE = 2**30
REFUSED = 1_000_000


def zeros(size: int = GIGABYTE) -> bytes:
    packed = gzip.compress(b"0" * 2**20)
    return packed * (size // 2**20)


def lines(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield b'{"event_type": "x"}' + b" " * (2**20 - 20) + b"\n"


def endless_line(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield b"x" * 2**20


@pytest.fixture
def program(installed: Program) -> Program:
    return installed.start()


@pytest.mark.parametrize("mebibytes", [256, pytest.param(1024, marks=pytest.mark.prove)])
def test_neither_bombs_nor_long_bodies_fill_the_memory(program: Program, mebibytes: int) -> None:
    headers = {"Authorization": f"Bearer {make_key(program)}", "Content-Type": "application/json"}
    packed = headers | {"Content-Encoding": "gzip"}
    ndjson = {"Content-Type": "application/x-ndjson"}
    with (
        httpx2.Client(
            base_url=f"{program.address}/api/v1/ingest", timeout=120, trust_env=False
        ) as http,
        Watched(program) as seen,
    ):
        assert http.post("/events", content=zeros(), headers=packed).status_code == 413
        assert http.post("/events", content=zeros(), headers=packed | ndjson).status_code == 422
        taken = http.post("/events", content=lines(mebibytes), headers=headers | ndjson)
        assert taken.json()["accepted"] == mebibytes
        assert _is_refused(http, endless_line(mebibytes), headers | ndjson)
        many = http.post(
            "/events", content=gzip.compress(b"x\n\n\n\n" * REFUSED), headers=packed | ndjson
        )
        assert (many.status_code, many.json()["code"]) == (422, "too_dense")
    assert seen.added_mb < MOST_ADDED_MB
    program.stop()


def _is_refused(http: httpx2.Client, content: Iterator[bytes], headers: dict[str, str]) -> bool:
    """Whether it is refused before its end: who goes on sending then may find the connection
    closed.
    """
    try:
        return http.post("/events", content=content, headers=headers).status_code == 422
    except httpx2.TransportError:
        return True


class Watched:
    """How much memory a process adds at the most: the web process, unless another is given."""

    def __init__(self, program: Program, process: psutil.Process | None = None) -> None:
        """Begin with what it has."""
        self._process = process or psutil.Process(program.running.pid)
        self._before = self._most = self._process.memory_info().rss
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    @property
    def added_mb(self) -> float:
        """What it has added."""
        return float(self._most - self._before) / 1e6

    def __enter__(self) -> "Watched":
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.is_set():
            self._most = max(self._most, self._process.memory_info().rss)
            time.sleep(0.01)
