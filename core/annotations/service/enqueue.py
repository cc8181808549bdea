"""Rules that add messages to the review queue: bad feedback, edited answers, scores, errors, slow
answers, and a sample.

A message's key decides whether it is sampled, and whether two reviewers get it, so checking it
again has the same result. Later reasons are added to an item that still waits.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    FromClause,
    RowMapping,
    Select,
    Uuid,
    and_,
    case,
    column,
    false,
    func,
    literal,
    literal_column,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.orm import Session

from core.annotations.models import ReviewItem
from core.annotations.sampling import in_sample
from core.annotations.schemas import QueueItemView, QueueReason, ReviewRequest
from core.annotations.service import disliked_answers, scored_answers, snapshots
from core.annotations.settings import ReviewSettings
from core.conversations.models import Conversation, Message
from core.conversations.queries import conversations
from core.conversations.schemas import ConversationState, MessageSpeaker
from core.database import settings
from core.database.db import Database, read_session, transaction
from core.database.sql_files import statement
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.ids import new_id

PRIORITIES = {
    QueueReason.ASKED_FOR: 80,
    QueueReason.RATED_LOW: 70,
    QueueReason.EDITED: 60,
    QueueReason.SCORE: 55,
    QueueReason.ERROR: 50,
    QueueReason.ESCALATED: 40,
    QueueReason.SLOW: 30,
    QueueReason.SAMPLE: 10,
}
EACH_FURTHER, HIGHEST = 5, 100
AT_ONCE = 1000
SAMPLED, DOUBLED = 1, 2  # whose dice

answers, talks, items = (table_of(each) for each in (Message, Conversation, ReviewItem))
LAST_ANSWERS = text("""
select distinct on (conversation_id) conversation_id, id from messages
    where conversation_id = any(:ids) and role = 'assistant'
order by conversation_id, position desc""")
IMPORTS = text("select id, import_id from messages where id = any(:ids)")
UPSERT = statement(__package__, "upsert_items")

WAITING = text("""
select id, message_id from review_items where id > :after and state <> 'done' order by id
    limit :limit""")
PRESENT = text("select id from messages where id = any(:ids)")
LET_GO = text("delete from review_items where id = any(:ids) and state <> 'done'")

Found = Mapping[UUID, set[QueueReason]]
Place = tuple[datetime, UUID]


class CheckedUntil(settings.SettingsGroup):
    """Up to which time answers have been checked."""

    until: datetime | None = None


def request_review(
    core: Session, ai: Session, request: ReviewRequest, *, actor: Actor
) -> QueueItemView:
    """Add a message to the queue on request, or this reason and its priority to its waiting item;
    a reviewed item stays unchanged.
    """
    require(actor, Permission.ANNOTATE)
    message_id, _, _ = conversations.get_place(core, request.message_id)
    rules = settings.read(core, ReviewSettings)
    _join(core, ai, {message_id: {QueueReason.ASKED_FOR}}, rules, wanted=request.reviews_wanted)
    return QueueItemView.model_validate(
        dict(ai.execute(select(items).where(items.c.message_id == message_id)).mappings().one())
    )


def enqueue_answers(at: datetime, id_: UUID) -> Place | None:
    """Add due answers after a position to the queue; return the last position, or None."""
    with read_session() as core:
        rules = settings.read(core, ReviewSettings)
        place = (answers.c.created_at, answers.c.id)
        later = _answers(answers, answers, rules).where(tuple_(*place) > (at, id_)).order_by(*place)
        rows = core.execute(later.limit(AT_ONCE)).mappings().all()
        _fill(core, _reasons(rows, rules), rules)
    return (rows[-1]["created_at"], rows[-1]["id"]) if rows else None


def enqueue_conversations(ids: Sequence[UUID]) -> None:
    """Add due answers of whole conversations to the queue, also by users' feedback on them."""
    with read_session() as core, read_session(Database.AI) as ai:
        rules = settings.read(core, ReviewSettings)
        found = _reasons(core.execute(_answers_of(ids, rules)).mappings(), rules)
        for given in (_disliked(core, ai, ids, rules), _scored(core, ids, rules)):
            for message_id, reasons in given.items():
                # A sample is of answers that have no other reason
                found[message_id] = found.get(message_id, set()) - {QueueReason.SAMPLE} | reasons
        _fill(core, found, rules)


def enqueue_by_scores(ids: Sequence[UUID]) -> None:
    """Add answers of conversations to the queue by their scores."""
    with read_session() as core:
        rules = settings.read(core, ReviewSettings)
        _fill(core, _scored(core, ids, rules), rules)


def enqueue_scored(message_ids: Sequence[UUID]) -> None:
    """Add messages with low scores to the queue."""
    with read_session() as core:
        found = {message_id: {QueueReason.SCORE} for message_id in message_ids}
        _fill(core, found, settings.read(core, ReviewSettings))


def priority_of(reasons: Collection[QueueReason]) -> int:
    """Return the priority of an item with these reasons."""
    priority = max(PRIORITIES[reason] for reason in reasons) + EACH_FURTHER * (len(reasons) - 1)
    return min(HIGHEST, priority)


def remove_orphans(after: UUID) -> UUID | None:
    """Remove items of deleted messages; return the last position, or None at the end."""
    # Items first: an item that is added after this has a message that the other query finds
    with read_session(Database.AI) as ai:
        waiting: dict[UUID, UUID] = {
            key: id_ for key, id_ in ai.execute(WAITING, {"after": after, "limit": AT_ONCE})
        }
    with read_session() as core:
        present = set(core.scalars(PRESENT, {"ids": list(waiting.values())}))
    gone = [key for key, message_id in waiting.items() if message_id not in present]
    if gone:
        with transaction(Database.AI) as ai:
            ai.execute(LET_GO, {"ids": gone})
    return max(waiting) if len(waiting) == AT_ONCE else None


