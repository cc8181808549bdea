"""The workspace's funnel: its steps, and their codes in marks. `subjects` holds when each was
reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from core.activity.errors import FunnelMissing
from core.activity.models.funnels import FunnelEvent, SavedFunnelVersion
from core.activity.queries.funnels.funnel import (
    WINDOW,
    CodedStep,
    Funnel,
    FunnelRule,
    Step,
    read,
    written,
)
from core.database.sql_files import compiled
from core.database.staging import Connection, driver
from core.database.tables import table_of
from core.presentation.periods import DAY

versions, codes = table_of(SavedFunnelVersion), table_of(FunnelEvent)
APPLIED = compiled(select(versions.c.id).where(versions.c.is_applied))
LOCKED = compiled(select(func.funnel_in_use()))
DEFINITION = compiled(
    select(versions.c.steps, versions.c.window_days, versions.c.any_order).where(
        versions.c.id == bindparam("id")
    )
)
CODES = compiled(select(codes.c.event_type, codes.c.code))

# A version never changes, and neither does a code
_read: dict[UUID, "WorkspaceFunnel"] = {}


@dataclass(frozen=True)
class WorkspaceFunnel:
    """The version of the workspace's funnel that is applied."""

    version_id: UUID
    funnel: Funnel
    codes: tuple[CodedStep, ...]

    @property
    def rule(self) -> FunnelRule:
        return rule_of(self.funnel, self.codes)

    @property
    def names(self) -> tuple[str, ...]:
        """The event types of each step, joined by `|`."""
        return tuple(step.name for step in self.funnel.steps)


def rule_of(funnel: Funnel, codes: tuple[CodedStep, ...]) -> FunnelRule:
    window_us = funnel.window // timedelta(microseconds=1)
    return FunnelRule(codes, window_us, any_order=funnel.any_order)


def read_workspace_funnel(session: Session) -> WorkspaceFunnel:
    """Return the workspace's funnel, to read what `subjects` holds."""
    return _funnel(driver(session), APPLIED)


def hold_workspace_funnel(connection: Connection) -> WorkspaceFunnel:
    """Return the workspace's funnel, locked until the transaction ends, to change `subjects`."""
    return _funnel(connection, LOCKED)


def asked_funnel(
    session: Session, steps: str | None, window_days: int | None, *, any_order: bool | None
) -> Funnel:
    """Return the funnel of an address: what it does not name is as in the workspace's, or, with
    steps of its own, 30 days and in order; raise FunnelRefused.
    """
    present = read_workspace_funnel(session).funnel
    base = replace(present, window=WINDOW, any_order=False) if steps else present
    return read(
        steps or written(present.steps),
        base.window // DAY if window_days is None else window_days,
        any_order=base.any_order if any_order is None else any_order,
    )


def funnel_of(steps: list[dict[str, Any]], window_days: int, *, any_order: bool) -> Funnel:
    """Return a stored version's funnel."""
    found = tuple(
        Step(tuple(each["event_types"]), each["optional"], each["label"]) for each in steps
    )
    return Funnel(found, timedelta(days=window_days), any_order)


def coded(funnel: Funnel, codes: Mapping[str, int]) -> tuple[CodedStep, ...]:
    """Return the steps by the codes of their event types, which all have one."""
    return tuple(
        CodedStep(tuple(codes[name] for name in step.event_types), step.optional)
        for step in funnel.steps
    )


def _funnel(connection: Connection, question: bytes) -> WorkspaceFunnel:
    (version_id,) = connection.execute(question).fetchall()[0]
    if version_id not in _read:
        ((steps, days, any_order),) = connection.execute(DEFINITION, {"id": version_id}).fetchall()
        funnel = funnel_of(steps, days, any_order=any_order)
        by_type = dict(connection.execute(CODES).fetchall())
        _read[version_id] = WorkspaceFunnel(version_id, funnel, coded(funnel, by_type))
    return _read[version_id]


def latest_version(session: Session, funnel_id: UUID) -> SavedFunnelVersion:
    """Return a funnel's latest version; raise FunnelMissing when it was deleted since it was
    found.
    """
    of_funnel = select(SavedFunnelVersion).where(SavedFunnelVersion.funnel_id == funnel_id)
    latest = session.scalar(of_funnel.order_by(SavedFunnelVersion.number.desc()).limit(1))
    if latest is None:
        raise FunnelMissing
    return latest
