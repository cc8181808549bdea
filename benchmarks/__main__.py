"""`make bench`: measures against limits and peers in one run. `ARGS=review` (calls, streams, visit
and so on) measures one part.

`ARGS=watch DATA=folder` measures Watch on a folder that `make load` has filled; with such a DATA,
Watch is included in all parts. `ARGS=beside DATA=folder` measures ingest beside its rows, and
leaves millions more there, so it only runs on request.
"""

import sys

from benchmarks import (
    beside,
    calls,
    console,
    first_visit,
    ingest,
    otlp,
    program,
    review,
    start,
    streams,
    watch,
)
from benchmarks.report import show

PARTS = ("start", "calls", "streams", "console", "visit", "ingest", "otlp", "review")
OF_MANY = {"watch": watch.measure, "beside": beside.measure}  # rows, in a folder of their own


def main(wanted: list[str]) -> int:
    """Measure the requested parts, or all; return 1 when a limit is missed."""
    parts = wanted or [*PARTS, *(["watch"] if watch.is_wanted() else [])]
    held = all([measure() for part, measure in OF_MANY.items() if part in parts])
    if set(parts) <= set(OF_MANY):
        return 0 if held else 1
    held &= show("Start and memory", start.measure()) if "start" in parts else True
    with (
        program.fake_vendor() as vendor,
        program.running(ATTUNE_LOCAL_MODEL="off", ATTUNE_FAKE_PROVIDER="1") as running,
    ):
        if "calls" in parts:
            held &= show("Model calls", calls.measure(running, vendor))
        if "streams" in parts:
            if "calls" not in parts:
                program.add_provider(running, "vendor", f"{vendor}/v1")
            held &= show("Beside open streams", streams.measure(running))
        if "visit" in parts:
            held &= show("First visit, 80 ms and 8 Mbit/s away", first_visit.measure(running))
        if "ingest" in parts:
            held &= show("Rows in", ingest.measure(running))
        if "otlp" in parts:
            held &= show("Spans in", otlp.measure(running))
        if "review" in parts:
            held &= show("Review queue, in a browser", review.measure(running))
    if "console" in parts:
        with program.running(
            ATTUNE_LOCAL_MODEL="off", ATTUNE_FAKE_PROVIDER="1", ATTUNE_DEMO="1"
        ) as running:
            program.wait_for_demo(running)
            held &= show("Console", console.measure(running))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
