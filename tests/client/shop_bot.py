"""An own app for tests: it answers by what it is asked, slowly, wrongly or not at all."""

import os
import sys
import time
from pathlib import Path

from attune_client import Answer, Case


def answer(case: Case) -> str | Answer:
    """Answer as the words of the case say; note each call in the file CALLS."""
    if path := os.environ.get("CALLS"):
        with Path(path).open("a") as calls:
            calls.write(f"{case.position}.{case.run}\n")
    words = case.input.split()
    if "slow" in words:
        time.sleep(0.2)
    if "fail" in words:
        raise LookupError("no stock \ud800")
    if "exit" in words:
        sys.exit(0)
    if "number" in words:
        return 7  # type: ignore[return-value]  # a mistake of the app
    if "tool" in words:
        call = {"name": "find_order", "arguments": {"id": case.context.get("order")}}
        return Answer("good", tool_calls=[call], cost_usd=0.0012)
    return "bad" if "wrong" in words else f"good, {case.input}"
