"""The worker process: jobs and outboxes; large imports run in processes of their own."""

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from uuid import UUID

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from core.activity.ingest import pending_events
from core.database import bus
from core.database.connections import engines, pools
from core.database.db import Database
from core.embedded import worker as supervised
from core.errors import Failure, Unavailable
from core.executions import runner as executions
from core.imports import own_process, runner
from core.jobs import outbox, queue
from core.platform import features
from core.platform.config import config
from core.platform.ids import new_id
from core.processes import garbage

log = logging.getLogger("attune.worker")

CONCURRENCY = 4  # of each queue
RELAY_INTERVAL_S = 5.0
RELAY_PAUSE_S = 0.2
# While many events come in: a delivery of thirty takes half the time of three of ten
MANY_EVENTS, PAUSE_AFTER_MANY_S = 5, 1.0
DERIVE_INTERVAL_S = 0.3
STALLED_AFTER_S = 30.0
STOP_TIMEOUT_S = 20.0
# The parent has ended, and so probably has the database; another worker repeats the job
ORPHAN_STOP_TIMEOUT_S = 3.0
CALLS_STOP_TIMEOUT_S = 2.0  # stopped jobs have given theirs back by then
RECONNECT_WAIT_S = 2.0
# They log a lost database with a traceback each; one line is enough.
LOST_DATABASE_LOGGERS = ("procrastinate.worker.worker", "procrastinate.utils", "asyncio")


def run(addresses: engines.Addresses) -> None:
    """Work until stopped, or until the parent has ended."""
    with _working(addresses), _making_calls():
        stopping, has_events = queue.stopping, threading.Event()
        threads = (
            _thread("outbox", _relay, stopping, has_events),
            _thread("pending events", _derive, stopping),
        )
        for thread in threads:
            thread.start()
        _work(addresses, stopping)
        # Else the outbox would sleep on for seconds before it sees that the worker stops.
        has_events.set()
        for thread in threads:
            thread.join(STOP_TIMEOUT_S)


@contextmanager
def _making_calls() -> Iterator[None]:
    """Let jobs call models, as executions of this run of the worker.

    A killed worker's executions fail two minutes later, as those of no living process.
    """
    calls = executions.Runner(new_id())
    executions.use(calls)
    while not queue.stopping.is_set():
        try:
            calls.start()
            break
        except Unavailable:
            queue.stopping.wait(RECONNECT_WAIT_S)
    try:
        yield
    finally:
        calls.stop(CALLS_STOP_TIMEOUT_S)


def _thread(name: str, act: Callable[..., None], *given: threading.Event) -> threading.Thread:
    return threading.Thread(target=act, args=given, name=name, daemon=True)


def run_import(addresses: engines.Addresses, import_id: UUID) -> None:
    """Do the due work of one import, until done, stopped, or the parent has ended."""
    own_process.give_way()
    with _working(addresses):
        runner.work(import_id, may_go_on=lambda: not queue.stopping.is_set())


@contextmanager
def _working(addresses: engines.Addresses) -> Iterator[None]:
    """Open connections, load the features, and listen to signals, the parent and the bus."""
    engines.use(
        engines.Engines(
            # Two stay open: one that has run the jobs of a demo holds up to 40 MB in Postgres
            engines.create(addresses.core, pool_size=2, overflow=8 + config().max_concurrent_tests),
            engines.create(addresses.ai, pool_size=2, overflow=6),
        )
    )
    pools.keep_small(engines.current().core, engines.current().ai)
    features.load("jobs")
    # What imports create stays until the end
    garbage.collect_less()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: queue.stopping.set())
    if supervised.has_parent():
        threading.Thread(
            target=_stop_with_parent, args=(queue.stopping,), name="parent", daemon=True
        ).start()
    listener = bus.Bus(addresses.core)
    listener.start()
    yield
    listener.stop()


def _work(addresses: engines.Addresses, stopping: threading.Event) -> None:
    """Take jobs; reconnect when the database becomes unavailable."""
    for name in LOST_DATABASE_LOGGERS:
        logging.getLogger(name).addFilter(_is_unexpected)
    while True:
        reason: object = "it ended without an error"
        try:
            asyncio.run(_take_jobs(addresses, stopping))
        except (ConnectorException, Unavailable) as failure:
            reason = failure.__cause__ or failure
        if stopping.is_set():
            return
        # A full disk fails its statements while all connections are open
        log.warning("the worker cannot use the database (%s) and connects again", reason)
        stopping.wait(RECONNECT_WAIT_S)


