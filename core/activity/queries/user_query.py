"""The query of a list of users: filters, status and step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    and_,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.models.events import Event
from core.activity.models.funnels import REACHED
from core.activity.models.users import User, UserSpan
from core.activity.queries import active_users
from core.activity.queries.engagement import user_conditions
from core.activity.queries.funnels import subject_rows
from core.activity.queries.onboarding_status import Deadlines, step_of
from core.activity.queries.releases import release_place
from core.activity.queries.user_filter import DayRange, UserFilter, escaped
from core.activity.schemas import ALL_APPS
from core.activity.views import OnboardingStatus
from core.cache.large_workspaces import cached_if_large, is_large
from core.database.tables import table_of
from core.ingest.external_ids import keys_of
from core.presentation.periods import Watched

users, spans, events = table_of(User), table_of(UserSpan), table_of(Event)
SHOWN = ("id", "external_id", "email", "display_name", "first_seen_at", "last_seen_at")
# So many are named and then put in order; more are walked through in their order, until a page is
# full
FEW = 20_000
SLOT = timedelta(minutes=10)  # of `last_seen_slot`
ENDED = (OnboardingStatus.COMPLETED, OnboardingStatus.DROPPED)
Paged = Callable[[Select[Any]], Select[Any]]


@dataclass(frozen=True)
class UserListQuery:
    """A query of users; in large workspaces, counts and keys may be a minute old."""

    session: Session
    wanted: UserFilter
    watched: Watched
    parameters: Mapping[str, Any]
    release_place: str | None
    deadlines: Deadlines
    is_large: bool

    @classmethod
    def of(cls, session: Session, filters: UserFilter, watched: Watched) -> "UserListQuery":
        """Return the query of a list."""
        return cls(
            session,
            filters,
            watched,
            subject_rows.parameters_of(session, watched)
            | user_conditions.parameters(session, filters, watched),
            release_place(session, watched),
            Deadlines.now(session),
            is_large(session),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set besides environment and app."""
        return (
            self.wanted != UserFilter()
            or self.watched.users is not None
            or self.watched.release is not None
        )

    def find_few(self) -> list[UUID] | None:
        """Return the keys of matching users, or None for many matches or without a filter."""
        # So many that naming them would take longer than counting: counted, where counts are
        # remembered.
        if not self.is_filtered or (self.is_large and self.count() > FEW):
            return None
        found: list[UUID] = self._kept(
            "few", _first_keys(*(select(users.c.id).where(*each) for each in self._parts()))
        )
        return found if len(found) <= FEW else None

    def count(self) -> int:
        """Return the number of matching users."""
        if range_ := self._days_alone:
            return active_users.count_users_of_days(self.session, range_, self.watched)
        everybody = select(func.count()).where(
            spans.c.environment == self.watched.environment, spans.c.app == self._place
        )
        each = [select(func.count()).select_from(users).where(*part) for part in self._parts()]
        if not self.is_filtered:
            each[0] = everybody
        counts: list[ColumnElement[int]] = [count.scalar_subquery() for count in each]
        return int(self._kept("count", select(sum(counts[1:], counts[0]))))

    def page(self, few: list[UUID] | None, paged: Paged) -> Select[Any]:
        """Return a page of matching users: of the few keys, or by walking an index in order."""
        if few is not None:
            return self._states(
                paged(select(users).where(users.c.id == func.any(literal(few, ARRAY(Uuid())))))
            )
        rows = select(users).where(self._is_placed_each, *self._conditions)
        wanted = self.wanted
        if wanted.status is None and wanted.step is None:
            return self._states(paged(rows))
        states = self._states(rows.where(*self._seen)).subquery("states")
        found = (
            select(states).where(states.c.status == wanted.status)
            if wanted.status is not None
            else select(states)
        )
        return paged(
            found.where(states.c.step == wanted.step) if wanted.step is not None else found
        )

    @property
    def _days_alone(self) -> DayRange | None:
        """Return the days, when counts by day answer how many match: these name no users."""
        days, has_place = self.wanted.active, self.watched.release is None or self.release_place
        is_all = self.watched.users is None and self.wanted == UserFilter(active=days)
        return DayRange.read(days) if days is not None and has_place and is_all else None

    @property
    def _place(self) -> str:
        return ALL_APPS if self.watched.app is None else self.watched.app

    @property
    def _is_placed_each(self) -> ColumnElement[bool]:
        """Whether users are in the environment and app; those without events are in all."""
        is_here = and_(spans.c.environment == self.watched.environment, spans.c.app == self._place)
        return func.coalesce(
            select(func.bool_or(is_here)).where(spans.c.user_id == users.c.id).scalar_subquery(),
            true(),
        )

    def _parts(self) -> list[list[ColumnElement[bool]]]:
        """Return the conditions for users with events in this environment and app, and for users
        without any events.

        Together they select the same users as _is_placed_each, but each can be a parallel join.
        """
        conditions = [*self._conditions, *self._standing()]
        here = (spans.c.environment == self.watched.environment, spans.c.app == self._place)
        placed = exists(select(spans.c.user_id).where(spans.c.user_id == users.c.id, *here))
        if self.wanted.status in ENDED or self.wanted.step:
            return [[placed, *conditions]]
        placeless = not_(user_conditions.was_seen(users.c.id))
        named: list[UUID] = self._kept(
            "placeless", _first_keys(select(users.c.id).where(placeless)), is_of_all=True
        )
        if len(named) <= FEW:
            placeless = users.c.id == func.any(literal(named, ARRAY(Uuid())))
        return [[placed, *conditions], [placeless, *conditions]]

    @property
    def _conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.watched.users is not None:
            found.append(users.c.id.in_(self.watched.users))
        if self.wanted.q is not None:
            part = func.lower(f"%{escaped(self.wanted.q)}%")
            found.append(
                or_(users.c.search.like(part), users.c.id.in_(keys_of("user", self.wanted.q)))
            )
        if self.watched.release is not None:
            found.append(users.c.id.in_(self._of_release))
        place = self.release_place or self.watched.environment
        return [
            *found,
            *user_conditions.conditions(self.wanted, self.watched, users.c.id, place=place),
        ]

    @property
    def _of_release(self) -> Select[Any]:
        """Return the users of a release; of one that has no days, those with an event of it."""
        if self.release_place is None:
            row = events.c
            is_of_release = row.release == self.watched.release
            seen = select(row.user_id).where(
                row.environment == self.watched.environment, is_of_release
            )
            return select(seen.cte().prefix_with("materialized").c.user_id)
        is_there = (spans.c.environment == self.release_place, spans.c.app == self._place)
        return select(spans.c.user_id).where(*is_there)

    @property
    def _seen(self) -> list[ColumnElement[bool]]:
        """Return the conditions of a status on `last_seen_at`."""
        stuck, seen, slot = self.deadlines.stuck, users.c.last_seen_at, users.c.last_seen_slot
        if self.wanted.status is OnboardingStatus.STUCK:
            return [slot <= stuck, seen < stuck]
        return (
            [slot > stuck - SLOT, seen >= stuck]
            if self.wanted.status is OnboardingStatus.IN_PROGRESS
            else []
        )

    def _standing(self) -> list[ColumnElement[bool]]:
        """Return the conditions that a status and a step make."""
        found, wanted = list[ColumnElement[bool]](), self.wanted
        if wanted.status in ENDED:
            found.append(users.c.id.in_(union_all(*self._ended(wanted.status))))
        elif wanted.status is not None:
            ended = union_all(*(half for each in ENDED for half in self._ended(each))).subquery(
                "ended"
            )
            found += [not_(exists(select(ended.c.id).where(ended.c.id == users.c.id))), *self._seen]
        if wanted.step is not None:
            begun = self._subject_of(users.c.id)
            row = begun.selected_columns
            begun = begun.where(
                step_of(row) == wanted.step if wanted.step else row.reached_1.is_not(None)
            ).with_only_columns(row.subject)
            found.append(exists(begun) if wanted.step else not_(exists(begun)))
        return found

    def _ended(self, status: OnboardingStatus) -> list[Select[Any]]:
        """Return those who have come through, or dropped out: an index of each half knows when they
        began, be they few or many.

        Who they are is then looked up.
        """
        rows = subject_rows.select_subjects(has_app=self.watched.app is not None)
        row = rows.selected_columns
        halves = (
            rows.where(half, self.deadlines.has(row, status))
            for half in (~row.is_unsure, row.is_unsure)
        )
        user = func.user_of(row.subject, type_=Uuid()).label("id")
        begun = tuple_(row.app, row.reached_1)
        # `offset 0` keeps the inner query apart, which finds them by an index
        return [
            half.with_only_columns(user).where(
                begun.in_(
                    half.with_only_columns(row.app, row.reached_1).offset(literal_column("0"))
                )
            )
            for half in halves
        ]

    def _subject_of(self, id_: ColumnElement[UUID]) -> Select[Any]:
        rows = subject_rows.select_subjects(has_app=self.watched.app is not None)
        return rows.where(rows.selected_columns.subject == func.user_subject(id_))

    def _states(self, rows: Select[Any]) -> Select[Any]:
        """Return users with their status, looked up per row: a limit reads only what it needs."""
        each = rows.subquery("each")
        begun = (
            self._subject_of(each.c.id).offset(literal_column("0")).correlate(each).lateral("begun")
        )
        reached = (
            select(each, *(begun.c[name] for name in REACHED))
            .outerjoin_from(each, begun, true())
            .subquery("reached")
        )
        shown = (reached.c[name] for name in (*SHOWN, "last_seen_slot"))
        return select(
            *shown,
            self.deadlines.status(reached.c).label("status"),
            step_of(reached.c).label("step"),
        )

    def _kept(self, name: str, question: Select[Any], *, is_of_all: bool = False) -> Any:  # noqa: ANN401  a number, or keys
        def ask() -> object:
            return self.session.scalar(question, self.parameters)

        key = ("users", name) if is_of_all else ("users", name, self.wanted, self.watched)
        return cached_if_large(self.session, key, ask)


def _first_keys(*parts: Select[Any]) -> Select[Any]:
    """Return the statement that finds the first keys, and one more than a few."""
    each = union_all(*parts).subquery("each") if len(parts) > 1 else parts[0].subquery("each")
    return select(
        func.array(select(each.c.id).limit(FEW + 1).scalar_subquery(), type_=ARRAY(Uuid()))
    )
