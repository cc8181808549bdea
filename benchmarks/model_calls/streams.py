"""Response times of other routes while a hundred streams are open."""

import asyncio

from benchmarks import load
from benchmarks.program import Running
from benchmarks.report import Figure

OPEN = 100
# Twenty tokens a second for half a minute.
MODEL = "vendor:answer?chunks=600&ms=50"
FOR_S = 20.0
ROUTES = (
    "/api/v1/admin/auth/me",
    "/api/v1/models",
    "/api/v1/admin/playground/sessions",
    "/api/v1/admin/settings",
    "/healthz",
)


def measure(program: Running) -> list[Figure]:
    """Return the p95 of every other kind of route while a hundred streams are open."""
    timings = asyncio.run(_beside_streams(program))
    return [
        Figure(f"{OPEN} open streams: {path} p95", timing.percentile(95), "ms", limit=50)
        for path, timing in zip(ROUTES, timings, strict=True)
    ]


async def _beside_streams(program: Running) -> list[load.Timings]:
    body = {"model_id": MODEL, "prompt": "hello there"}
    target = load.Target(program.port, "/api/v1/prompts/execute/stream", program.token, body)
    streams = asyncio.create_task(
        load.first_bytes(target, count=OPEN, at_once=OPEN, mark=b"event: token")
    )
    await asyncio.sleep(4.0)
    enough = asyncio.Event()
    others = [
        load.every(load.Target(program.port, path, program.token), pause_s=0.05, until=enough)
        for path in ROUTES
    ]
    asyncio.get_running_loop().call_later(FOR_S, enough.set)
    timings = await asyncio.gather(*others)
    streams.cancel()
    await asyncio.gather(streams, return_exceptions=True)
    return list(timings)
