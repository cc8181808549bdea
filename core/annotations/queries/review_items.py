"""The review queue as a list, with counts."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from core.annotations.errors import ItemMissing
from core.annotations.models import ReviewItem, ReviewPass
from core.annotations.queries.backlog import Backlog, read_backlog
from core.annotations.schemas import ItemOutcome, ItemState, QueueItemView
from core.database import settings
from core.database.paging import Sort, SortCursor, SortedPage, SortKey, Window
from core.database.tables import table_of
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.periods import day_of, midnight

items, passes = table_of(ReviewItem), table_of(ReviewPass)


class QueueCounts(Backlog):
    """The backlog, and how much of it the actor can still get, and completed today."""

    waiting_for_me: int
    mine_today: int


def list_items(
    ai: Session,
    state: ItemState,
    window: Window,
    *,
    after: SortCursor | None = None,
    actor: Actor,
    is_mine: bool = False,
    count: bool = True,
) -> SortedPage[QueueItemView]:
    """Return the items of a state; waiting ones in the order of assignment, without those that the
    actor passed.

    Adjudicators get only items that they have not reviewed themselves.
    """
    require(actor, Permission.ANNOTATE)
    where, sort = _where(state, actor, is_mine=is_mine), sort_of(state)
    rows = ai.execute(sort.page(select(items).where(*where), window, after)).mappings().all()
    counting = select(func.count()).select_from(items).where(*where)

    def ask() -> int:
        return ai.scalar(counting) or 0

    total = (window.total(len(rows), ask) if after is None else ask()) if count else 0
    found = [QueueItemView.model_validate(dict(row)) for row in rows]
    return window.sorted_page(found, total, sort.next_cursor(rows, window))


def sort_of(state: ItemState) -> Sort:
    """Return how the items of a state are sorted; waiting ones in the order of assignment."""
    row = items.c
    if state is not ItemState.WAITING:
        return Sort.by(state, row.created_at, row.id)
    keys = (SortKey(row.priority, is_descending=True), SortKey(row.message_at), SortKey(row.id))
    return Sort(state, keys)


def list_items_by_id(
    ai: Session,
    state: ItemState,
    *,
    limit: int,
    after: UUID | None,
    actor: Actor,
    is_mine: bool = False,
) -> list[QueueItemView]:
    """Return the items of a state after one, by ID: an order that no review changes."""
    require(actor, Permission.ANNOTATE)
    page = select(items).where(*_where(state, actor, is_mine=is_mine))
    if after is not None:
        page = page.where(items.c.id > after)
    rows = ai.execute(page.order_by(items.c.id).limit(limit)).mappings()
    return [QueueItemView.model_validate(dict(row)) for row in rows]


def _where(state: ItemState, actor: Actor, *, is_mine: bool) -> list[ColumnElement[bool]]:
    columns = items.c
    where: list[ColumnElement[bool]] = [columns.state == state]
    own = exists().where(passes.c.item_id == columns.id, passes.c.account_id == actor.id)
    if state is ItemState.WAITING:
        where.append(~own)
    if state is ItemState.ADJUDICATION and may(actor, Permission.DECIDE_REVIEWS):
        where.append(~own.where(passes.c.outcome != ItemOutcome.SKIPPED))
    if is_mine:
        where += [columns.claimed_by == actor.id, columns.claimed_until > clock.now()]
    return where


def get_item(ai: Session, id_: UUID, *, actor: Actor) -> QueueItemView:
    """Return an item; raise ItemMissing."""
    require(actor, Permission.ANNOTATE)
    row = ai.execute(select(items).where(items.c.id == id_)).mappings().one_or_none()
    if row is None:
        raise ItemMissing
    return QueueItemView.model_validate(dict(row))


def counters(core: Session, ai: Session, *, actor: Actor) -> QueueCounts:
    """Return the backlog, and of the actor the items that list_items() has and those completed
    since midnight (reporting zone).
    """
    require(actor, Permission.ANNOTATE)
    zone = settings.read(core, settings.Workspace).reporting_time_zone
    mine = (
        (passes.c.account_id == actor.id)
        & (passes.c.at >= midnight(day_of(clock.now(), zone), zone))
        & (passes.c.outcome != ItemOutcome.SKIPPED)
    )
    today = ai.scalar(select(func.count()).select_from(passes).where(mine)) or 0
    left = select(func.count()).select_from(items)
    left = left.where(*_where(ItemState.WAITING, actor, is_mine=False))
    return QueueCounts(
        **read_backlog(ai, actor=actor).model_dump(),
        waiting_for_me=ai.scalar(left) or 0,
        mine_today=today,
    )
