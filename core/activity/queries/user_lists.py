"""Lists of users with their onboarding status."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, select
from sqlalchemy.orm import Session

from core.activity.queries.funnels.funnel import Columns
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.activity.queries.user_filter import UserFilter
from core.activity.queries.user_query import SHOWN, UserListQuery, users
from core.activity.views import OnboardingStatus, UserSummary
from core.database.paging import Sort, SortCursor, SortedPage, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Watched


class UserOrder(StrEnum):
    """Orders of users; a minus is descending."""

    LAST_SEEN_FIRST = "-last_seen"
    LAST_SEEN = "last_seen"
    NEWEST_FIRST = "-first_seen"
    OLDEST_FIRST = "first_seen"
    ID = "external_id"
    ID_BACKWARDS = "-external_id"


def list_users(
    session: Session,
    filters: UserFilter,
    watched: Watched,
    order: UserOrder = UserOrder.LAST_SEEN_FIRST,
    *,
    window: Window,
    after: SortCursor | None = None,
    actor: Actor,
) -> SortedPage[UserSummary]:
    """Return users with their onboarding status; the total counts all that match."""
    require(actor, Permission.WATCH)
    asked = UserListQuery.of(session, filters, watched)
    few = asked.find_few()

    def paged(rows: Select[Any]) -> Select[Any]:
        following = sort_of(order, rows.selected_columns).following(rows, after)
        return following.limit(window.limit).offset(window.offset)

    page = asked.page(few, paged).subquery("page")
    # Sorted again: the page joins statuses, after which its order is no longer sure
    sort = sort_of(order, page.c)
    rows = sort.page(select(page), Window(window.limit), None)
    found = session.execute(rows, asked.parameters).mappings().all()
    names = read_workspace_funnel(session).names
    items = [summary_of(row, OnboardingStatus(row["status"]), row["step"], names) for row in found]
    total = asked.count() if few is None else len(few)
    return window.sorted_page(items, total, sort.next_cursor(found, window))


def sort_of(order: UserOrder, row: Columns = users.c) -> Sort:
    """Return how users are sorted; ten minutes of `last_seen_at` have the index."""
    names = {"last_seen": ("last_seen_slot", "last_seen_at"), "first_seen": ("first_seen_at",)}
    chosen = names.get(order.lstrip("-"), ("external_id",))
    return Sort.by(order, *(row[name] for name in (*chosen, "id")))


def list_users_by_id(
    session: Session,
    filters: UserFilter,
    watched: Watched,
    *,
    limit: int,
    after: UUID | None,
    actor: Actor,
) -> list[UserSummary]:
    """Return the users after one, ordered by ID, which no change of the data affects."""
    require(actor, Permission.WATCH)
    asked = UserListQuery.of(session, filters, watched)

    def following(rows: Select[Any]) -> Select[Any]:
        row = rows.selected_columns
        return rows.where(row.id > (after or UUID(int=0))).order_by(row.id).limit(limit)

    page = asked.page(asked.find_few(), following).subquery("page")
    found = session.execute(select(page).order_by(page.c.id), asked.parameters).mappings()
    names = read_workspace_funnel(session).names
    return [summary_of(row, OnboardingStatus(row["status"]), row["step"], names) for row in found]


def summary_of(
    row: RowMapping, status: OnboardingStatus, step: int, names: Sequence[str]
) -> UserSummary:
    """Return a user in one line; `names` are the event types of the steps."""
    known: dict[str, Any] = {name: row[name] for name in SHOWN}
    return UserSummary(
        **known, status=status, step=step, step_event_type=names[step - 1] if step else None
    )
