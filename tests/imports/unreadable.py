"""Files that no import can read, and what is said of each."""

import gzip
import io
import zipfile


def bomb() -> bytes:
    """Return what unpacks to a gigabyte."""
    row = b"2026-03-04T05:06:07Z,a.b," + b"x" * 10_000 + b"\n"
    return gzip.compress(b"timestamp,event_type,note\n" + row) + gzip.compress(row * 1600, 9) * 64


def archive() -> bytes:
    """Return a ZIP archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as zipped:
        zipped.writestr("a.csv", "a,b\n1,2\n")
    return held.getvalue()


UNREADABLE = [
    (b"", "empty"),
    (b" \n\t\n", "only whitespace"),
    (bytes(range(256)) * 50, "Unsupported file type"),
    (archive(), "ZIP archive"),
    (b"%PDF-1.7 ....", "PDF"),
    (b"PAR1 and then nothing of it", "cannot be read"),
    (gzip.compress(gzip.compress(b"a,b\n1,2\n")), "gzip twice"),
    (b"\x1f\x8b and nothing packed", "Could not unpack"),
    (b"timestamp,event_type\n", "no rows"),
    (b"[]", "No records found"),
    (b"{}", "No records found"),
    (b'{"a": [1, 2', "Invalid JSON"),
    (
        (
            b"This is a letter. It has sentences, and no columns, and lines;\nthey go on and "
            b"on.\nEach of another width.\nSo.\n"
        ),
        "not a table",
    ),
    (bomb(), "200 times its size"),
]
