"""A worker that does what is due, and ends."""

import asyncio
from typing import Any

from procrastinate import PsycopgConnector

from core.database.connections import engines
from core.jobs import queue


def do(task: str, *, queueing_lock: str | None = None, **given: Any) -> None:  # noqa: ANN401  JSON
    """Defer a job, and do what is due."""
    asyncio.run(_do(task, queueing_lock, given))


async def _do(task: str, queueing_lock: str | None, given: dict[str, Any]) -> None:
    address = engines.driver_address(engines.current().core.url)
    connector = PsycopgConnector(conninfo=address, min_size=1, max_size=3)
    with queue.app.replace_connector(connector) as app:
        async with app.open_async():
            await app.configure_task(task, queueing_lock=queueing_lock).defer_async(**given)
            await app.run_worker_async(wait=False, install_signal_handlers=False)
