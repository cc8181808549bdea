"""CSV with any delimiter, read by the standard library.

pyarrow.csv gives other rows: it does not say on which line a row stands, stops at a quote it does
not expect, and ends the file at a row longer than its block, where here only that row is refused.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from core.imports.cells.timestamps import parse_time
from core.imports.containers.files import (
    TOO_LONG,
    FileUnreadable,
    Record,
    as_text,
    lines_of,
    lines_of_sample,
)
from core.imports.mapping import ValueUnit
from core.ingest.bodies import MAX_ROW_BYTES

DELIMITERS = ",\t;|"
LOOKED_AT = 30
MOST_COLUMNS = 20_000

csv.field_size_limit(MAX_ROW_BYTES)  # the module's own is too small for a conversation in a cell


def delimiter_of(sample: str, *, is_whole: bool) -> str | None:
    """Return the delimiter of a table; None for a text that looks like none."""
    # Rows of one width count for more than many columns: prose has commas, too.
    best, best_score = None, 0.0
    for delimiter in DELIMITERS:
        rows = first_rows(sample, delimiter, is_whole=is_whole)
        width, times = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
        score = min(width, 50) * (times / len(rows)) ** 2 if width > 1 and len(rows[0]) > 1 else 0.0
        if score > best_score and times >= len(rows) * 0.5:
            best, best_score = delimiter, score
    return best


def is_quoted(sample: str, *, is_whole: bool) -> bool:
    """Whether a text is plainly a table, because rows of one width hold quoted cells of several
    lines.
    """
    for delimiter in DELIMITERS:
        rows = first_rows(sample, delimiter, is_whole=is_whole)
        alike = [row for row in rows if len(row) == len(rows[0])]
        # Of prose, the reader of CSV makes a row a line.
        if len(alike) > max(1, len(rows) * 0.8 - 1) and any(
            "\n" in cell.strip() for row in alike[1:] for cell in row
        ):
            return True
    return False


def first_rows(sample: str, delimiter: str, *, is_whole: bool) -> list[list[str]]:
    """Return the first rows of a sample, without the last line where the sample may have cut it."""
    lines = lines_of_sample(sample)
    if not is_whole and len(lines) > 1:
        lines.pop()
    try:
        return [row for row in islice(csv.reader(lines, delimiter=delimiter), LOOKED_AT + 1) if row]
    except csv.Error:
        return []


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: no cell of it is a number or a time."""
    if len(rows[0]) > MOST_COLUMNS:
        raise FileUnreadable(
            f"The first row has {len(rows[0]):,} columns, which is more than an import supports."
        )
    named = [cell.strip() for cell in rows[0] if cell.strip()]
    return len(rows) == 1 or (len(set(named)) > len(named) / 2 and not any(map(_is_value, named)))


def _is_value(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return parse_time(cell, ValueUnit.ISO) is not None
    return True


def names_of(first: list[str], *, header: bool) -> list[str]:
    """Return the names of the columns, made unique; those without one are named by their place."""
    names: dict[str, None] = {}
    for place, cell in enumerate(first, 1):
        name = (cell.strip() if header else "") or f"column_{place}"
        while name in names:
            name = f"{name}_{place}"
        names[name] = None
    return list(names)


class _RowLines:
    """The lines of a file for csv.reader, which drops a row with a csv.Error and goes on with the
    next line.
    """

    def __init__(self, text: TextIO) -> None:
        self._lines = lines_of(text, MAX_ROW_BYTES)
        self.number = self.held = 0  # lines so far; characters since the row began

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, is_cut = next(self._lines)
        self.number += 1
        self.held += len(line)
        if is_cut or self.held > MAX_ROW_BYTES + len(line):
            raise csv.Error(f"{TOO_LONG}; is a quotation mark missing?")
        return line


def columns_of(path: Path, encoding: str, delimiter: str, *, header: bool) -> list[str]:
    """Return the names of the columns of a file; raise FileUnreadable or csv.Error."""
    with as_text(path, encoding) as text:
        for row in csv.reader(_RowLines(text), delimiter=delimiter):
            if row:
                return names_of(row, header=header)
    raise FileUnreadable("The file has no rows.")


def records(
    path: Path, encoding: str, delimiter: str, *, header: bool, skip: int = 0
) -> Iterator[Record]:
    """Yield the rows after the first `skip`; blank lines and the header are not counted."""
    with as_text(path, encoding) as text:
        lines = _RowLines(text)
        rows = csv.reader(lines, delimiter=delimiter)
        position = -1 if header else 0
        while True:
            line, lines.held, wrong = lines.number + 1, 0, None
            try:
                row = next(rows, None)
            except csv.Error as error:
                row, wrong = [], f"Invalid CSV row: {error}"
            if row is None:
                return
            if row or wrong:
                position += 1
                if position > skip:
                    yield position, line, None if wrong else row, wrong
