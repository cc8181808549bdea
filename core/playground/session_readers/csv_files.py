"""Sessions that were exported as CSV, read back."""

import csv
import io
from collections.abc import Iterator

from pydantic import ValidationError

from core.playground.errors import SessionFileInvalid
from core.playground.session_files import (
    FORMAT,
    MAX_CONTENT_CHARS,
    MessageFile,
    SessionFile,
)
from core.presentation.csv_lines import FORMULA

BEGINNING = "position,role,content,"
# The module's own limit is too small for an answer in a cell
csv.field_size_limit(max(MAX_CONTENT_CHARS, csv.field_size_limit()))


def read(text: str) -> SessionFile:
    """Return the session of an export; raise SessionFileInvalid with the line."""
    try:
        return SessionFile.model_validate({"format": FORMAT, "messages": tuple(_messages(text))})
    except csv.Error as error:
        raise SessionFileInvalid(f"This is not a CSV file: {error}.") from None
    except ValidationError as error:
        raise SessionFileInvalid.of(error) from None


def _messages(text: str) -> Iterator[MessageFile]:
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    for row in rows:
        cells = {name: _text(row.get(name)) for name in MessageFile.model_fields}
        try:
            yield MessageFile.model_validate(
                {name: cell for name, cell in cells.items() if cell or name == "content"}
            )
        except ValidationError as error:
            raise SessionFileInvalid.of(error, f"Row that ends in line {rows.line_num}") from None


def _text(cell: str | None) -> str:
    """Return a cell without the apostrophe that made it harmless."""
    text = cell or ""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text
