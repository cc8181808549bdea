"""Twenty analysts at once, each with a page, and a program that calls every Watch route
meanwhile.
"""

import asyncio
import random
import time

import websockets
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import load
from benchmarks.console import pages
from benchmarks.console.pages import NotDrawn
from benchmarks.load import Timings
from benchmarks.program import Running
from benchmarks.report import Figure
from benchmarks.watch import routes
from benchmarks.watch.periods import Boundaries, fresh
from benchmarks.watch.questions import LIMIT_MS, OTHER_FUNNEL_MS, Route

ANALYSTS, EVERY_S, FOR_S = 20, 10.0, 60.0
PAUSE_S = 0.25
PAGES = ("overview", "users", "onboarding", "ai-metrics", "batch-history")


def measure(program: Running) -> list[Figure]:
    """Return the times of pages and calls under this load: at most twice those of one alone."""
    drawn, answered = asyncio.run(_at_once(program))
    figures = [
        Figure(
            f"{ANALYSTS} analysts, a page each every {EVERY_S:.0f} s: p95",
            drawn.percentile(95),
            "ms",
            2 * pages.WARM_MS,
            note=(
                f"p50 {drawn.percentile(50):,.0f}, of {len(drawn.ms):,}; without the browser's "
                "drawing"
            ),
        )
    ]
    for title, others in (("answers beside them", False), ("other funnels beside them", True)):
        took = Timings([each for route, ms in answered for each in ms if route.others is others])
        if len(took.ms) > 1:
            limit = 2 * (OTHER_FUNNEL_MS if others else LIMIT_MS)
            note = f"p50 {took.percentile(50):,.0f}, of {len(took.ms):,}"
            figures.append(Figure(f"{title}: p95", took.percentile(95), "ms", limit, note=note))
    return figures


async def _at_once(program: Running) -> tuple[Timings, list[tuple[Route, list[float]]]]:
    drawn, is_over = Timings(), asyncio.Event()
    asking = asyncio.create_task(_ask(program, is_over))
    await asyncio.gather(*(_analyst(program, number, drawn) for number in range(ANALYSTS)))
    is_over.set()
    return drawn, await asking


async def _ask(program: Running, is_over: asyncio.Event) -> list[tuple[Route, list[float]]]:
    """Call each route in turn, with pauses, until the analysts have finished."""
    named = await asyncio.to_thread(routes.found_in, program)
    wanted, answered = [route for route in routes.askable(named) if not route.known], []
    periods = fresh(Boundaries.ODD)
    while not is_over.is_set():
        for route in wanted:
            if is_over.is_set():
                break
            timings = await load.calls(
                routes.target(program, route, named, next(periods)), count=1, at_once=1
            )
            answered.append((route, timings.ms))
            await asyncio.sleep(PAUSE_S)
    return answered


async def _analyst(program: Running, number: int, timings: Timings) -> None:
    await asyncio.sleep(number * EVERY_S / ANALYSTS)
    # No two look at the same, or the console would compute it once for all of them.
    chance, periods = random.Random(number), fresh(Boundaries.DAYS, random.Random(number))
    headers = {"Cookie": f"attune={program.cookie}", "Origin": program.address}
    address = f"ws://127.0.0.1:{program.port}/_stcore/stream"
    async with websockets.connect(
        address,
        additional_headers=headers,
        subprotocols=[websockets.Subprotocol("streamlit")],
        max_size=None,
    ) as socket:
        ends = time.monotonic() + FOR_S
        while time.monotonic() < ends:
            timings.ms.append(await draw(socket, chance.choice(PAGES), next(periods)))
            await asyncio.sleep(EVERY_S * chance.uniform(0.9, 1.1))


async def draw(socket: websockets.ClientConnection, page: str, query: str) -> float:
    """Return the milliseconds that drawing a page takes; raise NotDrawn when it shows an error."""
    wanted = BackMsg()
    wanted.rerun_script.page_name = page
    wanted.rerun_script.query_string = query
    started = time.perf_counter()
    await socket.send(wanted.SerializeToString())
    while True:
        news = ForwardMsg()
        news.ParseFromString(bytes(await socket.recv(decode=False)))
        if news.delta.new_element.alert.format == Alert.Format.ERROR:
            raise NotDrawn(f"{page}: {news.delta.new_element.alert.body}")
        if news.WhichOneof("type") == "script_finished":
            return (time.perf_counter() - started) * 1000
