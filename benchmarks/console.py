"""Console sessions as browsers open them: Streamlit's own websocket protocol, without the browser's drawing."""

import asyncio
import random
import time

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.load import Timings
from benchmarks.program import Running
from benchmarks.report import Figure

SESSIONS = 50
EVERY_S = 10.0
FOR_S = 60.0
PLAYGROUND = "playground"


def measure(program: Running) -> list[Figure]:
    """Return how long a rerun of the Playground takes while fifty sessions rerun it every ten seconds."""
    timings = asyncio.run(_sessions(program))
    return [
        Figure(f"{SESSIONS} sessions, a rerun each every {EVERY_S:.0f} s: p50", timings.percentile(50), "ms"),
        Figure(f"{SESSIONS} sessions, a rerun each every {EVERY_S:.0f} s: p95", timings.percentile(95), "ms", limit=300),
    ]


async def _sessions(program: Running) -> Timings:
    timings, started = Timings(), time.perf_counter()
    await asyncio.gather(*(_session(program, number, timings) for number in range(SESSIONS)))
    timings.wall_s = time.perf_counter() - started
    return timings


async def _session(program: Running, number: int, timings: Timings) -> None:
    await asyncio.sleep(number * EVERY_S / SESSIONS)
    headers = {"Cookie": f"attune={program.cookie}", "Origin": program.address}
    address = f"ws://127.0.0.1:{program.port}/_stcore/stream"
    async with websockets.connect(
        address, additional_headers=headers, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None
    ) as socket:
        await _rerun(socket)
        ends = time.monotonic() + FOR_S
        while time.monotonic() < ends:
            await asyncio.sleep(EVERY_S * random.uniform(0.9, 1.1))
            timings.ms.append(await _rerun(socket))


async def _rerun(socket: websockets.ClientConnection) -> float:
    wanted = BackMsg()
    wanted.rerun_script.page_name = PLAYGROUND
    started = time.perf_counter()
    await socket.send(wanted.SerializeToString())
    while True:
        news = ForwardMsg()
        news.ParseFromString(bytes(await socket.recv(decode=False)))
        if news.WhichOneof("type") == "script_finished":
            return (time.perf_counter() - started) * 1000
