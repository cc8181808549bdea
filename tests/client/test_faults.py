"""Whatever happens to Attune or the network, rows arrive in the end, count once, and the host is
not affected.
"""

import threading
import time
from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise
from secrets import token_hex

import pytest

from attune_client import Client
from attune_client.buffer import Buffer
from attune_client.sender import MAX_TRIES, Pace
from core.platform import clock
from tests.client.conftest import MakeClient
from tests.client.recorder import Fault, Recorder, recording
from tests.faults.program import until
from tests.ports import free_port


def track(client: Client, count: int = 20) -> None:
    for number in range(count):
        client.track("a", number=number)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(recorder: Recorder, client: Client, status: int) -> None:
    recorder.faults = [Fault(status)] * 3
    track(client)
    assert client.flush()
    assert len(recorder.distinct("events")) == client.stats().sent == 20


def test_a_connection_that_is_cut_after_the_rows_were_stored_counts_them_once(
    recorder: Recorder, client: Client
) -> None:
    recorder.faults = [
        Fault(takes_rows=True, cuts=True),
        Fault(takes_rows=True, cuts=True),
        Fault(503, takes_rows=True),
    ]
    track(client)
    assert client.flush()
    assert len(recorder.of("events")) == 4 * 20
    assert len(recorder.distinct("events")) == client.stats().sent == 20


def test_a_server_that_is_too_slow_is_asked_again(recorder: Recorder, make: MakeClient) -> None:
    recorder.faults = [Fault(202, takes_rows=True, after_s=2.0)]
    client = make(timeout_s=0.5)
    track(client)
    assert client.flush()
    assert len(recorder.distinct("events")) == client.stats().sent == 20


def test_a_server_that_comes_late_goes_and_comes_again_gets_everything(make: MakeClient) -> None:
    port, kept = free_port(), Recorder()
    client = make(f"http://127.0.0.1:{port}")
    track(client)
    assert not client.flush(0.2)
    for _ in range(3):
        with recording(kept, port):
            track(client)
            assert client.flush()
        track(client)
        assert not client.flush(0.1)
    with recording(kept, port):
        assert client.flush()
    assert len(kept.distinct("events")) == client.stats().sent == 140
    assert client.stats().dropped == client.stats().failed == 0


@pytest.mark.parametrize("told", ["1", "date"])
def test_it_waits_as_long_as_it_is_told_to(recorder: Recorder, client: Client, told: str) -> None:
    in_four_s = clock.now().replace(microsecond=0) + timedelta(seconds=4)
    header = told if told == "1" else format_datetime(in_four_s, usegmt=True)
    recorder.faults = [Fault(429, {"Retry-After": header})]
    client.track("a")
    assert client.flush()
    first, second = recorder.calls
    # By itself it waits for a tenth of a second; a date is three to four seconds ahead, less what
    # a busy machine takes to ask
    assert second - first >= (1.0 if told == "1" else 0.2)


@pytest.mark.parametrize("told", ["0", "Sun, 01 Nov 2026 08:00:00 GMT"])
def test_it_waits_by_itself_when_the_told_time_is_over(
    recorder: Recorder, make: MakeClient, told: str
) -> None:
    # After a proxy's 0, or a date by a slow clock, call followed call without an end
    recorder.faults = [Fault(503, {"Retry-After": told})] * 4
    client = make(pace=Pace(linger_s=0.0, first_wait_s=0.05, longest_wait_s=0.1))
    client.track("a")
    while client.stats().waiting:
        time.sleep(0.01)
    assert all(second - first >= 0.025 for first, second in pairwise(recorder.calls))


def test_waits_grow_and_differ(
    recorder: Recorder, make: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.faults = [Fault()] * 5
    client = make(pace=Pace(linger_s=0.0, first_wait_s=0.05, longest_wait_s=0.4))
    waits: list[float] = []
    really = client._sender._wait_s  # noqa: SLF001

    def noted(tries: int, retry_after_s: float | None) -> float:
        waits.append(really(tries, retry_after_s))
        return waits[-1]

    monkeypatch.setattr(client._sender, "_wait_s", noted)  # noqa: SLF001
    client.track("a")
    while client.stats().waiting:
        time.sleep(0.01)
    longest = [0.05, 0.1, 0.2, 0.4, 0.4]
    shares = [wait / most for wait, most in zip(waits, longest, strict=True)]
    assert all(0.5 <= share <= 1.0 for share in shares)
    assert len({round(share, 3) for share in shares}) > 1
    took = (second - first for first, second in pairwise(recorder.calls))
    assert all(each >= wait for each, wait in zip(took, waits, strict=True))


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 422])
def test_what_no_repetition_mends_is_given_up(
    recorder: Recorder, client: Client, status: int
) -> None:
    recorder.faults = [Fault(status)]
    client.track("a")
    assert client.flush()
    client.track("b")
    assert client.flush()
    assert [row["event_type"] for row in recorder.of("events")] == ["b"]
    assert (client.stats().sent, client.stats().failed) == (1, 1)


