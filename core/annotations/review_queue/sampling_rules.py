"""Rules that add messages to the review queue: bad feedback, rewritten answers, errors, slow answers, and a sample of the rest.

Whether a message is in the sample, and whether two review it, its key decides: however often it is looked at, the answer is the
same. Everything may be looked at twice; a reason that comes later is added to an item that still waits.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from core.annotations.review_queue import snapshots
from core.annotations.review_queue.sampling import below
from core.annotations.schemas import AskedFor, QueueItemView, Reason
from core.annotations.settings import Review
from core.conversations import queries as conversations
from core.conversations.opinions import NEGATIVE
from core.database import settings
from core.database.db import Database, reading, transaction
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.ids import new_id

PRIORITIES = {
    Reason.ASKED_FOR: 80,
    Reason.RATED_LOW: 70,
    Reason.EDITED: 60,
    Reason.ERROR: 50,
    Reason.ESCALATED: 40,
    Reason.SLOW: 30,
    Reason.SAMPLE: 10,
}
EACH_FURTHER, HIGHEST = 5, 100
AT_ONCE = 1000
SAMPLED, DOUBLED = 1, 2  # whose dice

# Of an answer, its own facts; those of its conversation count for the last answer before the user was passed on.
ANSWERS = """
select messages.id, messages.created_at, messages.import_id, messages.error is not null as is_error,
    coalesce(messages.latency_ms > :slow_ms, false) as is_slow,
    case when escalated_at is null and status <> 'waiting_human' then false else coalesce(messages.id = (
        select last.id from messages as last
        where last.conversation_id = messages.conversation_id and last.role = 'assistant'
            and last.created_at <= coalesce(conversations.escalated_at, 'infinity')
        order by last.position desc limit 1), false) end as is_escalated
from {messages} join conversations on conversations.id = messages.conversation_id
where messages.role = 'assistant' and messages.created_at >= :since"""
NEW_ANSWERS = text(f"""{ANSWERS.format(messages="messages")} and (messages.created_at, messages.id) > (:at, :id)
order by messages.created_at, messages.id limit :limit""")
# Each looked up by itself: of tables that are filled a moment ago the planner knows nothing, and would read all new messages.
THEIRS = """unnest(cast(:ids as uuid[])) as given (conversation_id) cross join lateral (
    select * from messages where conversation_id = given.conversation_id offset 0) as messages"""
THEIR_ANSWERS = text(ANSWERS.format(messages=THEIRS))
DISLIKED = text(f"""
select message_id, conversation_id, coalesce({NEGATIVE}, false) as is_low,
    edited_text is not null as is_edited
from ai_feedback where conversation_id = any(:ids) and created_at >= :since
    and (edited_text is not null or {NEGATIVE})""")  # noqa: S608  words of our own
LAST_ANSWERS = text("""
select distinct on (conversation_id) conversation_id, id from messages where conversation_id = any(:ids) and role = 'assistant'
order by conversation_id, position desc""")
IMPORTS = text("select id, import_id from messages where id = any(:ids)")
JOIN = text("""
insert into review_items as item (id, message_id, conversation_id, environment, app, model, provider, prompt_version, user_id,
    message_role, message_at, reasons, priority, reviews_wanted, import_id, created_at)
values (:id, :message_id, :conversation_id, :environment, :app, :model, :provider, :prompt_version, :user_id,
    :message_role, :message_at, :reasons, :priority, :reviews_wanted, :import_id, :created_at)
on conflict (message_id) do update set priority = greatest(item.priority, excluded.priority),
    reasons = (select array_agg(distinct reason) from unnest(item.reasons || excluded.reasons) as reason),
    reviews_wanted = greatest(item.reviews_wanted, excluded.reviews_wanted)
