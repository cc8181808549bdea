"""Workspace settings: read each time, with defaults, limited to offered values."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from core.database import settings
from core.database.db import transaction
from core.database.settings import Workspace, time_zones
from core.database.tables import CoreAudit, Setting
from core.embedded.postgres import Postgres
from core.errors import Forbidden, NotFound
from core.identity.schemas import Role
from core.platform import clock
from core.system import workspace
from core.system.workspace import WorkspaceSettings
from tests.factories.identity import person


def stored() -> Workspace:
    with transaction() as session:
        return settings.read(session, Workspace)


@pytest.mark.parametrize(
    "zone", ["Asia/Kathmandu", "Asia/Katmandu", "Australia/Eucla", "Pacific/Chatham", "NZ-CHAT"]
)
def test_zones_at_quarter_hours_are_not_offered(zone: str) -> None:
    assert zone not in time_zones()
    with pytest.raises(ValidationError, match="quarter hours are not offered"):
        Workspace(reporting_time_zone=zone)


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "x",
        "utc",
        "Europe/Atlantis",
        "Etc/GMT+1",
        "../../etc/passwd",
        "Europe/Berlin\0",
        "posix/UTC",
    ],
)
def test_nor_is_what_is_no_place(zone: str) -> None:
    with pytest.raises(ValidationError):
        Workspace(reporting_time_zone=zone)


@pytest.mark.parametrize(
    "zone",
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "America/St_Johns",
        "Australia/Lord_Howe",
    ],
)
def test_zones_at_hours_and_half_hours_are(zone: str) -> None:
    assert Workspace(reporting_time_zone=zone).reporting_time_zone == zone


def test_every_zone_that_is_offered_exists_and_keeps_to_half_hours_all_year() -> None:
    year = clock.now().year
    for name in time_zones():
        for day in range(1, 366, 7):
            moment = datetime(year, 1, 1, tzinfo=ZoneInfo(name)) + timedelta(days=day)
            offset = moment.utcoffset()
            assert offset is not None
            assert offset.total_seconds() % 1800 == 0


def test_what_was_never_set_is_the_default(database: Postgres) -> None:
    assert stored() == Workspace(default_model=None, reporting_time_zone="UTC")


def test_what_was_set_is_read_by_everybody_at_once(database: Postgres) -> None:
    given = WorkspaceSettings(default_model="fake:echo", reporting_time_zone="Asia/Kolkata")
    with transaction() as session:
        workspace.change(session, given, actor=person().actor)
    assert stored() == Workspace(default_model="fake:echo", reporting_time_zone="Asia/Kolkata")


def test_settings_of_another_version_are_read_as_far_as_they_go(database: Postgres) -> None:
    with transaction() as session:
        session.add(Setting(name="workspace", value={"stuck_after_days": 5, "of_tomorrow": 1}))
    assert stored() == Workspace(stuck_after_days=5)


def test_a_change_is_in_the_audit_log_with_what_changed_and_nothing_else(
    database: Postgres,
) -> None:
    with transaction() as session:
        workspace.change(
            session, WorkspaceSettings(reporting_time_zone="Europe/Berlin"), actor=person().actor
        )
        row = session.query(CoreAudit).filter_by(action="workspace.change").one()
    assert (row.before, row.after) == (
        {"reporting_time_zone": "UTC"},
        {"reporting_time_zone": "Europe/Berlin"},
    )


def test_a_default_model_must_be_one_that_can_be_called(database: Postgres) -> None:
    with pytest.raises(NotFound), transaction() as session:
        workspace.change(
            session, WorkspaceSettings(default_model="fake:nothing"), actor=person().actor
        )
    assert stored() == Workspace()


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_only_administrators_change_them(database: Postgres, role: Role) -> None:
    with pytest.raises(Forbidden), transaction() as session:
        workspace.change(
            session, WorkspaceSettings(default_prompt="mine"), actor=person(role).actor
        )
    assert stored() == Workspace()
