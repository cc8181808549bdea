"""When a conversation began, as several imports report it, makes its user active on that day until
the last of them is undone.
"""

from typing import Any
from uuid import UUID

import pytest

from core.imports.service.undo.undo import undo
from core.platform.ids import new_id
from core.system.service import reporting_time_zone
from core.system.service.verification import verify
from tests.factories.imports import differences, dump, row, send

pytestmark = pytest.mark.usefixtures("database")


def began(day: int, *, import_id: UUID | None = None) -> None:
    """Report that the same conversation began on a day of March."""
    told: dict[str, Any] = {"id": "c", "user_id": "u", "created_at": f"2026-03-{day:02}T12:00:00Z"}
    send("conversation", told, import_id=import_id)


def differing() -> list[str]:
    return [check.table for check in verify.verify() if check.differences]


@pytest.mark.parametrize("days", [(3, 5), (5, 3), (5, 5)])
@pytest.mark.parametrize("undone", [(0, 1), (1, 0)])
def test_days_before_a_live_conversation_go_with_the_imports_that_report_them(
    days: tuple[int, int], undone: tuple[int, int]
) -> None:
    # The undo of the first import gave the day to nobody, and that of the second left it
    imports = new_id(), new_id()
    began(8)
    before = dump()
    for import_id, day in zip(imports, days, strict=True):
        began(day, import_id=import_id)
    for place in undone:
        undo(imports[place])
        assert differing() == []
    assert differences(before, dump()) == ""


def test_days_of_an_import_stay_its_own_when_the_reporting_time_zone_changes() -> None:
    ours = new_id()
    began(8)
    send("event", row("event", 1) | {"user_id": "v", "created_at": "2026-03-02T12:00:00Z"})
    before = dump()
    began(5, import_id=ours)
    reporting_time_zone.rebuild_days("UTC")
    undo(ours)
    assert differences(before, dump()) == ""
