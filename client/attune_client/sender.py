"""The sending thread: batches, and retries with growing waits; errors never reach the host."""

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from attune_client.buffer import Buffer, Waiting
from attune_client.rows import Row, as_line
from attune_client.transport import Response, Transport, Unreachable

log = logging.getLogger("attune_client")

TRANSIENT_STATUSES = frozenset({429, 502, 503, 504})
MAX_TRIES = 8  # for other server errors, which these rows may cause
AT_ONCE_BYTES = 4 * 2**20
BEAT_INTERVAL_S = 60.0
WARNING_INTERVAL_S = 60.0
# Encoding a large row blocks the interpreter; this pause lets the host's threads run.
PAUSE_S = 0.0001


@dataclass(frozen=True)
class Pace:
    """Batch size, wait for more rows, and waits between retries, in seconds."""

    batch_rows: int = 500
    linger_s: float = 1.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    longest_told_wait_s: float = 300.0


@dataclass
class Sender:
    """Takes rows from the buffer and sends them."""

    buffer: Buffer
    transport: Transport
    pace: Pace
    beat: Callable[[], None]
    is_started: bool = False
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _complained_at: float = field(default=-WARNING_INTERVAL_S)
    _displaced: int = 0  # rows of which the log knows
    _beat_at: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Start a daemon thread; raise RuntimeError when that is not possible."""
        with self._starting:
            if not self.is_started:
                self._thread = threading.Thread(target=self._run, name="attune_client", daemon=True)
                self._thread.start()
                self.is_started = True

    def join(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` for the thread's end."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self.buffer.closing.is_set():
            self._try_to_send_some()
        self.transport.close()

    def _try_to_send_some(self) -> None:
        try:
            self._send_some()
        except Exception as error:  # noqa: BLE001  the thread must not end before the host
            self._complain("could not be sent", error)
            self.buffer.closing.wait(self.pace.first_wait_s)

    def _send_some(self) -> None:
        batch = self.buffer.take(
            self.pace.batch_rows,
            AT_ONCE_BYTES,
            linger_s=self.pace.linger_s,
            # Runs of batch jobs are reported in time, also when nothing else is sent.
            idle_s=BEAT_INTERVAL_S / 2,
        )
        unsettled = len(batch)
        self._note_displaced()
        try:
            for path, rows in _by_path(batch).items():
                self._send(path, rows)
                unsettled -= len(rows)
        # Also rows that an unexpected error left over, which flush() would wait for
        finally:
            self.buffer.settle(failed=unsettled)
        if time.monotonic() - self._beat_at >= BEAT_INTERVAL_S:
            self._beat_at = time.monotonic()
            self.beat()

    def _send(self, path: str, rows: list[Row | bytes]) -> None:
        """Send rows of one path until all are settled."""
        lines = self._encoded(path, rows)
        self.buffer.settle(failed=len(rows) - len(lines))
        self._send_lines(path, lines)

    def _send_lines(self, path: str, lines: list[bytes]) -> None:
        tries = 0
        while lines:
            try:
                response = self.transport.post(path, b"\n".join(lines))
            except Unreachable as error:
                is_transient, retry_after_s, reason = True, None, str(error)
            except Exception as error:  # noqa: BLE001  an invalid address or key
                reason = repr(error)
                break
            else:
                if response.status == 202:
                    self._note_taken(response, len(lines))
                    return
                # A proxy may take less than Attune: nginx 1 MiB unless it is told otherwise
                if response.status == 413 and len(lines) > 1:
                    half = len(lines) // 2
                    self._send_lines(path, lines[:half])
                    self._send_lines(path, lines[half:])
                    return
                is_transient = response.status in TRANSIENT_STATUSES
                retry_after_s = response.retry_after_s
                reason = f"HTTP {response.status} {response.body[:300].decode(errors='replace')}"
                # The same rows would be refused again.
                if response.status < 500 and not is_transient:
                    break
            tries += 1
            self._complain("are not accepted at the moment", reason)
            if tries >= MAX_TRIES and not is_transient:
                break
            # A flush cuts the client's own waits short, not those that Attune asked for
            if self.buffer.rest(
                self._wait_s(tries, retry_after_s), may_hurry=retry_after_s is None
            ):
                break
        else:
            return
        is_over = self.buffer.closing.is_set()
        self._complain("were dropped", reason)
        self.buffer.settle(
            dropped=len(lines) if is_over else 0, failed=0 if is_over else len(lines)
        )

    def _encoded(self, path: str, rows: list[Row | bytes]) -> list[bytes]:
        return [line for row in rows if (line := self._line(path, row)) is not None]

    def _line(self, path: str, row: Row | bytes) -> bytes | None:
        if isinstance(row, bytes):
            return row
        time.sleep(PAUSE_S)
        try:
            return as_line(path, row)
        except Exception as error:  # noqa: BLE001  str() of the object may fail
            self._complain("cannot be written as JSON", error)
            return None

    def _wait_s(self, tries: int, retry_after_s: float | None) -> float:
        """Return the wait before a retry: Retry-After plus up to 10%, or growing random waits."""
        if retry_after_s is not None:
            return min(retry_after_s, self.pace.longest_told_wait_s) * random.uniform(1.0, 1.1)  # noqa: S311  no secret
        longest = min(
            self.pace.longest_wait_s, self.pace.first_wait_s * float(2 ** min(tries - 1, 30))
        )
        return longest * random.uniform(0.5, 1.0)  # noqa: S311

    def _note_displaced(self) -> None:
        displaced = self.buffer.stats().dropped
        if displaced > self._displaced and self._complain(
            "were dropped", f"the queue was full; {displaced:,} so far"
        ):
            self._displaced = displaced

    def _note_taken(self, response: Response, count: int) -> None:
        try:
            rejected = json.loads(response.body)["rejected"]
        except (ValueError, KeyError, TypeError):
            rejected = []
        if rejected:
            self._complain(
                "were rejected",
                rejected[0].get("error") if isinstance(rejected[0], dict) else rejected[0],
            )
        rejected_count = min(len(rejected), count)
        self.buffer.settle(sent=count - rejected_count, failed=rejected_count)

    def _complain(self, what: str, why: object) -> bool:
        """Log a warning, at most once a minute; return whether it was logged."""
        if time.monotonic() - self._complained_at < WARNING_INTERVAL_S:
            return False
        self._complained_at = time.monotonic()
        log.warning("rows for Attune %s: %s", what, why)
        return True


def _by_path(batch: list[Waiting]) -> dict[str, list[Row | bytes]]:
    by_path: dict[str, list[Row | bytes]] = {}
    for path, row, _ in batch:
        by_path.setdefault(path, []).append(row)
    return by_path
