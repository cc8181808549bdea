"""Run a large import in a process of its own, which returns all memory when it ends."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable

from core.embedded.worker import child_environment
from core.platform.config import ROOT

log = logging.getLogger("attune.imports")

COMMAND = "import"
NICENESS = 5
LOOKS_EVERY_S = 0.2


def run(import_id: str, may_go_on: Callable[[], bool]) -> None:
    """Do what is due of an import in a process of its own; ask that to stop once this one may not
    go on.

    It stops by itself when this process is killed. If it is killed, `imports.resume` finds that the
    import stands still.
    """
    process = subprocess.Popen(  # noqa: S603  Attune's own program, and the ID of an import
        [sys.executable, str(ROOT / "app.py"), COMMAND, import_id],
        stdin=subprocess.PIPE,  # closes when this process ends, which that one notices
        start_new_session=True,
        cwd=ROOT,
        env=child_environment(),
    )
    is_asked = False
    with process:
        while (code := _ended(process)) is None:
            if not is_asked and not may_go_on():
                process.terminate()
                is_asked = True
    if code != 0:
        log.warning(
            "the process of import %s ended (%s); the import goes on by itself", import_id, code
        )


def _ended(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(LOOKS_EVERY_S)
    except subprocess.TimeoutExpired:
        return None


def give_way() -> None:
    if hasattr(os, "nice"):
        os.nice(NICENESS)
