"""`make bench`: measures against limits and peers in one run. `ARGS=review` (calls, streams, visit
and so on) measures one part.

`ARGS=watch DATA=folder` measures Watch on a folder that `make load` has filled; with such a DATA,
Watch is included in all parts. `ARGS=beside DATA=folder` measures ingest beside its rows, and
leaves millions more there, so it only runs on request. `ARGS=openai LITELLM=path` compares with
LiteLLM's proxy.
"""

import sys
from collections.abc import Callable

from benchmarks import program, start
from benchmarks.console import (
    comparison,
    first_visit,
    long_sessions,
    open_sessions,
    page_visits,
    review,
)
from benchmarks.ingest import batches, beside, otlp
from benchmarks.model_calls import callbacks, calls, openai_protocol, sessions, streams
from benchmarks.program import Running
from benchmarks.report import Figure, show
from benchmarks.watch import limits

PARTS = (
    "start",
    "calls",
    "openai",
    "sessions",
    "streams",
    "console",
    "layout",
    "visit",
    "ingest",
    "otlp",
    "review",
    "callbacks",
    "comparison",
    "playground",
)
OF_PROGRAM: dict[str, tuple[str, Callable[[Running, str], list[Figure]]]] = {
    "calls": ("Model calls", calls.measure),
    "openai": ("OpenAI's protocol", openai_protocol.measure),
    "sessions": ("A hundred sessions", sessions.measure),
    "streams": ("Beside open streams", lambda running, _: streams.measure(running)),
    "visit": (
        "First visit, 80 ms and 8 Mbit/s away",
        lambda running, _: first_visit.measure(running),
    ),
    "ingest": ("Rows in", lambda running, _: batches.measure(running)),
    "otlp": ("Spans in", lambda running, _: otlp.measure(running)),
    "review": ("Review queue, in a browser", lambda running, _: review.measure(running)),
    "callbacks": ("Callbacks of a service", lambda running, _: callbacks.measure(running)),
    "comparison": (
        "Columns of a comparison, in a browser",
        lambda running, _: comparison.measure(running),
    ),
    "playground": (
        "A long session of thirty, in a browser",
        lambda running, _: long_sessions.measure(running),
    ),
}
OF_MANY = {"watch": limits.measure, "beside": beside.measure}  # rows, in a folder of their own


def main(wanted: list[str]) -> int:
    """Measure the requested parts, or all; return 1 when a limit is missed."""
    parts = wanted or [*PARTS, *(["watch"] if limits.is_wanted() else [])]
    held = all([measure() for part, measure in OF_MANY.items() if part in parts])
    if set(parts) <= set(OF_MANY):
        return 0 if held else 1
    held &= show("Start and memory", start.measure()) if "start" in parts else True
    if set(parts) & set(OF_PROGRAM):
        held &= _measure_program(parts)
    if {"console", "layout"} & set(parts):
        with program.running(
            ATTUNE_LOCAL_MODEL="off", ATTUNE_FAKE_PROVIDER="1", ATTUNE_DEMO="1"
        ) as running:
            program.wait_for_demo(running)
            if "console" in parts:
                held &= show("Console", open_sessions.measure(running))
            if "layout" in parts:
                held &= show("Pages by role, theme and width", page_visits.measure(running))
    return 0 if held else 1


def _measure_program(parts: list[str]) -> bool:
    """Measure the parts of one running program; return whether the limits are met."""
    with (
        program.fake_vendor() as vendor,
        program.running(ATTUNE_LOCAL_MODEL="off", ATTUNE_FAKE_PROVIDER="1") as running,
    ):
        program.add_provider(running, "vendor", f"{vendor}/v1")
        return all(
            [
                show(title, measure(running, vendor))
                for part, (title, measure) in OF_PROGRAM.items()
                if part in parts
            ]
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