def _answers_of(ids: Sequence[UUID], rules: ReviewSettings) -> Select[Any]:
    """Return the answers of conversations."""
    given = (
        func.unnest(literal(list(ids), ARRAY(Uuid())))
        .table_valued(column("id", Uuid()), name="given")
        .render_derived()
    )
    # Each looked up by itself: of tables that were filled a moment ago the planner knows nothing,
    # and would read all answers.
    own = (
        select(answers).where(answers.c.conversation_id == given.c.id).offset(0).lateral("answers")
    )
    return _answers(own, given.join(own, true()), rules)


def _answers(answer: FromClause, source: FromClause, rules: ReviewSettings) -> Select[Any]:
    """Return facts of answers; the conversation's apply to the last one before an escalation."""
    last = answers.alias("last")
    until = func.coalesce(talks.c.escalated_at, literal_column("'infinity'::timestamptz"))
    before = last.c.role == MessageSpeaker.ASSISTANT, last.c.created_at <= until
    last_id = select(last.c.id).where(last.c.conversation_id == answer.c.conversation_id, *before)
    is_last = answer.c.id == last_id.order_by(last.c.position.desc()).limit(1).scalar_subquery()
    is_no_case = and_(
        talks.c.escalated_at.is_(None), talks.c.status != ConversationState.WAITING_HUMAN
    )
    facts = (
        answer.c.error.is_not(None).label("is_error"),
        func.coalesce(answer.c.latency_ms > rules.slow_ms, false()).label("is_slow"),
        case((is_no_case, false()), else_=func.coalesce(is_last, false())).label("is_escalated"),
    )
    found = select(answer.c.id, answer.c.created_at, *facts)
    found = found.select_from(source.join(talks, talks.c.id == answer.c.conversation_id))
    return found.where(
        answer.c.role == MessageSpeaker.ASSISTANT, answer.c.created_at >= _since(rules)
    )


def _reasons(rows: Iterable[RowMapping], rules: ReviewSettings) -> dict[UUID, set[QueueReason]]:
    found: dict[UUID, set[QueueReason]] = {}
    for row in rows:
        facts = {
            QueueReason.ERROR: row["is_error"],
            QueueReason.SLOW: row["is_slow"],
            QueueReason.ESCALATED: row["is_escalated"],
        }
        reasons = {reason for reason, holds in facts.items() if holds}
        if not reasons and in_sample(rules.sample_share, row["id"], SAMPLED):
            reasons = {QueueReason.SAMPLE}
        if reasons:
            found[row["id"]] = reasons
    return found


def _disliked(
    core: Session, ai: Session, ids: Sequence[UUID], rules: ReviewSettings
) -> dict[UUID, set[QueueReason]]:
    """Return disliked or edited messages; feedback on a conversation means its last answer."""
    given = disliked_answers.list_disliked(ai, ids, _since(rules))
    last = _last_answers(core, [each.conversation_id for each in given if not each.message_id])
    found: dict[UUID, set[QueueReason]] = defaultdict(set)
    for each in given:
        message_id = each.message_id or last.get(each.conversation_id)
        if message_id is not None:
            found[message_id] |= each.reasons
    return found


def _scored(
    core: Session, ids: Sequence[UUID], rules: ReviewSettings
) -> dict[UUID, set[QueueReason]]:
    """Return messages with a score that a rule selects; a conversation's means its last answer."""
    given = scored_answers.list_scored(core, ids, rules.score_rules, _since(rules))
    last = _last_answers(core, [talk for talk, message_id in given if message_id is None])
    named = (message_id or last.get(talk) for talk, message_id in given)
    return {message_id: {QueueReason.SCORE} for message_id in named if message_id is not None}


def _last_answers(core: Session, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    wanted = {"ids": list(set(ids))}
    return {key: id_ for key, id_ in core.execute(LAST_ANSWERS, wanted)} if ids else {}


def _fill(core: Session, found: Found, rules: ReviewSettings) -> None:
    due = list(found.items())
    for first in range(0, len(due), AT_ONCE):
        with transaction(Database.AI) as ai:
            _join(core, ai, dict(due[first : first + AT_ONCE]), rules)


def _join(
    core: Session, ai: Session, found: Found, rules: ReviewSettings, *, wanted: int = 1
) -> None:
    if rows := list(_rows(core, found, rules, wanted)):
        ai.execute(UPSERT, rows)


def _rows(
    core: Session, found: Found, rules: ReviewSettings, wanted: int
) -> Iterator[dict[str, Any]]:
    taken = snapshots.take_many(core, list(found))
    imports: dict[UUID, UUID] = {
        id_: given for id_, given in core.execute(IMPORTS, {"ids": list(taken)})
    }
    now = clock.now()
    for id_ in sorted(taken):  # in a fixed order, so that concurrent calls cannot deadlock
        reasons = found[id_]
        reviews = max(wanted, 2 if in_sample(rules.double_share, id_, DOUBLED) else 1)
        facts = {
            "id": new_id(),
            "reasons": sorted(reasons),
            "priority": priority_of(reasons),
            "reviews_wanted": reviews,
        }
        yield {**taken[id_], **facts, "import_id": imports[id_], "created_at": now}


def _since(rules: ReviewSettings) -> datetime:
    return clock.now() - timedelta(days=rules.oldest_days)
