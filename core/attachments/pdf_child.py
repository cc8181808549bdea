"""Write the text of a PDF file from stdin to stdout: `python -m core.attachments.pdf_child`.

A process of its own, with little memory and time: some small files unpack to gigabytes.
"""

import logging
import resource
import sys
from io import BytesIO
from pathlib import Path

from pypdf import PdfReader

from core.attachments.schemas import MAX_TEXT_CHARS

MAX_PAGES = 500
# Of addresses beside those of Python and the library, so that a few bytes take at most 100 MB
FREE_BYTES, BYTES_PER_BYTE = 40 << 20, 100
UNKNOWN_BYTES = 300 << 20
CPU_S = 8


def main() -> int:
    """Return 0 when there is text, and 1 for a file that is broken, encrypted or too long."""
    content = sys.stdin.buffer.read()
    limit = _used_bytes() + FREE_BYTES + BYTES_PER_BYTE * len(content)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    logging.disable()
    try:
        text = read(content)
    except Exception:  # noqa: BLE001  the library raises anything for a broken file
        return 1
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0 if text.strip() else 1


def _used_bytes() -> int:
    try:
        pages = Path("/proc/self/statm").read_text().split()[0]
    except OSError:  # not Linux
        return UNKNOWN_BYTES
    return int(pages) * resource.getpagesize()


def read(content: bytes) -> str:
    """Return the text of a PDF's pages; raise ValueError for too many."""
    reader = PdfReader(BytesIO(content))
    if len(reader.pages) > MAX_PAGES:
        raise ValueError("too many pages")
    text = "\n\n".join(page.extract_text() for page in reader.pages)
    if len(text) > MAX_TEXT_CHARS:
        raise ValueError("too much text")
    return text


if __name__ == "__main__":
    sys.exit(main())
