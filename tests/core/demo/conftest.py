"""The demo's rows, read once for all tests that only look at them."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from core.demo.rows import rows
from core.demo.shifting import END, Shift
from core.imports.parsed import RowKind
from tools.demo.calendar import Calendar

UNTIL = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)


@dataclass
class World:
    """All rows by kind, and the days of the stories."""

    calendar: Calendar
    kinds: dict[RowKind, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def of(self, kind: RowKind) -> list[dict[str, Any]]:
        """Return the rows of a kind."""
        return self.kinds[kind]


def read(until: datetime) -> World:
    """Return a demo that ends at a moment."""
    found = World(Calendar(END + Shift(until).by))
    for parsed in rows(until):
        assert parsed.row is not None
        found.kinds[parsed.kind].append(parsed.row)
    return found


@pytest.fixture(scope="session")
def world() -> World:
    """Return the demo as it is shipped, ended in the middle of a week."""
    return read(UNTIL)
