"""The review queue as a list, with counts, and actions on many items at once."""

from collections.abc import Callable
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from core.annotations.errors import ItemMissing
from core.annotations.models import ReviewItem, ReviewPass
from core.annotations.review_queue import leases
from core.annotations.review_queue.backlog import Backlog, read_backlog
from core.annotations.schemas import (
    AnnotationType,
    BulkAction,
    BulkBody,
    BulkDone,
    ItemOutcome,
    ItemState,
    QueueItemView,
    ReviewVerdict,
)
from core.annotations.settings import Review
from core.cache import memo
from core.database import settings
from core.database.paging import Page, Window
from core.database.tables import table_of
from core.errors import Failure
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.platform import clock

items, passes = table_of(ReviewItem), table_of(ReviewPass)


class Counters(Backlog):
    """How much waits, since when, and how much of it one has done today."""

    mine_today: int


def list_items(
    ai: Session, state: ItemState, window: Window, *, actor: Actor, is_mine: bool = False, count: bool = True
) -> Page[QueueItemView]:
    """Return the items of a state: those that wait as they will be lent, without what this reviewer has passed.

    Who decides between reviewers gets only what he may decide: what he has reviewed himself, somebody else does.
    """
    require(actor, Permission.ANNOTATE)
    columns = items.c
    where = [columns.state == state]
    own = exists().where(passes.c.item_id == columns.id, passes.c.account_id == actor.id)
    if state is ItemState.WAITING:
        where.append(~own)
    if state is ItemState.ADJUDICATION and may(actor, Permission.DECIDE_REVIEWS):
        where.append(~own.where(passes.c.outcome != ItemOutcome.SKIPPED))
    if is_mine:
        where += [columns.claimed_by == actor.id, columns.claimed_until > clock.now()]
    waiting = (columns.priority.desc(), columns.message_at, columns.id)
    order = waiting if state is ItemState.WAITING else (columns.created_at, columns.id)
    rows = ai.execute(select(items).where(*where).order_by(*order).limit(window.limit).offset(window.offset)).mappings().all()
    counting = select(func.count()).select_from(items).where(*where)
    ask = partial(memo.counted, ("review items", state, actor.id, is_mine), lambda: ai.scalar(counting) or 0)
    total = window.total(len(rows), ask) if count else 0
    return Page([QueueItemView.model_validate(dict(row)) for row in rows], total)


def get_item(ai: Session, id_: UUID, *, actor: Actor) -> QueueItemView:
    """Return an item; raise ItemMissing."""
    require(actor, Permission.ANNOTATE)
    row = ai.execute(select(items).where(items.c.id == id_)).mappings().one_or_none()
    if row is None:
        raise ItemMissing
    return QueueItemView.model_validate(dict(row))


def counters(core: Session, ai: Session, *, actor: Actor) -> Counters:
    """Return how much waits and since when, and how many items one has done since midnight of the reporting time zone."""
    require(actor, Permission.ANNOTATE)
    zone = ZoneInfo(settings.read(core, settings.Workspace).reporting_time_zone)
    midnight = clock.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    mine = (passes.c.account_id == actor.id) & (passes.c.at >= midnight) & (passes.c.outcome != ItemOutcome.SKIPPED)
    today = ai.scalar(select(func.count()).select_from(passes).where(mine)) or 0
    return Counters(**read_backlog(ai, actor=actor).model_dump(), mine_today=today)


def act_on_many(ai: Session, given: BulkBody, rules: Review, *, actor: Actor) -> BulkDone:
    """Approve or skip a selection; what others have, or what has been done meanwhile, is left."""
    require(actor, Permission.ANNOTATE)
    acts: dict[BulkAction, Callable[[UUID], object]] = {
        BulkAction.APPROVE: lambda id_: leases.done(ai, id_, ReviewVerdict(annotation_type=AnnotationType.APPROVED), actor=actor),
        BulkAction.SKIP: lambda id_: leases.skip(ai, id_, actor=actor),
    }
    done, left = [], []
    for id_ in sorted(set(given.ids)):  # in one order, so that two who do this at once do not wait for each other
        try:
            with ai.begin_nested():
                leases.claim_one(ai, id_, rules, actor=actor)
                acts[given.action](id_)
            done.append(id_)
        except Failure:
            left.append(id_)
    return BulkDone(done=done, left=left)