def test_rows_that_are_too_large_together_for_a_proxy_are_sent_apart(
    recorder: Recorder, make: MakeClient
) -> None:
    # The client's batches have up to 4 MiB, and nginx takes 1 MiB unless it is told otherwise
    recorder.most_bytes = 2000
    client = make(pace=Pace(linger_s=30.0))
    for number in range(20):
        client.track("a", number=number, text=token_hex(200))
    client.track("too large", text=token_hex(2000))
    assert client.flush()
    assert sorted(row["number"] for row in recorder.of("events")) == list(range(20))
    assert (client.stats().sent, client.stats().failed) == (20, 1)


def test_rows_that_break_the_server_do_not_hold_the_others_up_for_ever(
    recorder: Recorder, make: MakeClient
) -> None:
    recorder.faults = [Fault(500)] * MAX_TRIES
    client = make(pace=Pace(linger_s=0.0, first_wait_s=0.001, longest_wait_s=0.002))
    client.track("poison")
    while client.stats().waiting:
        time.sleep(0.01)
    client.track("good")
    assert client.flush()
    assert [row["event_type"] for row in recorder.of("events")] == ["good"]
    assert client.stats().failed == 1


def test_when_the_queue_is_full_the_oldest_go_and_are_counted(make: MakeClient) -> None:
    client = make(f"http://127.0.0.1:{free_port()}", queue_rows=100)
    track(client, 1000)
    stats = client.stats()
    assert stats.dropped >= 1000 - 100 - 500
    assert stats.waiting == 1000 - stats.dropped
    client.close(0.0)
    stats = client.stats()
    assert (stats.sent, stats.failed, stats.dropped, stats.waiting) == (0, 0, 1000, 0)


def test_rows_for_which_the_queue_had_no_room_are_said_in_the_log(
    make: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    # A burst lost thousands of rows, and only stats() counted them
    client = make(queue_rows=10, pace=Pace(linger_s=30.0))
    track(client, 30)
    assert client.flush()
    assert client.stats().dropped == 20
    assert [record.getMessage() for record in caplog.records] == [
        "rows for Attune were dropped: the queue was full; 20 so far"
    ]


def test_the_newest_rows_are_those_that_stay(recorder: Recorder, make: MakeClient) -> None:
    recorder.always = Fault()
    client = make(
        queue_rows=50,
        pace=Pace(batch_rows=10, linger_s=0.0, first_wait_s=0.01, longest_wait_s=0.02),
    )
    client.track("first")
    while not recorder.calls:
        time.sleep(0.01)
    track(client, 200)
    recorder.always = None
    assert client.flush()
    kept = [row.get("number") for row in recorder.of("events")]
    assert kept == [None, *range(150, 200)]
    assert client.stats().dropped == 150


def test_large_rows_are_bounded_by_their_size(make: MakeClient) -> None:
    client = make(f"http://127.0.0.1:{free_port()}", queue_bytes=1_000_000)
    for _ in range(100):
        client.track("a", event_data={"text": "x" * 100_000})
    assert client.stats().waiting <= 10 + 41  # in the queue, and 4 MiB on their way
    assert client.stats().dropped >= 49


@pytest.mark.parametrize(
    ("large", "least_bytes"),
    [("漢" * 15_000, 30_000), (b"x" * 400_000, 400_000), ({b"x" * 400_000}, 400_000)],
)
def test_the_queue_is_bounded_by_bytes_whatever_is_sent(
    make: MakeClient, large: object, least_bytes: int
) -> None:
    client = make(queue_bytes=1_000_000, pace=Pace(linger_s=30.0))
    for _ in range(50):
        client.track("a", event_data={"large": large})
    assert client.stats().waiting <= 1_000_000 // least_bytes


def test_many_threads_lose_nothing(recorder: Recorder, make: MakeClient) -> None:
    client = make(queue_rows=100_000)
    recorder.faults = [Fault(503), Fault(cuts=True), Fault(takes_rows=True, cuts=True), Fault(503)]
    threads = [threading.Thread(target=track, args=(client, 1000)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush(20)
    assert len(recorder.distinct("events")) == client.stats().sent == 8000


def test_flush_waits_for_what_was_there_and_for_nothing_else(
    recorder: Recorder, make: MakeClient
) -> None:
    client = make(pace=Pace(linger_s=30.0))
    client.track("a")
    began = time.monotonic()
    assert client.flush()
    assert time.monotonic() - began < 25
    assert len(recorder.of("events")) == 1
    assert client.flush(0.0)


def test_flush_waits_although_another_threads_row_is_refused_meanwhile() -> None:
    buffer, ends = Buffer(10, 1000, many=10), []
    buffer.put("events", b"{}", 2)
    flushing = threading.Thread(
        target=lambda: ends.append((buffer.flush(30.0), buffer.stats().waiting))
    )
    flushing.start()
    until(lambda: buffer._flushes == 1, 10)  # noqa: SLF001
    buffer.refuse()
    buffer.settle()
    flushing.join(0.3)
    assert len(buffer.take(10, 1000, linger_s=30.0, idle_s=0.0)) == 1
    buffer.settle(sent=1)
    flushing.join()
    assert ends == [(True, 0)]


def test_after_the_end_rows_are_counted_as_dropped(recorder: Recorder, client: Client) -> None:
    client.close()
    client.track("late")
    assert client.stats().dropped == 1
    client.close()
    assert recorder.of("events") == []