def _is_unexpected(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], ConnectorException))


async def _take_jobs(addresses: engines.Addresses, stopping: threading.Event) -> None:
    connector = PsycopgConnector(
        conninfo=engines.driver_address(addresses.core), min_size=1, max_size=6, timeout=5.0
    )
    with queue.app.replace_connector(connector) as app:
        async with app.open_async():
            await _run_due_tasks(app)
            await _until_stopped(app, stopping)


async def _run_due_tasks(app: App) -> None:
    """Record a heartbeat and retry jobs of a killed worker now, not at the next full minute."""
    for task in ("system.heartbeat", "system.retry_stalled"):
        with suppress(AlreadyEnqueued):
            await app.configure_task(task, queueing_lock=task).defer_async(
                timestamp=int(time.time())
            )


async def _until_stopped(app: App, stopping: threading.Event) -> None:
    # The event loop's own threads are fewer on a small machine than jobs at once
    threads = ThreadPoolExecutor(2 * CONCURRENCY, thread_name_prefix="job")
    asyncio.get_running_loop().set_default_executor(threads)
    # Each queue has places of its own: jobs that take hours would otherwise keep all others
    # waiting, the heartbeat among them.
    working = {asyncio.create_task(_take_jobs_of(name, app)) for name in (queue.USUAL, queue.LONG)}
    is_first_to_end = None
    while not is_first_to_end and not stopping.is_set():
        is_first_to_end, _ = await asyncio.wait(
            working, timeout=0.2, return_when=asyncio.FIRST_COMPLETED
        )
    for each in working:
        each.cancel()
    ended = await asyncio.gather(*working, return_exceptions=True)
    failures = [each for each in ended if isinstance(each, Exception)]
    if not stopping.is_set() and failures:
        raise failures[0]


async def _take_jobs_of(name: str, app: App) -> None:
    await app.run_worker_async(
        queues=[name],
        concurrency=CONCURRENCY,
        install_signal_handlers=False,
        delete_jobs="successful",
        shutdown_graceful_timeout=STOP_TIMEOUT_S,
        stalled_worker_timeout=STALLED_AFTER_S,
    )


def _relay(stopping: threading.Event, has_events: threading.Event) -> None:
    unsubscribe = bus.subscribe(outbox.TOPIC, lambda _hint: has_events.set())
    while not stopping.is_set():
        has_events.wait(RELAY_INTERVAL_S)
        has_events.clear()
        _carefully(_relay_all, stopping)
    unsubscribe()


def _derive(stopping: threading.Event) -> None:
    while not stopping.wait(DERIVE_INTERVAL_S):
        _carefully(_derive_all, stopping)


def _derive_all(stopping: threading.Event) -> None:
    while pending_events.derive_some() and not stopping.is_set():
        pass


def _carefully(act: Callable[[threading.Event], None], stopping: threading.Event) -> None:
    try:
        act(stopping)
    except Failure:
        stopping.wait(RECONNECT_WAIT_S)
    except Exception:
        # Without this thread its work is never done, while the heartbeat looks healthy.
        log.exception("%s: failed, and is tried again", threading.current_thread().name)
        stopping.wait(RECONNECT_WAIT_S)


def _relay_all(stopping: threading.Event) -> None:
    while (
        any(delivered := [outbox.relay(database) for database in Database])
        and not stopping.is_set()
    ):
        stopping.wait(_pause_s(max(delivered)))


def _pause_s(delivered: int) -> float:
    """Return how long to wait for events that are then delivered together."""
    if delivered >= outbox.BATCH:
        return 0.0
    return PAUSE_AFTER_MANY_S if delivered >= MANY_EVENTS else RELAY_PAUSE_S


def _stop_with_parent(stopping: threading.Event) -> None:
    # Only the parent holds the other end of standard input, which the kernel
    # closes however it ends.
    while os.read(0, 1):
        pass
    stopping.set()
    time.sleep(ORPHAN_STOP_TIMEOUT_S)
    os._exit(1)
