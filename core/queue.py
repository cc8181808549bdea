"""Background jobs: procrastinate's queue in the database `core` (docs/decisions/0004).

A feature's `jobs.py` declares tasks with `@queue.app.task(...)`; whoever needs one defers it inside a transaction of its own,
so that the row and its job commit together or not at all.
"""

from typing import Any

from procrastinate import App, SyncPsycopgConnector
from sqlalchemy.orm import Session

# Declares the tasks; only the worker opens it, with a connector of its own.
app = App(connector=SyncPsycopgConnector())
# Defers them, on connections that callers hold: never opened. An app that a worker has opened must not be used for this from
# other threads (one call in a hundred took 30 s).
_deferring = App(connector=SyncPsycopgConnector())


def defer(session: Session, task: str, *, queueing_lock: str | None = None, **arguments: Any) -> None:  # noqa: ANN401  JSON
    """Defer a task on the caller's own transaction."""
    connection = session.connection().connection.driver_connection
    _deferring.configure_task(task, connection=connection, queueing_lock=queueing_lock).defer(**arguments)
