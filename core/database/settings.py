"""Workspace settings in the table `settings`: typed groups with defaults, read each time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.tables import STORED, Setting
from core.errors import Conflict, StartRefused
from core.platform import clock, crypto

KEY_CHECK = "key check"
KEY_CHECK_ROW = UUID(int=0)


class SettingsChanged(Conflict):
    """Someone changed these settings in the meantime. Copy what you entered, then reload the page
    to see them.
    """


class SettingsGroup(BaseModel):
    """Settings that are read and written together."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Workspace(SettingsGroup):
    """General settings of the workspace."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"stuck_after_days": 5, "reporting_time_zone": "Europe/Berlin"}
        }
    )

    default_model: str | None = None
    fallback_model: str | None = None  # answers when another model's provider fails
    reporting_time_zone: str = "UTC"
    stuck_after_days: int = Field(default=3, ge=1, le=30)  # without activity during onboarding
    # Without a report, after which a batch run is lost
    batch_silence_minutes: int = Field(default=360, ge=1, le=10_080)
    # How long a tool's span waits for its request
    late_span_minutes: int = Field(default=1440, ge=1, le=10_080)
    # How long identical calls that ask for it get the same answer
    answer_cache_minutes: int = Field(default=60, ge=1, le=10_080)
    analysts_read_messages: bool = False

    @field_validator("reporting_time_zone")
    @classmethod
    def _is_offered(cls, given: str) -> str:
        if given not in time_zones():
            raise ValueError(
                "Choose a time zone from the list; those at quarter hours are not offered."
            )
        return given


Days = Annotated[int, Field(ge=1, le=36_500)]


class Retention(SettingsGroup):
    """How many days rows are kept, from the later of their time and their arrival."""

    model_config = ConfigDict(json_schema_extra={"example": {"event_days": 90, "request_days": 90}})

    event_days: Days = 30
    request_days: Days = 30
    batch_run_days: Days = 30
    batch_runs_kept: int = Field(
        default=90,
        ge=0,
        le=1_000_000,
        description="The latest runs of each job, which stay however old.",
    )
    admin_session_days: Days = Field(default=7, description="Counted from a session's expiry.")
    playground_days: Days = 90
    session_trash_days: Days = Field(
        default=7, description="How long deleted playground sessions can be restored."
    )
    conversation_days: Days = 365
    feedback_days: Days = 365
    score_days: Days = 365
    evaluation_days: Days = Field(
        default=365,
        description="Evaluations and scenario runs that have ended, and results of bot tests; "
        "datasets are kept.",
    )
    import_undo_days: Days = Field(
        default=30,
        description="How long an import can be undone. Its rows stay until then, whatever is set.",
    )


class Sealed(SettingsGroup):
    """Up to which time raw rows are deleted, by table: recomputing is possible after it."""

    user_activity_events: datetime | None = None
    ai_request_metrics: datetime | None = None
    batch_run_history: datetime | None = None
    ai_feedback: datetime | None = None
    conversations: datetime | None = None
    message_scores: datetime | None = None
    import_traces: datetime | None = None  # by when they were noted

    def until(self, parent: str) -> datetime | None:
        """Return the time up to which a table's rows are deleted, or None."""
        found: datetime | None = getattr(self, parent)
        return found

    def gap_after(self, since: datetime, parent: str) -> datetime | None:
        """Return the time up to which a table's rows are deleted, if it is after another."""
        until = self.until(parent)
        return until if until is not None and until > since else None

    def has_all(self, since: datetime, *parents: str) -> bool:
        """Whether all raw rows of these tables exist from a time on."""
        return all(self.gap_after(since, parent) is None for parent in parents)


class DimensionRollups(SettingsGroup):
    """From when on requests are rolled up by dimension, and what their costs vary by; without a
    time, from the first.
    """

    since: datetime | None = None
    # Those that arrived earlier, and are of before `since`, are still to be added.
    arrived_before: datetime | None = None


class ToolDimensionRollups(DimensionRollups):
    """The same of the calls of tools."""


class ReleasePlaces(SettingsGroup):
    """Which releases have parts, subjects and user days of their own: those first seen since, or
    all.
    """

    since: datetime | None = None


Chosen = TypeVar("Chosen", bound=SettingsGroup)


def read(session: Session, group: type[Chosen]) -> Chosen:
    """Return a group of settings, with defaults for unset fields."""
    value = session.scalar(select(Setting.value).where(Setting.name == group.__name__.lower()))
    # A newer limit must not make stored settings unreadable
    return group.model_validate(value or {}, context=STORED)


def amend(
    session: Session, given: Chosen, *, by: UUID | None, loaded: BaseModel | None = None
) -> tuple[Chosen, Chosen]:
    """Store the given fields of a group, and return the group before and after.

    Raises SettingsChanged when a form was loaded with other values than those are now.
    """
    group = type(given)
    # A concurrent change waits here, and then keeps this one's values.
    session.execute(
        insert(Setting).values(name=group.__name__.lower(), value={}).on_conflict_do_nothing()
    )
    session.execute(
        select(Setting.name).where(Setting.name == group.__name__.lower()).with_for_update()
    )
    before = read(session, group)
    check_unchanged(before, loaded, given.model_fields_set)
    after = before.model_copy(
        update={name: getattr(given, name) for name in given.model_fields_set}
    )
    write(session, after, by=by)
    return before, after


def check_unchanged(stored: object, loaded: BaseModel | None, names: Iterable[str]) -> None:
    """Raise SettingsChanged when a form was loaded with other values of these fields."""
    if loaded and any(getattr(stored, name) != getattr(loaded, name) for name in names):
        raise SettingsChanged


def write(session: Session, group: SettingsGroup, *, by: UUID | None) -> None:
    """Store a whole group."""
    row = {
        "name": type(group).__name__.lower(),
        "value": group.model_dump(mode="json"),
        "updated_by": by,
    }
    fresh = {"value": row["value"], "updated_by": by, "updated_at": clock.now()}
    session.execute(
        insert(Setting).values(**row).on_conflict_do_update(index_elements=["name"], set_=fresh)
    )


def check_key(session: Session, keyring: crypto.Keyring) -> None:
    """Raise StartRefused when another key encrypted this database; a new one adopts the key."""
    proof = keyring.seal(KEY_CHECK, column=KEY_CHECK, row=KEY_CHECK_ROW).hex()
    # A concurrent first start waits here, and then reads the stored value.
    session.execute(
        insert(Setting).values(name=KEY_CHECK, value={"proof": proof}).on_conflict_do_nothing()
    )
    stored = session.scalars(select(Setting.value).where(Setting.name == KEY_CHECK)).one()
    try:
        keyring.open(bytes.fromhex(stored["proof"]), column=KEY_CHECK, row=KEY_CHECK_ROW)
    except crypto.WrongKey:
        raise StartRefused(
            "The encryption key is not the one that this database was written with. Put the right "
            "secret.key back into the data folder, or set ATTUNE_SECRET_KEY to it."
        ) from None


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of the time zones whose days consist of half hours all year round."""
    return tuple(
        sorted(name for name in available_timezones() if _is_place(name) and _fits_half_hours(name))
    )


def _is_place(name: str) -> bool:
    return name == "UTC" or ("/" in name and not name.startswith(("Etc/", "posix/", "right/")))


def _fits_half_hours(name: str) -> bool:
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    year = clock.now().year
    # Rollups are kept by half hours of UTC: days of other zones can't be added up from them
    offsets = [datetime(year, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13)]
    return all(
        offset is not None and offset % timedelta(minutes=30) == timedelta(0) for offset in offsets
    )
