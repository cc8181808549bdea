"""The clock of the small week, and readers of its figures."""

import pytest

from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.platform import clock
from core.system import workspace
from tests.api.conftest import address, client
from tests.factories.identity import person
from tests.pages.conftest import console
from tests.watch import week

__all__ = ["address", "client", "console"]


@pytest.fixture
def actor(database: Postgres, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """Return somebody who may look, on the day on which the week is looked at."""
    hold_still(monkeypatch)
    return person(Role.ANALYST).actor


def hold_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be the day on which the week is looked at."""
    monkeypatch.setattr(clock, "now", lambda: week.NOW)
    workspace._zone.clear()  # noqa: SLF001  the tests before may have asked in another zone
