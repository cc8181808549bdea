"""The query of a list of anonymous sessions: filters, status and order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    exists,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)

from core.activity.models.events import Event
from core.activity.models.funnels import REACHED, Subject
from core.activity.queries import user_details
from core.activity.queries.engagement import user_conditions
from core.activity.queries.funnels.funnel import MOMENT, Columns
from core.activity.queries.onboarding_status import Deadlines, step_of
from core.activity.queries.user_filter import UserFilter, escaped
from core.database.paging import Sort, SortCursor, Window
from core.database.tables import table_of
from core.presentation.periods import Watched

DONE = ("first_seen_at", "last_seen_at", "events", "errors")
subjects, events = table_of(Subject), table_of(Event)


@dataclass(frozen=True)
class AnonymousQuery:
    """The statement for a page of anonymous sessions."""

    wanted: UserFilter
    watched: Watched
    apps: Sequence[str]
    deadlines: Deadlines
    release_place: str | None

    def count(self) -> Select[Any]:
        """Return how many they are."""
        states = self._states(lambda app: app == func.any(literal(self.apps, ARRAY(Text))))
        return select(func.count()).select_from(states.subquery("counted"))

    def page(self, window: Window, after: SortCursor | None) -> Select[Any]:
        """Return a page: sessions that started onboarding, latest first, then the others."""
        places = (
            func.unnest(literal(self.apps, ARRAY(Text)))
            .table_valued("place", name="places")
            .render_derived()
        )
        states = self._states(lambda app: app == places.c.place)
        row, reach = states.selected_columns, window.limit + window.offset
        begun, idle = sorts(row)
        # Ordered by the constant, too: else the planner takes the primary key, where all users come
        # before the first session.
        parts = [(idle, states.where(row.reached_1.is_(None)).order_by(row.reached_1.desc()))]
        # A cursor among the idle sessions lies behind all that began
        if not _is_of(idle, after):
            parts.insert(0, (begun, states.where(row.reached_1.is_not(None))))
        # Each app by itself follows the index: of all apps at once, every session would be sorted
        first = [
            select(
                sort.following(part, after if _is_of(sort, after) else None)
                .limit(reach)
                .correlate(places)
                .subquery()
            )
            for sort, part in parts
        ]
        shown = union_all(*first).lateral("shown")
        wanted = (
            _latest(select(shown).join_from(places, shown, true()))
            .limit(window.limit)
            .offset(window.offset)
        )
        page = wanted.cte("page").prefix_with("materialized")
        # The raw rows of all of them at once: a page of two hundred would else ask two hundred
        # times.
        sessions = func.any(func.array(select(func.session_of(page.c.subject)).scalar_subquery()))
        session = (events.c.session_id, events.c.app)
        counted = (
            session_counts(sessions, literal(self.apps, ARRAY(Text)), self.watched)
            .add_columns(*session)
            .group_by(*session)
        )
        done = counted.cte("done").prefix_with("materialized")
        is_own = and_(
            done.c.session_id == func.session_of(page.c.subject), done.c.app == page.c.app
        )
        counts = (func.coalesce(done.c[name], 0).label(name) for name in ("events", "errors"))
        seen = (
            func.session_of(page.c.subject).label("session_id"),
            done.c.first_seen_at,
            done.c.last_seen_at,
        )
        return _latest(select(page, *seen, *counts).outerjoin_from(page, done, is_own))

    def _states(self, is_in: Callable[[ColumnElement[str]], ColumnElement[bool]]) -> Select[Any]:
        """Return the sessions of some apps with how far they are.

        The last sign of life is the last event of onboarding that is kept of it; what else it did
        is looked up for a page alone.
        """
        last = literal_column(
            "(select max(mark_micros(mark)) from unnest(subjects.marks) as mark)", BigInteger
        )
        own = (
            subjects.c.environment == self.watched.environment,
            ~subjects.c.of_release,
            is_in(subjects.c.app),
            func.is_session(subjects.c.subject),
            literal(self.watched.users is None),  # a session is of no user
        )
        seen = select(subjects, func.from_micros(last, type_=MOMENT).label("last_seen_at")).where(
            *own
        )
        row, wanted = seen.correlate_except(subjects).subquery("seen").c, self.wanted
        states = select(
            *(row[name] for name in ("subject", "app", *REACHED)),
            self.deadlines.status(row).label("status"),
            step_of(row).label("step"),
        )
        if wanted.q is not None:
            states = states.where(row.subject.ilike(func.session_subject(f"%{escaped(wanted.q)}%")))
        if self.watched.release is not None:
            states = states.where(self._is_of_release(row))
        if wanted.path is not None:
            took = user_conditions.path_takers(wanted.path, self.watched)
            states = states.where(row.subject.in_(select(took.c.subject)))
        if wanted.status is not None:
            states = states.where(self.deadlines.has(row, wanted.status))
        return states.where(step_of(row) == wanted.step) if wanted.step is not None else states

    def _is_of_release(self, row: Columns) -> ColumnElement[bool]:
        """Whether a session has an event of the release; one without a place is looked up."""
        if self.release_place is None:
            named = select(func.session_subject(events.c.session_id)).where(
                events.c.session_id.is_not(None),
                events.c.user_id.is_(None),
                *user_details.event_filters(self.watched),
            )
            is_named: ColumnElement[bool] = row.subject.in_(named)
            return is_named
        other = subjects.alias("of_release").c
        # Sessions alone, though the join says so: a count hashes these, and users are many more
        there = (
            other.environment == self.release_place,
            other.of_release,
            func.is_session(other.subject),
        )
        own = select(other.subject).where(
            *there, other.subject == row.subject, other.app == row.app
        )
        return exists(own)


def sorts(row: Columns) -> tuple[Sort, Sort]:
    """Return how sessions are sorted: those that started onboarding, and below them the others."""
    own = row.subject, row.app
    return Sort.by("-began", row.reached_1, *own), Sort.by("-idle", *own)


def _is_of(sort: Sort, after: SortCursor | None) -> bool:
    return after is not None and len(after) == len(sort.keys)


def _latest(rows: Select[Any]) -> Select[Any]:
    row = rows.selected_columns
    return rows.order_by(row.reached_1.desc().nulls_last(), row.subject.desc(), row.app.desc())


def session_counts(
    session_id: ColumnElement[str], apps: ColumnElement[Any], watched: Watched
) -> Select[Any]:
    """Return when sessions were seen, and how many events and errors they had."""
    row = events.c
    errors = func.count().filter(func.is_error(row.error_code, row.event_type))
    seen = (func.min(row.created_at), func.max(row.created_at), func.count(), errors)
    own = (
        row.session_id == session_id,
        row.user_id.is_(None),
        row.environment == watched.environment,
        row.app == func.any(apps),
    )
    return select(*(each.label(name) for name, each in zip(DONE, seen, strict=True))).where(*own)
