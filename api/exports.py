"""Lists as CSV (RFC 4180), streamed: every row that matches, however many, in little memory."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from fastapi.responses import StreamingResponse

# What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingResponse:
    """Return rows as a file to download."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_lines(header, rows), media_type="text/csv; charset=utf-8", headers=disposition)


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    for row in chain([header], rows):
        line = io.StringIO()
        csv.writer(line).writerow([_cell(value) for value in row])
        yield line.getvalue()


def _cell(value: object) -> object:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) else text
