"""Say why the embedded Postgres did not start, from what it has said."""

import shutil
from pathlib import Path

STATE_MESSAGE = "the database system is"  # ... starting up or shutting down
MIN_FREE_BYTES = 1 << 20


def is_disk_full(output: str, log: Path) -> bool:
    # The message may be missing from a log on a full disk.
    return (
        "No space left on device" in output or shutil.disk_usage(log.parent).free < MIN_FREE_BYTES
    )


def start_error(output: str, log: Path) -> str:
    if is_disk_full(output, log):
        return f"The disk that holds {log.parent.parent} is full. Free some space and start again."
    relevant = [line for line in output.splitlines() if STATE_MESSAGE not in line]
    errors = [
        line
        for line in relevant
        if any(word in line for word in ("FATAL", "PANIC", "error:", "cannot"))
    ]
    reason = (
        errors[-1].split("FATAL:")[-1].split("PANIC:")[-1].strip()
        if errors
        else "it gave no reason"
    )
    return f"Postgres did not start: {reason} (its log is {log})."
