"""The worker process: runs background jobs and relays the outboxes; large imports run beside it."""

import asyncio
import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from core.database import bus, db, pools
from core.database.db import Database
from core.embedded import worker as supervised
from core.errors import Failure, Unavailable
from core.imports import flows, own_process
from core.jobs import outbox, queue
from core.platform import features

log = logging.getLogger("attune.worker")

CONCURRENCY = 4
RELAY_AT_LEAST_EVERY_S = 5.0
GATHER_S = 0.2
STALLED_AFTER_S = 30.0
PATIENCE_S = 20.0
ORPHANS_PATIENCE_S = 3.0  # whoever was to stop us is gone, and so is most likely the database; a job begins again elsewhere
CONNECT_AGAIN_AFTER_S = 2.0
# Each with a traceback of its own; one line of ours says it.
TELL_OF_A_LOST_DATABASE = ("procrastinate.worker.worker", "procrastinate.utils")


def run(addresses: db.Addresses) -> None:
    """Work until told to stop, or until the parent is gone."""
    with _working(addresses):
        stopping, something = queue.stopping, threading.Event()
        relay = threading.Thread(target=_relay, args=(stopping, something), name="outbox", daemon=True)
        relay.start()
        _work(addresses, stopping)
        something.set()
        relay.join(PATIENCE_S)


def run_import(addresses: db.Addresses, import_id: UUID) -> None:
    """Do what is due of one import, until that is done or this process is told to stop, or its parent is gone."""
    own_process.give_way()
    with _working(addresses):
        flows.work(import_id, may_go_on=lambda: not queue.stopping.is_set())


@contextmanager
def _working(addresses: db.Addresses) -> Iterator[None]:
    """Be ready for jobs: with connections and the features loaded, listening to signals, the parent and the bus."""
    db.use(db.Engines(db.engine(addresses.core, pool_size=4, overflow=6), db.engine(addresses.ai, pool_size=2, overflow=3)))
    pools.keep_small(db.engines().core, db.engines().ai)
    features.load("jobs")
    # Rows of an import come and go by the ten thousand: looking after every 700 objects is a quarter of what reading them costs.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: queue.stopping.set())
    if supervised.has_parent():
        threading.Thread(target=_stop_with_parent, args=(queue.stopping,), name="parent", daemon=True).start()
    listener = bus.Bus(addresses.core)
    listener.start()
    yield
    listener.stop()


def _work(addresses: db.Addresses, stopping: threading.Event) -> None:
    """Take jobs; when the database goes away, come back when it does."""
    for name in TELL_OF_A_LOST_DATABASE:
        logging.getLogger(name).addFilter(_is_news)
    while True:
        with suppress(ConnectorException, Unavailable):
            asyncio.run(_take_jobs(addresses, stopping))
        if stopping.is_set():
            return
        log.warning("the worker lost the database and connects again")
        stopping.wait(CONNECT_AGAIN_AFTER_S)


def _is_news(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], ConnectorException))


async def _take_jobs(addresses: db.Addresses, stopping: threading.Event) -> None:
    connector = PsycopgConnector(conninfo=db.plain(addresses.core), min_size=1, max_size=4, timeout=5.0)
    with queue.app.replace_connector(connector) as app:
        async with app.open_async():
            await _begin_with_what_is_due(app)
            await _until_told(app, stopping)


async def _begin_with_what_is_due(app: App) -> None:
    """Show a sign of life, and give jobs of a killed worker back, without waiting for the next full minute."""
    for task in ("system.heartbeat", "system.retry_stalled"):
        with suppress(AlreadyEnqueued):
            await app.configure_task(task, queueing_lock=task).defer_async(timestamp=int(time.time()))


async def _until_told(app: App, stopping: threading.Event) -> None:
    working = asyncio.create_task(
        app.run_worker_async(
            concurrency=CONCURRENCY,
            install_signal_handlers=False,
            delete_jobs="successful",
            shutdown_graceful_timeout=PATIENCE_S,
            stalled_worker_timeout=STALLED_AFTER_S,
        )
    )
    while not working.done() and not stopping.is_set():
        await asyncio.wait({working}, timeout=0.2)
    if not working.done():
        working.cancel()
    ended = await asyncio.gather(working, return_exceptions=True)
    if not stopping.is_set() and isinstance(ended[0], Exception):
        raise ended[0]


def _relay(stopping: threading.Event, something: threading.Event) -> None:
    unsubscribe = bus.subscribe(outbox.TOPIC, lambda _hint: something.set())
    while not stopping.is_set():
        something.wait(RELAY_AT_LEAST_EVERY_S)
        something.clear()
        try:
            _relay_all(stopping)
        except Failure:
            stopping.wait(CONNECT_AGAIN_AFTER_S)
        except Exception:  # the heartbeat would go on without this thread, and nobody would see that nothing is told
            log.exception("the outbox could not be relayed and is tried again")
            stopping.wait(CONNECT_AGAIN_AFTER_S)
    unsubscribe()


def _relay_all(stopping: threading.Event) -> None:
    while any(told := [outbox.relay(database) for database in Database]) and not stopping.is_set():
        # What is told in the meantime goes together.
        stopping.wait(0 if max(told) >= outbox.BATCH else GATHER_S)


def _stop_with_parent(stopping: threading.Event) -> None:
    while os.read(0, 1):
        pass
    stopping.set()
    time.sleep(ORPHANS_PATIENCE_S)
    os._exit(1)
