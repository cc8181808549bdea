"""Lists of names in an address: a,b, and a name with a comma in quotes, as in CSV."""

import csv
import io
from collections.abc import Sequence

from core.errors import Invalid


class NamesRefused(Invalid):
    """Write names as a,b and those with a comma or a line end in quotes: a,"b,c"."""


def written(names: Sequence[str]) -> str:
    """Return names as an address has them."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow(names)
    return buffer.getvalue().removesuffix("\r\n")


def parse(given: str) -> list[str]:
    """Return the names; raise NamesRefused."""
    try:
        return next(csv.reader([given]))
    except csv.Error:
        raise NamesRefused from None
