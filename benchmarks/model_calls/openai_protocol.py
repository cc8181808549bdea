"""OpenAI's protocol: Attune's endpoint beside LiteLLM's proxy, both streaming from one fake vendor
in one run.

`LITELLM` is the `litellm` program of an environment of its own: `pip install litellm[proxy]`. It is
far too large to be installed with Attune's tools.
"""

import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from statistics import median

import httpx2

from benchmarks import load
from benchmarks.program import Running, free_port
from benchmarks.report import Figure
from tests.fake_vendor import KEY

MODEL = "answer?chunks=5"
PATH = "/chat/completions"
MESSAGES = [
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": "hello there"},
]
AT_ONCE, CALLS, ALONE, ROUNDS = 16, 480, 100, 3
PROXY_KEY = f"sk-{token_hex(24)}"  # it refuses to start with a weak one
# Nothing is fetched or sent elsewhere
QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_TELEMETRY": "False",
    "LITELLM_LOG": "ERROR",
}


def measure(program: Running, vendor: str) -> list[Figure]:
    """Return calls per second and added milliseconds, and how they are beside LiteLLM's."""
    straight = _target(int(vendor.rpartition(":")[2]), f"/v1{PATH}", KEY, MODEL)
    ours = _target(program.port, f"/openai/v1{PATH}", _new_key(program), f"vendor:{MODEL}")
    proxy = os.environ.get("LITELLM")
    if not proxy:
        rate, added_ms = _measured(straight, ours)[0]
        note = "LITELLM is not set: not compared"
        return [
            Figure("OpenAI's protocol, 16 at once", rate, "calls/s", note=note),
            Figure("added by it to the first token: p50", added_ms, "ms"),
        ]
    with _litellm(proxy, vendor) as port:
        theirs = _target(port, f"/v1{PATH}", PROXY_KEY, MODEL)
        (rate, added_ms), (their_rate, their_ms) = _measured(straight, ours, theirs)
    return [
        Figure("OpenAI's protocol, 16 at once", rate, "calls/s"),
        Figure("LiteLLM's proxy, 16 at once", their_rate, "calls/s"),
        Figure("against LiteLLM's proxy", rate / their_rate, "times", limit=3, at_least=True),
        Figure("added by it to the first token: p50", added_ms, "ms"),
        Figure("added by LiteLLM's proxy to the first token: p50", their_ms, "ms"),
        Figure("added, against LiteLLM's proxy", added_ms / their_ms, "times", limit=0.5),
    ]


def _measured(straight: load.Target, *through: load.Target) -> list[tuple[float, float]]:
    """Return streamed calls per second, and the milliseconds that are added to the first token of
    a call alone, of each; they are measured in turns because the machine is noisy.
    """
    for target in through:
        _streams(target, 64, AT_ONCE)
    rounds = [_round(straight, through) for _ in range(ROUNDS)]
    return [
        (median(each[0] for each in of_one), median(each[1] for each in of_one))
        for of_one in zip(*rounds, strict=True)
    ]


def _round(straight: load.Target, through: tuple[load.Target, ...]) -> list[tuple[float, float]]:
    rates = [_streams(each, CALLS, AT_ONCE) for each in through]
    bare, *alone = (_streams(each, ALONE, 1).percentile(50) for each in (straight, *through))
    return [(rate.per_second, ms - bare) for rate, ms in zip(rates, alone, strict=True)]


def _streams(target: load.Target, count: int, at_once: int) -> load.Timings:
    return asyncio.run(load.first_bytes(target, count=count, at_once=at_once, mark=b"word"))


def _target(port: int, path: str, token: str, model: str) -> load.Target:
    return load.Target(port, path, token, {"model": model, "messages": MESSAGES, "stream": True})


def _new_key(program: Running) -> str:
    answer = httpx2.post(
        f"{program.address}/api/v1/admin/api-keys",
        json={"name": "bench", "scopes": ["execute"]},
        headers=program.headers,
        trust_env=False,
    )
    return str(answer.raise_for_status().json()["key"])


@contextmanager
def _litellm(proxy: str, vendor: str) -> Iterator[int]:
    """Start LiteLLM's proxy before the fake vendor; return its port."""
    port = free_port()
    model = {"model": f"openai/{MODEL}", "api_base": f"{vendor}/v1", "api_key": KEY}
    config = {
        "model_list": [{"model_name": MODEL, "litellm_params": model}],
        "general_settings": {"master_key": PROXY_KEY},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(json.dumps(config))
        command = [proxy, "--config", str(path), "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(
            command, env=os.environ | QUIET, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_until_alive(port)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_alive(port: int, timeout_s: float = 180.0) -> None:
    gives_up = time.monotonic() + timeout_s
    while time.monotonic() < gives_up:
        try:
            alive = httpx2.get(f"http://127.0.0.1:{port}/health/liveliness", trust_env=False)
            if alive.status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError("LiteLLM's proxy did not start")
