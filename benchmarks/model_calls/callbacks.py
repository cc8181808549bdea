"""Callbacks of a service: how fast signed answers are taken in, and pushed to a page that is open.

The service runs in a process of its own and takes the jobs; the bench signs and sends its answers.
"""

import asyncio
import json
import time
from collections.abc import Iterator

import httpx2
from websockets.sync.client import connect

from benchmarks import load
from benchmarks.load import Timings
from benchmarks.program import Running
from benchmarks.report import Figure
from tests.api.feeds import address_of, heard_until
from tests.chat_service import signed
from tests.factories.services import chat_service, register

COUNT, AT_ONCE = 400, 8
WATCHED = 40
PUSH_MS = 300  # of the contract: an open page shows the answer within that time
QUIET = '{"callbacks": 0}\nHow do I rotate crops?'  # the service answers by the bench alone
ANSWER = "Rotate crops every season. " * 20


def measure(program: Running) -> list[Figure]:
    """Return the times of callbacks, alone and many at once, and until a socket has the answer."""
    with (
        chat_service() as service,
        httpx2.Client(
            base_url=f"{program.address}/api/v1",
            headers=program.headers,
            trust_env=False,
            timeout=60,
        ) as api,
    ):
        secret = register(api, service.url)["callback_secret"]
        pushed = Timings([_pushed(program, api, secret) for _ in range(WATCHED)])
        jobs = [_ask(api)["job_id"] for _ in range(COUNT)]
        requests = list(_requests(program.port, secret, jobs))
        taken = asyncio.run(load.each(program.port, requests, at_once=AT_ONCE))
        statuses = [api.get(f"/prompts/{job}").json()["status"] for job in jobs]
    return [
        Figure("From the callback to an open page: p95", pushed.percentile(95), "ms", PUSH_MS),
        Figure(f"A callback, {AT_ONCE} at once: p95", taken.percentile(95), "ms"),
        Figure(f"Callbacks a second, {AT_ONCE} at once", taken.per_second, "/s"),
        Figure("Answers that were lost", COUNT - statuses.count("completed"), "", 0),
    ]


def _ask(api: httpx2.Client) -> dict[str, str]:
    sent = api.post("/admin/playground/chat", json={"message": QUIET}).raise_for_status()
    found: dict[str, str] = sent.json()
    return found


def _body(job_id: str) -> bytes:
    outcome = {"job_id": job_id, "status": "completed", "output": {"answer": ANSWER}}
    return json.dumps(outcome).encode()


def _requests(port: int, secret: str, jobs: list[str]) -> Iterator[bytes]:
    """Yield the requests as they go over the wire."""
    for job_id in jobs:
        body = _body(job_id)
        headers = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body))}
        lines = [f"{name}: {value}" for name, value in (headers | signed(secret, body)).items()]
        head = "\r\n".join(["POST /api/v1/callback/ai HTTP/1.1", *lines])
        yield f"{head}\r\n\r\n".encode() + body


def _pushed(program: Running, api: httpx2.Client, secret: str) -> float:
    """Return the milliseconds from sending a callback until the session's socket has its answer."""
    sent = _ask(api)
    address = address_of(program.address, sent["session_id"])
    body = _body(sent["job_id"])
    with connect(address, additional_headers=program.headers, proxy=None) as socket:
        socket.recv(10)
        begun = time.perf_counter()
        api.post("/callback/ai", content=body, headers=signed(secret, body)).raise_for_status()
        heard_until(socket, "playground_response")
        return (time.perf_counter() - begun) * 1000
