"""The thread that sends: batches, retries with waits that grow, and nothing that it does can harm the host."""

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from attune_client.buffer import Buffer, Waiting
from attune_client.rows import Row, as_line
from attune_client.transport import Answer, Transport, Unreachable

log = logging.getLogger("attune_client")

MAY_PASS = frozenset({429, 502, 503, 504})
MOST_TRIES = 8  # of what fails in another way: these rows themselves may be why
AT_ONCE_BYTES = 4 * 2**20
BEAT_EVERY_S = 60.0
COMPLAIN_EVERY_S = 60.0
# Encoding a large row holds the interpreter: in between, the host's threads are let in.
REST_S = 0.0001


@dataclass(frozen=True)
class Pace:
    """How many rows go out together, how long they wait for each other, and how long a try is waited for."""

    batch_rows: int = 500
    linger_s: float = 1.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    longest_told_wait_s: float = 300.0


@dataclass
class Sender:
    """Takes rows from the buffer and sees to it that they arrive."""

    buffer: Buffer
    transport: Transport
    pace: Pace
    beat: Callable[[], None]
    is_started: bool = False
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _complained_at: float = field(default=-COMPLAIN_EVERY_S)
    _beat_at: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Begin, in a thread that holds up no exit; raise RuntimeError when none can be had."""
        with self._starting:
            if not self.is_started:
                self._thread = threading.Thread(target=self._run, name="attune_client", daemon=True)
                self._thread.start()
                self.is_started = True

    def join(self, timeout_s: float) -> None:
        """Wait a little for the thread's own end."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self.buffer.closing.is_set():
            self._try_to_send_some()
        self.transport.close()

    def _try_to_send_some(self) -> None:
        try:
            self._send_some()
        except Exception as unforeseen:  # noqa: BLE001  the thread must live as long as the host
            self._complain("could not be sent", unforeseen)
            self.buffer.closing.wait(self.pace.first_wait_s)

    def _send_some(self) -> None:
        taken = self.buffer.take(self.pace.batch_rows, AT_ONCE_BYTES, linger_s=self.pace.linger_s, idle_s=BEAT_EVERY_S / 2)
        left = len(taken)
        try:
            for path, rows in _by_path(taken).items():
                self._send(path, rows)
                left -= len(rows)
        finally:
            self.buffer.settle(failed=left)
        if time.monotonic() - self._beat_at >= BEAT_EVERY_S:
            self._beat_at = time.monotonic()
            self.beat()

    def _send(self, path: str, rows: list[Row | bytes]) -> None:
        """Send rows of one path until they are settled, all of them."""
        lines = self._encoded(rows)
        tries, settled = 0, len(rows) - len(lines)
        self.buffer.settle(failed=settled)
        while lines:
            try:
                answer = self.transport.post(path, b"\n".join(lines))
            except Unreachable as broken:
                may_pass, told, why = True, None, str(broken)
            except Exception as refused:  # noqa: BLE001  an address or a key that cannot be sent to
                why = repr(refused)
                break
            else:
                if answer.status == 202:
                    self._note_taken(answer, len(lines))
                    return
                may_pass, told, why = answer.status in MAY_PASS, answer.retry_after_s, _said(answer)
                if answer.status < 500 and not may_pass:
                    break
            tries += 1
            self._complain("are not taken at the moment", why)
            if tries >= MOST_TRIES and not may_pass:
                break
            if self.buffer.rest(self._wait_s(tries, told), may_hurry=told is None):
                break
        else:
            return
        is_over = self.buffer.closing.is_set()
        self._complain("were given up", why)
        self.buffer.settle(dropped=len(lines) if is_over else 0, failed=0 if is_over else len(lines))

    def _encoded(self, rows: list[Row | bytes]) -> list[bytes]:
        return [line for row in rows if (line := self._line(row)) is not None]

    def _line(self, row: Row | bytes) -> bytes | None:
        if isinstance(row, bytes):
            return row
        time.sleep(REST_S)
        try:
            return as_line(row)
        except Exception as refused:  # noqa: BLE001  a host's object may do anything when it is written
            self._complain("cannot be written as JSON", refused)
            return None

    def _wait_s(self, tries: int, told_s: float | None) -> float:
        """Return how long to wait: what Attune says and a little more, else longer each time; never two hosts in step."""
        if told_s is not None:
            return min(told_s, self.pace.longest_told_wait_s) * random.uniform(1.0, 1.1)  # noqa: S311  no secret
        longest = min(self.pace.longest_wait_s, self.pace.first_wait_s * float(2 ** min(tries - 1, 30)))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311

    def _note_taken(self, answer: Answer, count: int) -> None:
        try:
            rejected = json.loads(answer.body)["rejected"]
        except (ValueError, KeyError, TypeError):
            rejected = []
        if rejected:
            self._complain("were refused", rejected[0].get("error") if isinstance(rejected[0], dict) else rejected[0])
        refused = min(len(rejected), count)
        self.buffer.settle(sent=count - refused, failed=refused)

    def _complain(self, what: str, why: object) -> None:
        """Say it in the host's log, once in a while."""
        if time.monotonic() - self._complained_at >= COMPLAIN_EVERY_S:
            self._complained_at = time.monotonic()
            log.warning("rows for Attune %s: %s", what, why)


def _by_path(taken: list[Waiting]) -> dict[str, list[Row | bytes]]:
    found: dict[str, list[Row | bytes]] = {}
    for path, row, _ in taken:
        found.setdefault(path, []).append(row)
    return found


def _said(answer: Answer) -> str:
    return f"HTTP {answer.status} {answer.body[:300].decode(errors='replace')}"
