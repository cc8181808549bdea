"""CSV of any separator: its records as lists of cells, with the lines on which they begin."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from core.imports.cells.moments import naive_or_aware
from core.imports.containers.files import TOO_LONG, FileUnreadable, TextLines, as_text
from core.imports.mapping import ValueUnit
from core.ingest.bodies import LONGEST_ROW

SEPARATORS = ",\t;|"
LOOKED_AT = 30
MOST_COLUMNS = 20_000

csv.field_size_limit(LONGEST_ROW)  # the module's own is too small for a conversation in a cell

Cells = list[str]
Record = tuple[int, int | None, Cells | None, str | None]  # position, line, cells, what is wrong


def separator_of(sample: str, *, is_whole: bool) -> str | None:
    """Return what separates the columns of a table; None for what looks like no table."""
    # Rows of one width speak for a separator more than many columns do: prose has commas, too.
    best, best_score = None, 0.0
    for separator in SEPARATORS:
        rows = first_rows(sample, separator, is_whole=is_whole)
        if not rows:
            continue
        width, times = Counter(len(row) for row in rows).most_common(1)[0]
        score = min(width, 50) * (times / len(rows)) ** 2 if width > 1 and len(rows[0]) > 1 else 0.0
        if score > best_score and times >= len(rows) * 0.5:
            best, best_score = separator, score
    return best


def is_quoted(sample: str, *, is_whole: bool) -> bool:
    """Whether a text is plainly a table, because rows of one width hold quoted cells of several lines."""
    for separator in SEPARATORS:
        rows = first_rows(sample, separator, is_whole=is_whole)
        alike = [row for row in rows if len(row) == len(rows[0])]
        # Of prose, the reader of CSV makes a row a line.
        if len(alike) > max(1, len(rows) * 0.8 - 1) and any("\n" in cell.strip() for row in alike[1:] for cell in row):
            return True
    return False


def first_rows(sample: str, separator: str, *, is_whole: bool) -> list[Cells]:
    """Return the first rows of a sample; the last one is left out where the sample may have cut it."""
    lines = sample.splitlines(keepends=True)
    if not is_whole and len(lines) > 1:
        lines = lines[:-1]
    try:
        rows = [row for row in islice(csv.reader(lines, delimiter=separator), LOOKED_AT + 1) if row]
    except csv.Error:
        return []
    return rows


def has_header(rows: list[Cells]) -> bool:
    """Whether the first row names the columns: no cell of it is a number or a time, or empty."""
    first = [cell.strip() for cell in rows[0]]
    if len(first) > MOST_COLUMNS:
        raise FileUnreadable(f"The first row has {len(first):,} columns, which is more than an import supports.")
    if len(rows) == 1:
        return True
    named = [cell for cell in first if cell]
    return bool(named) and len(set(named)) > len(named) / 2 and not any(_is_value(cell) for cell in named)


def _is_value(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return naive_or_aware(cell, ValueUnit.ISO) is not None
    return True


def names_of(first: Cells, *, header: bool) -> list[str]:
    """Return the names of the columns, each once; those without one are called by their place."""
    given = [cell.strip() for cell in first] if header else [""] * len(first)
    names: list[str] = []
    seen: set[str] = set()
    for place, name in enumerate(given, 1):
        unique = name or f"column_{place}"
        while unique in seen:
            unique = f"{unique}_{place}"
        seen.add(unique)
        names.append(unique)
    return names


class _RowLines(TextLines):
    """Lines of which a row within quotation marks takes many, and not all that follow."""

    def __init__(self, text: TextIO) -> None:
        super().__init__(text, longest=LONGEST_ROW)
        self.held = 0  # since the row began

    def __next__(self) -> str:
        line = super().__next__()
        self.held += len(line)
        if self.held > LONGEST_ROW + len(line):
            raise csv.Error(f"{TOO_LONG}; is a quotation mark missing?")
        return line


def columns_of(path: Path, encoding: str, separator: str, *, header: bool) -> list[str]:
    """Return the names of the columns of a file."""
    with as_text(path, encoding) as text:
        for row in csv.reader(_RowLines(text), delimiter=separator):
            if row:
                return names_of(row, header=header)
    raise FileUnreadable("The file has no rows.")


def records(path: Path, encoding: str, separator: str, *, header: bool, skip: int = 0) -> Iterator[Record]:
    """Yield the rows after the first `skip`: blank lines are none, and the header is none."""
    with as_text(path, encoding) as text:
        lines = _RowLines(text)
        rows = csv.reader(lines, delimiter=separator)
        # So that the first row below the names is the first record.
        position = -1 if header else 0
        while True:
            line, lines.held = rows.line_num + 1, 0
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                position += 1
                yield position, line, None, f"no row of a table: {error}"
                continue
            if not row:
                continue
            position += 1
            if position <= skip:
                continue
            if lines.cut:
                lines.cut = False
                yield position, line, None, f"{TOO_LONG}; is a quotation mark missing?"
            else:
                yield position, line, row, None
