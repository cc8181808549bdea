"""The demo's rows, made once for all tests that only read them."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from core.demo.generator import rows as generator
from core.demo.generator.calendar import Calendar
from core.demo.generator.rows import SEED
from core.demo.generator.talks import DemoTalk
from core.imports.parsed import RowKind

UNTIL = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)


@dataclass
class World:
    """All rows by kind, and the days of the stories."""

    calendar: Calendar
    talks: list[DemoTalk]
    kinds: dict[RowKind, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def of(self, kind: RowKind) -> list[dict[str, Any]]:
        """Return the rows of a kind."""
        return self.kinds[kind]


@pytest.fixture(scope="session")
def world() -> World:
    """Return the demo as it is made of its seed."""
    made = generator.World(SEED, UNTIL)
    found = World(made.calendar, made.talks)
    for parsed in made.numbered():
        assert parsed.row is not None
        found.kinds[parsed.kind].append(parsed.row)
    return found
