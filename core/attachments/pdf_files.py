"""The text of PDF files."""

import subprocess
import sys
from threading import Lock

from core.platform.config import ROOT

TIMEOUT_S = 20
_reading = Lock()  # one at a time, however many are sent


def text_of(content: bytes) -> bytes | None:
    """Return the UTF-8 text of a PDF file; None for one that is broken, encrypted, without text,
    or too long.
    """
    command = [sys.executable, "-m", "core.attachments.pdf_child"]
    try:
        with _reading:
            done = subprocess.run(  # noqa: S603  our own program, and nothing given
                command,
                input=content,
                capture_output=True,
                timeout=TIMEOUT_S,
                cwd=ROOT,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None