where item.state = 'waiting' and not item.reasons @> excluded.reasons""")
OF_MESSAGE = text("select * from review_items where message_id = :id")

WAITING = text("""
select id, message_id from review_items where id > :after and state <> 'done' order by id limit :limit""")
PRESENT = text("select id from messages where id = any(:ids)")
LET_GO = text("delete from review_items where id = any(:ids) and state <> 'done'")

Found = Mapping[UUID, set[Reason]]
Place = tuple[datetime, UUID]


class Looked(settings.Group):
    """Until when answers have been looked at."""

    until: datetime | None = None


def ask_for(core: Session, ai: Session, given: AskedFor, *, actor: Actor) -> QueueItemView:
    """Put a message into the queue by hand; one that has been there stays as it is."""
    require(actor, Permission.ANNOTATE)
    message_id, _, _ = conversations.get_place(core, given.message_id)
    rules = settings.read(core, Review)
    _join(core, ai, {message_id: {Reason.ASKED_FOR}}, rules, wanted=given.reviews_wanted)
    return QueueItemView.model_validate(dict(ai.execute(OF_MESSAGE, {"id": message_id}).mappings().one()))


def look_at_answers(at: datetime, id_: UUID) -> Place | None:
    """Let what is due of the answers after a place join the queue; return the place of the last one, None when there is none."""
    with reading() as core:
        rules = settings.read(core, Review)
        given = {"at": at, "id": id_, "slow_ms": rules.slow_ms, "since": _since(rules), "limit": AT_ONCE}
        rows = core.execute(NEW_ANSWERS, given).mappings().all()
        _fill(core, _reasons(rows, rules), rules)
    return (rows[-1]["created_at"], rows[-1]["id"]) if rows else None


def look_at_conversations(ids: Sequence[UUID]) -> None:
    """Let what is due of whole conversations join the queue: of their answers, and of what users thought of these."""
    with reading() as core, reading(Database.AI) as ai:
        rules = settings.read(core, Review)
        given = {"ids": list(ids), "slow_ms": rules.slow_ms, "since": _since(rules)}
        found = _reasons(core.execute(THEIR_ANSWERS, given).mappings(), rules)
        for message_id, reasons in _disliked(core, ai, given).items():
            found[message_id] = found.get(message_id, set()) - {Reason.SAMPLE} | reasons
        _fill(core, found, rules)


def let_go(after: UUID) -> UUID | None:
    """Take items after a place off the queue whose messages are gone; return the place of the last one, None after all."""
    with reading(Database.AI) as ai:
        waiting: dict[UUID, UUID] = {key: id_ for key, id_ in ai.execute(WAITING, {"after": after, "limit": AT_ONCE})}
    with reading() as core:
        present = set(core.scalars(PRESENT, {"ids": list(waiting.values())}))
    gone = [key for key, message_id in waiting.items() if message_id not in present]
    if gone:
        with transaction(Database.AI) as ai:
            ai.execute(LET_GO, {"ids": gone})
    return max(waiting) if len(waiting) == AT_ONCE else None


def _reasons(rows: Iterable[RowMapping], rules: Review) -> dict[UUID, set[Reason]]:
    found: dict[UUID, set[Reason]] = {}
    for row in rows:
        facts = {Reason.ERROR: row["is_error"], Reason.SLOW: row["is_slow"], Reason.ESCALATED: row["is_escalated"]}
        reasons = {reason for reason, holds in facts.items() if holds}
        if not reasons and below(rules.sample_share, row["id"], SAMPLED):
            reasons = {Reason.SAMPLE}
        if reasons:
            found[row["id"]] = reasons
    return found


def _disliked(core: Session, ai: Session, given: dict[str, Any]) -> dict[UUID, set[Reason]]:
    """Return which messages users disliked or rewrote; of a whole conversation, that is its last answer."""
    rows = ai.execute(DISLIKED, given).mappings().all()
    whole = {row["conversation_id"] for row in rows if row["message_id"] is None}
    last: dict[UUID, UUID] = {key: id_ for key, id_ in core.execute(LAST_ANSWERS, {"ids": list(whole)})}
    found: dict[UUID, set[Reason]] = defaultdict(set)
    for row in rows:
        message_id = row["message_id"] or last.get(row["conversation_id"])
        if message_id is not None:
            reasons = {Reason.RATED_LOW: row["is_low"], Reason.EDITED: row["is_edited"]}
            found[message_id] |= {reason for reason, holds in reasons.items() if holds}
    return found


def _fill(core: Session, found: Found, rules: Review) -> None:
    due = list(found.items())
    for first in range(0, len(due), AT_ONCE):
        with transaction(Database.AI) as ai:
            _join(core, ai, dict(due[first : first + AT_ONCE]), rules)


def _join(core: Session, ai: Session, found: Found, rules: Review, *, wanted: int = 1) -> None:
    if rows := list(_rows(core, found, rules, wanted)):
        ai.execute(JOIN, rows)


def _rows(core: Session, found: Found, rules: Review, wanted: int) -> Iterator[dict[str, Any]]:
    taken = snapshots.take_many(core, list(found))
    imports: dict[UUID, UUID] = {id_: given for id_, given in core.execute(IMPORTS, {"ids": list(taken)})}
    now = clock.now()
    for id_ in sorted(taken):  # in one order, so that two who do this at once do not wait for each other
        reasons = found[id_]
        priority = max(PRIORITIES[reason] for reason in reasons) + EACH_FURTHER * (len(reasons) - 1)
        reviews = max(wanted, 2 if below(rules.double_share, id_, DOUBLED) else 1)
        facts = {"id": new_id(), "reasons": sorted(reasons), "priority": min(HIGHEST, priority), "reviews_wanted": reviews}
        yield {**taken[id_], **facts, "import_id": imports[id_], "created_at": now}


def _since(rules: Review) -> datetime:
    return clock.now() - timedelta(days=rules.oldest_days)
