"""Console sessions over Streamlit's websocket protocol, without a browser's drawing."""

import asyncio
import random
import time

import websockets

from benchmarks.console import pages
from benchmarks.load import Timings
from benchmarks.program import Running
from benchmarks.report import Figure
from benchmarks.watch.analysts import PAGES, draw
from benchmarks.watch.periods import Boundaries, fresh

SESSIONS = 50
EVERY_S = 10.0
FOR_S = 60.0
PLAYGROUND = "playground"


def measure(program: Running) -> list[Figure]:
    """Return the times of reruns while fifty sessions rerun a page every ten seconds: the
    Playground, then those of Watch.
    """
    return [
        *_figures("the Playground", asyncio.run(_sessions(program, (PLAYGROUND,))), 300),
        *_figures(
            "Watch pages with the demo", asyncio.run(_sessions(program, PAGES)), pages.WARM_MS
        ),
    ]


def _figures(what: str, timings: Timings, limit_ms: int) -> list[Figure]:
    name = f"{SESSIONS} sessions, {what} every {EVERY_S:.0f} s"
    p50, p95 = timings.percentile(50), timings.percentile(95)
    return [Figure(f"{name}: p50", p50, "ms"), Figure(f"{name}: p95", p95, "ms", limit=limit_ms)]


async def _sessions(program: Running, wanted: tuple[str, ...]) -> Timings:
    timings, started = Timings(), time.perf_counter()
    await asyncio.gather(
        *(_session(program, number, wanted, timings) for number in range(SESSIONS))
    )
    timings.wall_s = time.perf_counter() - started
    return timings


async def _session(
    program: Running, number: int, wanted: tuple[str, ...], timings: Timings
) -> None:
    await asyncio.sleep(number * EVERY_S / SESSIONS)
    periods = fresh(Boundaries.ODD)
    headers = {"Cookie": f"attune={program.cookie}", "Origin": program.address}
    address = f"ws://127.0.0.1:{program.port}/_stcore/stream"
    async with websockets.connect(
        address,
        additional_headers=headers,
        subprotocols=[websockets.Subprotocol("streamlit")],
        max_size=None,
    ) as socket:
        await draw(socket, random.choice(wanted), next(periods))
        ends = time.monotonic() + FOR_S
        while time.monotonic() < ends:
            await asyncio.sleep(EVERY_S * random.uniform(0.9, 1.1))
            timings.ms.append(await draw(socket, random.choice(wanted), next(periods)))
