"""Background jobs: procrastinate's queue in the database `core` (docs/decisions/0004).

A feature's `jobs.py` declares tasks with `@queue.app.task(...)`; whoever needs one defers it inside a transaction of its own,
so that the row and its job commit together or not at all.
"""

import threading
from datetime import timedelta
from typing import Any

from procrastinate import App, SyncPsycopgConnector
from sqlalchemy.orm import Session

from core.platform import clock

# Declares the tasks; only the worker opens it, with a connector of its own.
app = App(connector=SyncPsycopgConnector())
# Defers them, on connections that callers hold: never opened. An app that a worker has opened must not be used for this from
# other threads (one call in a hundred took 30 s).
_deferring = App(connector=SyncPsycopgConnector())
# Set when this worker is about to stop: a long job leaves the rest of its work to the next one.
stopping = threading.Event()


def defer(
    session: Session,
    task: str,
    *,
    queueing_lock: str | None = None,
    after: timedelta | None = None,
    **arguments: Any,  # noqa: ANN401  JSON
) -> None:
    """Defer a task on the caller's own transaction, to be done at once or after some time."""
    connection = session.connection().connection.driver_connection
    at = None if after is None else clock.now() + after
    _deferring.configure_task(task, connection=connection, queueing_lock=queueing_lock, schedule_at=at).defer(**arguments)
