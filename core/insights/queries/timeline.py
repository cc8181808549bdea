"""The timeline of a journey: events, conversations and feedback by day and session."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby, pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from core.activity.views import JourneyEvent
from core.conversations import opinions
from core.conversations.models import Conversation
from core.database.tables import table_of
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor, View
from core.knowledge.feedback.queries import feedback_list
from core.knowledge.models import Feedback
from core.presentation.periods import Watched

MOST = 200

talks, feedback = table_of(Conversation), table_of(Feedback)


class TimelineConversation(View):
    """A conversation in a journey; its title only for roles that read contents."""

    id: UUID
    at: datetime
    title: str | None
    message_count: int
    escalated_at: datetime | None


class TimelineFeedback(View):
    """Feedback in a journey; its text only for roles that read contents."""

    id: UUID
    at: datetime
    rating: int
    scale: str
    is_positive: bool
    conversation_id: UUID | None
    comment: str | None


class OtherActivity(View):
    """Conversations and feedback of a time span, at most MOST of each; there are more if it
    `is_cut`. `is_readable` allows contents.
    """

    talks: list[TimelineConversation]
    opinions: list[TimelineFeedback]
    is_readable: bool
    is_cut: bool = False


Entry = JourneyEvent | TimelineConversation | TimelineFeedback


@dataclass(frozen=True)
class SessionEntries:
    """Consecutive entries of one session."""

    session_id: str | None
    is_anonymous: bool
    entries: list[tuple[Entry, float | None]]  # with the seconds since the one before

    @property
    def facts(self) -> list[str]:
        """The facts of the whole stretch: session and releases."""
        releases = dict.fromkeys(
            entry.release
            for entry, _ in self.entries
            if isinstance(entry, JourneyEvent) and entry.release
        )
        session = [f"session {self.session_id}"] if self.session_id else []
        return [
            *session,
            *(["anonymous"] if self.is_anonymous else []),
            *(f"release {each}" for each in releases),
        ]


@dataclass(frozen=True)
class TimelineDay:
    """A day of the reporting time zone on which something happened."""

    day: date
    events: int
    stretches: list[SessionEntries]


def read_other_activity(
    core: Session,
    ai: Session,
    user_id: UUID,
    watched: Watched,
    until: datetime | None,
    since: datetime | None = None,
    *,
    actor: Actor,
) -> OtherActivity:
    """Return a user's conversations and feedback up to a time, from a time on, or all.

    Feedback that names no user is that of its conversation's user.
    """
    require(actor, Permission.WATCH)
    is_readable = may(actor, Permission.READ_CONTENTS)
    own = talks.c.user_id == user_id
    found = core.execute(_of(talks, own, watched, until, since)).mappings().all()
    # Also on conversations that are not shown: there may be more than MOST
    given = feedback_list.is_of_users(core, [user_id])
    rated = ai.execute(_of(feedback, given, watched, until, since)).mappings().all()
    return OtherActivity(
        talks=[_talk(row, is_readable=is_readable) for row in found[:MOST]],
        opinions=[_opinion(row, is_readable=is_readable) for row in rated[:MOST]],
        is_readable=is_readable,
        is_cut=max(len(found), len(rated)) > MOST,
    )


def timeline(
    moments: Sequence[JourneyEvent], others: OtherActivity | None, zone: str
) -> list[TimelineDay]:
    """Return events by day and session, with conversations and feedback in between."""
    place = ZoneInfo(zone)
    others = others or OtherActivity(talks=[], opinions=[], is_readable=False)
    entries: list[Entry] = sorted([*moments, *others.talks, *others.opinions], key=_when)
    gaps = [
        None,
        *((_when(late) - _when(early)).total_seconds() for early, late in pairwise(entries)),
    ]
    timed = list(zip(entries, gaps, strict=False))  # of nothing, there is no first gap either
    by_day = groupby(timed, key=lambda each: _when(each[0]).astimezone(place).date())
    return [_day(day, list(each)) for day, each in by_day]


def latest_first(days: Sequence[TimelineDay]) -> list[TimelineDay]:
    """Return a timeline the other way round; gaps are still those since the entry before."""
    return [
        replace(day, stretches=[_turned(stretch) for stretch in reversed(day.stretches)])
        for day in reversed(days)
    ]


def _turned(stretch: SessionEntries) -> SessionEntries:
    return replace(stretch, entries=stretch.entries[::-1])


def _day(day: date, timed: list[tuple[Entry, float | None]]) -> TimelineDay:
    stretches: list[SessionEntries] = []
    for entry, gap in timed:
        if not stretches or (
            isinstance(entry, JourneyEvent) and not _continues(stretches[-1], entry)
        ):
            stretches.append(SessionEntries(*_session(entry), []))
        stretches[-1].entries.append((entry, gap))
    return TimelineDay(day, sum(isinstance(entry, JourneyEvent) for entry, _ in timed), stretches)


def _continues(stretch: SessionEntries, moment: JourneyEvent) -> bool:
    """Whether an event continues a stretch: the same session, or none named."""
    has_events = any(isinstance(entry, JourneyEvent) for entry, _ in stretch.entries)
    return has_events and (stretch.session_id, stretch.is_anonymous) == _session(moment)


def _session(entry: Entry) -> tuple[str | None, bool]:
    return (
        (entry.session_id, entry.is_anonymous) if isinstance(entry, JourneyEvent) else (None, False)
    )


def _when(entry: Entry) -> datetime:
    return entry.created_at if isinstance(entry, JourneyEvent) else entry.at


def _of(
    table: Any,  # noqa: ANN401  one of two tables
    is_own: ColumnElement[bool],
    watched: Watched,
    until: datetime | None,
    since: datetime | None,
) -> Select[Any]:
    columns = table.c
    wanted = [is_own, columns.environment == watched.environment]
    if watched.app is not None:
        wanted.append(columns.app == watched.app)
    if until is not None:
        wanted.append(columns.created_at <= until)
    if since is not None:
        wanted.append(columns.created_at >= since)
    order = [
        column.asc() if since is None else column.desc()
        for column in (columns.created_at, columns.id)
    ]
    return select(table).where(*wanted).order_by(*order).limit(MOST + 1)


def _talk(row: Any, *, is_readable: bool) -> TimelineConversation:  # noqa: ANN401  a row by name
    return TimelineConversation(
        id=row["id"],
        at=row["created_at"],
        title=row["title"] if is_readable else None,
        message_count=row["message_count"],
        escalated_at=row["escalated_at"],
    )


def _opinion(row: Any, *, is_readable: bool) -> TimelineFeedback:  # noqa: ANN401  a row by name
    return TimelineFeedback(
        id=row["id"],
        at=row["created_at"],
        rating=row["rating"],
        scale=row["scale"],
        is_positive=opinions.ConversationOpinion.of(row["rating"], row["scale"])
        is opinions.ConversationOpinion.POSITIVE,
        conversation_id=row["conversation_id"],
        comment=row["comment"] if is_readable else None,
    )
