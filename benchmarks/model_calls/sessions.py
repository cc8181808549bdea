"""A hundred people who chat at once: a thousand streamed executions a minute, for a minute, and the
same calls straight to the fake vendor beside them.
"""

import asyncio
import time
from dataclasses import dataclass, field

from benchmarks import load
from benchmarks.program import Running
from benchmarks.report import Figure
from tests.fake_vendor import KEY

SESSIONS, EVERY_S, FOR_S = 100, 6.0, 60.0
# A second of text
MODEL = "answer?chunks=20&ms=50"


@dataclass
class Answers:
    """The milliseconds until the first text of those that came to their end, and the others."""

    timings: load.Timings = field(default_factory=load.Timings)
    failed: int = 0

    @property
    def failed_percent(self) -> float:
        return 100 * self.failed / (self.failed + len(self.timings.ms))


def measure(program: Running, vendor: str) -> list[Figure]:
    """Return executions per minute, the share that failed, and the added time to first token."""
    messages = [{"role": "user", "content": "hello"}]
    body = {"model": MODEL, "stream": True, "messages": messages}
    straight = load.Target(int(vendor.rpartition(":")[2]), "/v1/chat/completions", KEY, body)
    asked = {"model_id": f"vendor:{MODEL}", "prompt": "hello there"}
    path = "/api/v1/prompts/execute/stream"
    through = load.Target(program.port, path, program.token, asked)
    bare = asyncio.run(_sessions(straight, b"word ", b"[DONE]"))
    ours = asyncio.run(_sessions(through, b"event: token", b"event: done"))
    added = [ours.timings.percentile(each) - bare.timings.percentile(each) for each in (50, 99)]
    a_minute = ours.timings.per_second * 60
    return [
        Figure("100 sessions", a_minute, "calls/min", limit=990, at_least=True),
        Figure("100 sessions: failed", ours.failed_percent, "%", limit=0.1),
        Figure("100 sessions: added to the first token, p50", added[0], "ms"),
        Figure("100 sessions: added to the first token, p99", added[1], "ms", limit=60),
    ]


async def _sessions(target: load.Target, mark: bytes, end: bytes) -> Answers:
    answers, began_at = Answers(), time.perf_counter()
    sessions = (_session(target, mark, end, number, answers) for number in range(SESSIONS))
    await asyncio.gather(*sessions)
    answers.timings.wall_s = max(FOR_S, time.perf_counter() - began_at - EVERY_S)
    return answers


async def _session(
    target: load.Target, mark: bytes, end: bytes, number: int, answers: Answers
) -> None:
    """Ask every six seconds by the clock, however slow the last answer was: a slow server gets no
    mercy.
    """
    due_at = time.perf_counter() + EVERY_S * number / SESSIONS
    for _ in range(round(FOR_S / EVERY_S)):
        await asyncio.sleep(max(0.0, due_at - time.perf_counter()))
        due_at += EVERY_S
        first_ms, text = await load.stream(target, mark)
        if end in text:
            answers.timings.ms.append(first_ms)
        else:
            answers.failed += 1
