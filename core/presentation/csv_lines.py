"""CSV lines (RFC 4180), safe against formulas in spreadsheets."""

import csv
import io
import json
from collections.abc import Sequence

# A spreadsheet runs a cell that begins so, and cells hold texts of strangers
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def line(values: Sequence[object]) -> str:
    """Return one CSV line with its line end; lists and objects are written as JSON."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_cell(value) for value in values])
    return buffer.getvalue()


def _cell(value: object) -> object:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) else text
