"""Funnels are prepared by one job at a time, which leaves the places of the others free."""

import asyncio
import threading
from contextlib import suppress

import pytest
from procrastinate import App, PsycopgConnector
from sqlalchemy import text

from core.activity import jobs
from core.activity.service import apply_funnel
from core.database.connections import engines
from core.database.db import transaction
from core.jobs import queue
from core.processes.worker import CONCURRENCY
from core.system import jobs as system_jobs

BEATS = text("select count(*) from heartbeats")


@pytest.mark.usefixtures("database")
def test_a_run_waits_for_the_one_before_while_other_jobs_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, may_end = list[None](), threading.Event()

    def prepare() -> None:
        begun.append(None)
        may_end.wait(60)

    monkeypatch.setattr(apply_funnel, "prepare_funnels", prepare)
    asyncio.run(prepare_twice(begun, may_end))
    assert len(begun) == 1


async def prepare_twice(begun: list[None], may_end: threading.Event) -> None:
    """Have funnels prepared twice, then another job run before the first of them ends."""
    address = engines.driver_address(engines.current().core.url)
    connector = PsycopgConnector(conninfo=address, min_size=1, max_size=3)
    with queue.app.replace_connector(connector) as app:
        async with app.open_async():
            running = asyncio.create_task(
                app.run_worker_async(
                    concurrency=CONCURRENCY,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=0,
                )
            )
            for number in range(2):
                await app.configure_task(jobs.prepare_funnels.name).defer_async(timestamp=number)
                while not begun:
                    await asyncio.sleep(0.01)
            await beat(app)
            running.cancel()
            may_end.set()
            with suppress(asyncio.CancelledError):
                await running


async def beat(app: App) -> None:
    await app.configure_task(system_jobs.heartbeat.name).defer_async(timestamp=0)
    while not await asyncio.to_thread(has_beaten):
        await asyncio.sleep(0.01)


def has_beaten() -> bool:
    with transaction() as session:
        return bool(session.scalar(BEATS))
