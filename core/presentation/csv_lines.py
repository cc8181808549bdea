"""CSV lines (RFC 4180), safe against formulas in spreadsheets."""

import csv
import io
import json
from collections.abc import Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def line(values: Sequence[object]) -> str:
    """Return one line with its end; what has parts is written as JSON."""
    written = io.StringIO()
    csv.writer(written).writerow([_cell(value) for value in values])
    return written.getvalue()


def _cell(value: object) -> object:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) else text
