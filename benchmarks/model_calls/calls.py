"""Model calls: the gateway, `prompts/execute` and its stream, compared with the bare SDK on one
fake vendor in one run.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import openai

from benchmarks import load
from benchmarks.program import Running
from benchmarks.report import Figure
from core.network.cancellation import CancelToken
from core.providers import capabilities, gateway
from core.providers.schemas import (
    ChatMessage,
    Connection,
    MessageRole,
    ModelCall,
    ModelView,
    Parameters,
    ProviderKind,
    Route,
)
from tests.fake_vendor import KEY

MODEL = "answer?chunks=5"
FAKE = "fake:echo"
AT_ONCE = 16
CALLS = 1600
ROUNDS = 3
# A stream whose first text comes after 50 ms and which then goes on for a while, as real ones do.
STREAM = "answer?chunks=20&ms=50"
STREAMS = 320


def measure(program: Running, vendor: str) -> list[Figure]:
    """Return calls per second, CPU per call, and the added time to the first token."""
    bare, gated = _in_process(vendor)
    served, cpu_ms = _over_http(program, f"vendor:{MODEL}")
    faked, faked_cpu_ms = _over_http(program, FAKE)
    added_ms = _added_to_first_token(program, vendor)
    wanted = min(200.0, 0.2 * bare)
    return [
        Figure("bare SDK, streamed, 16 at once", bare, "calls/s"),
        Figure(
            "gateway in-process, 16 at once",
            gated,
            "calls/s",
            note=f"{gated / bare:.1%} of the SDK",
        ),
        Figure("gateway against the SDK", gated / bare * 100, "%", limit=95, at_least=True),
        Figure(
            "prompts/execute over HTTP, 16 at once", served, "calls/s", limit=wanted, at_least=True
        ),
        Figure("CPU of the web process a call", cpu_ms, "ms", limit=4),
        Figure("prompts/execute to the fake provider", faked, "calls/s", limit=400, at_least=True),
        Figure("CPU of the web process a call to the fake provider", faked_cpu_ms, "ms"),
        Figure("added time to first token, 16 in flight: p50", added_ms, "ms", limit=8),
    ]


def _in_process(vendor: str) -> tuple[float, float]:
    """Return calls per second of the SDK and the gateway, measured in turns because the machine is
    noisy.
    """
    client = openai.OpenAI(api_key=KEY, base_url=f"{vendor}/v1")
    connection = Connection("vendor", ProviderKind.OPENAI, f"{vendor}/v1", KEY)
    model = ModelView(
        id="v:m",
        name=MODEL,
        provider="v",
        context_window=None,
        prices=None,
        capabilities=capabilities.of_model(connection, MODEL, None),
    )
    route = Route(model, connection)
    call = ModelCall(
        MODEL,
        "be brief",
        (ChatMessage(role=MessageRole.USER, content="hello there"),),
        Parameters(),
    )

    def bare() -> None:
        messages = [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hello there"},
        ]
        options = {"include_usage": True}
        with client.chat.completions.create(
            model=MODEL, messages=messages, stream=True, stream_options=options
        ) as answer:  # type: ignore[call-overload]  # plain dicts, as anyone writes them
            for _ in answer:
                pass

    def gated() -> None:
        for _ in gateway.stream(route, call, CancelToken()):
            pass

    rounds = [(_rate(bare), _rate(gated)) for _ in range(ROUNDS)]
    return median(one for one, _ in rounds), median(other for _, other in rounds)


def _rate(act: Callable[[], None]) -> float:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: act(), range(AT_ONCE * 2)))
        started = time.perf_counter()
        list(pool.map(lambda _: act(), range(CALLS)))
        return CALLS / (time.perf_counter() - started)


def _over_http(program: Running, model_id: str) -> tuple[float, float]:
    target = _target(program, "/api/v1/prompts/execute", model_id)
    asyncio.run(load.calls(target, count=200, at_once=AT_ONCE))
    rates, cpus = [], []
    for _ in range(ROUNDS):
        before = program.cpu_s()
        timings = asyncio.run(load.calls(target, count=CALLS, at_once=AT_ONCE))
        rates.append(timings.per_second)
        cpus.append((program.cpu_s() - before) / len(timings.ms) * 1000)
    return median(rates), median(cpus)


def _added_to_first_token(program: Running, vendor: str) -> float:
    """Return the milliseconds that Attune adds to the first token, compared with the
    vendor itself.
    """
    port = int(vendor.rpartition(":")[2])
    body = {"model": STREAM, "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    straight = load.Target(port, "/v1/chat/completions", KEY, body)
    through = _target(program, "/api/v1/prompts/execute/stream", f"vendor:{STREAM}")
    differences = []
    for _ in range(ROUNDS):
        bare = asyncio.run(
            load.first_bytes(straight, count=STREAMS, at_once=AT_ONCE, mark=b"word ")
        )
        ours = asyncio.run(
            load.first_bytes(through, count=STREAMS, at_once=AT_ONCE, mark=b"event: token")
        )
        differences.append(ours.percentile(50) - bare.percentile(50))
    return median(differences)


def _target(program: Running, path: str, model_id: str) -> load.Target:
    body = {"model_id": model_id, "prompt": "hello there", "system_prompt": "be brief"}
    return load.Target(program.port, path, program.token, body)
