"""Whole programs with a client: exit, forks, and the time that calls take."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from attune_client import Client
from core.platform.config import ROOT
from tests.client.conftest import MakeClient
from tests.client.recorder import Fault, Recorder
from tests.faults.program import until
from tests.ports import free_port


def program(
    url: str, body: str, *, exit_timeout_s: float = 30.0
) -> tuple[float, subprocess.CompletedProcess[str]]:
    """Run a program that has a client, and return how long it took."""
    text = (
        f"import os, sys\nfrom attune_client import Client\nclient = Client({url!r}, 'atn_key', "
        f"exit_timeout_s={exit_timeout_s})\n"
    )
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", text + textwrap.dedent(body)],
        env={"PYTHONPATH": str(ROOT / "client"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return time.monotonic() - began, ended


def test_the_end_of_a_program_sends_what_is_left(recorder: Recorder) -> None:
    took, ended = program(recorder.url, "for n in range(1200): client.track('a', number=n)")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(recorder.distinct("events")) == 1200
    assert took < 30


def test_a_program_that_fails_sends_what_is_left(recorder: Recorder) -> None:
    _, ended = program(recorder.url, "client.track('a')\nraise SystemExit(3)")
    assert ended.returncode == 3
    assert len(recorder.of("events")) == 1


@pytest.mark.parametrize("is_silent", [True, False])
def test_the_end_waits_for_a_dead_server_no_longer_than_said(
    recorder: Recorder, is_silent: bool
) -> None:
    recorder.always = Fault(202, after_s=30.0)
    url = recorder.url if is_silent else f"http://127.0.0.1:{free_port()}"
    took, ended = program(url, "client.track('a')", exit_timeout_s=1.0)
    assert ended.returncode == 0
    assert took < 15


def test_a_forked_child_sends_its_own_rows_and_none_of_its_parents(recorder: Recorder) -> None:
    _, ended = program(
        recorder.url,
        """
        for n in range(300): client.track("parent", number=n)
        children = []
        for child in range(3):
            pid = os.fork()
            if pid == 0:
                assert client.stats().waiting == 0
                client.track("child", number=child)
                assert client.flush(30), client.stats()
                os._exit(0)
            children.append(pid)
        assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
        client.track("parent", number=300)
        """,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    rows = recorder.of("events")
    assert sorted(row["number"] for row in rows if row["event_type"] == "child") == [0, 1, 2]
    assert sorted(row["number"] for row in rows if row["event_type"] == "parent") == list(
        range(301)
    )


@pytest.mark.parametrize("end", ["return", "raise SystemExit(3)", "client.close()"])
def test_a_child_of_multiprocessing_sends_what_is_left_at_its_end(
    recorder: Recorder, end: str
) -> None:
    _, ended = program(
        recorder.url,
        f"""
        import multiprocessing
        def job():
            Client({recorder.url!r}, "atn_key").track("made in the child")
            client.track("child")
            {end}
        client.track("parent")
        children = [multiprocessing.get_context("fork").Process(target=job) for _ in range(3)]
        for child in children: child.start()
        for child in children: child.join()
        """,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    names = sorted(row["event_type"] for row in recorder.of("events"))
    assert names == ["child"] * 3 + ["made in the child"] * 3 + ["parent"]


def test_a_fork_while_every_thread_tracks_locks_nobody_up(recorder: Recorder) -> None:
    _, ended = program(
        recorder.url,
        """
        import logging, threading
        logging.disable()  # the queue is full
        stop = threading.Event()
        def busy():
            while not stop.is_set(): client.track("busy")
        threads = [threading.Thread(target=busy, daemon=True) for _ in range(4)]
        for thread in threads: thread.start()
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                client.track("child")
                os._exit(0 if client.flush(30) else 1)
            assert os.waitpid(pid, 0)[1] == 0
        stop.set()
        for thread in threads: thread.join()
        """.replace("threading\n", "threading, warnings; warnings.simplefilter('ignore')\n"),
        exit_timeout_s=1.0,  # thousands of rows of the parent wait, of which nothing is expected
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len([row for row in recorder.of("events") if row["event_type"] == "child"]) == 20


def test_a_prompt_that_was_being_refreshed_at_a_fork_is_refreshed_in_the_child(
    recorder: Recorder,
) -> None:
    # The child has the parent's note that it is being read, and no thread that does so
    _, ended = program(
        recorder.url,
        """
        import threading, time, warnings; warnings.simplefilter("ignore")
        from attune_client.prompts import Prompts
        parent, reads, may_end = os.getpid(), [], threading.Event()
        def fetch(name, label):
            reads.append(name)
            if len(reads) == 2: may_end.wait(30)
            return {}
        client._prompts = Prompts(fetch, 0.0)
        for _ in range(2): client._prompts.get("support", "production")
        while len(reads) < 2: time.sleep(0.01)
        pid = os.fork()
        if pid == 0:
            client._prompts.get("support", "production")
            ends_at = time.monotonic() + 20
            while len(reads) < 3 and time.monotonic() < ends_at: time.sleep(0.01)
            os._exit(0 if len(reads) == 3 else 1)
        child = os.waitpid(pid, 0)[1]
        may_end.set()
        assert child == 0
        """,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_what_goes_wrong_is_said_in_the_log_once(
    make: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    client = make(f"http://127.0.0.1:{free_port()}")
    for _ in range(5):
        client.track("a")
        client.flush(0.1)
    until(lambda: bool(caplog.records), 10)
    [record] = [each for each in caplog.records if each.name == "attune_client"]
    assert "ConnectionRefusedError" in record.getMessage()


SERVER = """
import sys
from tests.client.recorder import Fault, Recorder, recording
with recording(Recorder(always={always})) as serving:
    print(serving.url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def elsewhere(always: Fault | None) -> Iterator[str]:
    """Serve from a process of its own: a server in this one would hold up the calls that are
    measured.
    """
    server = [sys.executable, "-c", SERVER.format(always=always)]
    with subprocess.Popen(
        server, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("")


def slow_calls(client: Client, calls: int = 10_000) -> float:
    """Return the 99.9th percentile of a call's time in milliseconds, while rows are being sent."""
    took = []
    for number in range(calls):
        began = time.perf_counter()
        client.track(
            "chat.session_start",
            user_id="u",
            event_data={"number": number, "tags": ["a", "b"], "inner": {"x": "y" * 200}},
        )
        took.append(time.perf_counter() - began)
        if number % 10 == 0:
            time.sleep(0.001)
    return sorted(took)[int(calls * 0.999)] * 1000


# A time limit: kept out of the short run, where other tests share the cores.
@pytest.mark.prove
@pytest.mark.parametrize("fault", [None, Fault(503), Fault(202, after_s=0.05)])
def test_a_call_takes_less_than_a_millisecond(make: MakeClient, fault: Fault | None) -> None:
    with elsewhere(fault) as url:
        client = make(url)
        # A shared machine may stop anybody for longer: one round of five in which it does not says
        # what the code itself takes.
        assert any(slow_calls(client) < 1.0 for _ in range(5))
        assert client.stats().sent > 0 or fault == Fault(503)


def test_a_conversation_of_thousands_of_messages_takes_no_longer(make: MakeClient) -> None:
    client = make()
    messages = [{"id": str(number), "role": "user", "content": "x" * 500} for number in range(5000)]
    best = 1.0
    for _ in range(20):
        began = time.perf_counter()
        client.record_conversation("c", messages)
        best = min(best, time.perf_counter() - began)
    assert best < 0.001
