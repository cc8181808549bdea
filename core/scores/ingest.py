"""Store received scores; those that name only a message are linked when it arrives."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.conversations.ingest import named_messages
from core.conversations.ingest.named_messages import NAMED, MessageName
from core.conversations.queries import sender_ids
from core.conversations.queries.sender_ids import MessagePlace, Named
from core.database.db import transaction
from core.database.import_traces import note_owned, note_repeated
from core.database.locks import Lock
from core.database.sql_files import driver_statement
from core.database.staging import Stage, driver
from core.ingest.rows import RowSource, as_jsonb, key_of
from core.jobs import outbox
from core.platform import clock
from core.platform.ids import new_id
from core.scores.models import MessageScore
from core.scores.schemas import NewScore, ScoreSource, ScoreSubject

TABLE, GIVEN = "message_scores", "scores.given"
SCORES = Stage(
    "staged_scores",
    {
        "id": "uuid",
        "external_id": "text",
        "subject_kind": "text",
        "subject_id": "uuid",
        "conversation_id": "uuid",
        "message_name": "text",
        "user_id": "uuid",
        "name": "text",
        "value": "float8",
        "label": "text",
        "source": "text",
        "comment": "text",
        "evaluator": "text",
        "evaluator_version": "text",
        "cost_usd": "numeric",
        "environment": "text",
        "app": "text",
        "release": "text",
        "attributes": "text",
        "import_id": "uuid",
        "created_at": "timestamptz",
    },
)
UPSERT = driver_statement(__package__, "upsert_scores")

# Only while the score has not changed since.
LINK = text("""
update message_scores as present set conversation_id = given.conversation_id,
    requests_due_at = now(),
    subject_id = case present.subject_kind when 'message' then given.message_id
        else present.subject_id end
from unnest(cast(:ids as uuid[]), cast(:times as timestamptz[]), cast(:messages as uuid[]),
    cast(:conversations as uuid[])) as given (id, at, message_id, conversation_id)
where given.id = present.id and given.at = present.created_at""")


# Of scores that named a message alone, and whose newer state does not.
FORGET_STALE = """
delete from named_messages as named using message_scores as score, staged_scores as staged
where score.id = staged.id and named.id = score.id and score.message_name is null"""
FORGET = text("delete from named_messages where id = any(:ids)")
DUE = text("update message_scores set requests_due_at = now() where id = any(:ids)")
NAMES = text("""
select id, message_name, created_at from message_scores
where id = any(:ids) and message_name is not null""")


class KeyedScore(NamedTuple):
    """A score with its key and its time, or the time of its arrival."""

    id: UUID
    at: datetime
    given: NewScore


def store(session: Session, scores: list[NewScore], source: RowSource) -> int:
    """Store scores; return how many of them are new or newer than the stored ones."""
    keyed = list(_with_ids(source.cleaned(scores)))
    names = [
        MessageName(each.id, each.given.message_id, each.at)
        for each in keyed
        if each.given.message_id is not None and each.given.conversation_id is None
    ]
    # A transaction of its own, committed before the messages are looked up (named_messages.py)
    with transaction() as core:
        named_messages.store(core, names)
    places = sender_ids.places(session, {_named(each.given) for each in keyed})
    connection = driver(session)
    SCORES.copy(connection, (_row(each, places[_named(each.given)], source) for each in keyed))
    note_owned(connection, source.import_id, TABLE, SCORES)
    stored = connection.execute(UPSERT).rowcount
    connection.execute(FORGET_STALE)
    note_repeated(connection, source.import_id, TABLE, SCORES)
    _announce(session, (place.conversation_id for place in places.values()))
    if names:  # by then both are stored, in whichever order they arrived
        outbox.add(session, NAMED, {"names": sorted({each.name for each in names})})
    return stored


class OwnScore(NamedTuple):
    """A score that Attune itself gives an answer; its ID is the same each time."""

    id: UUID
    message_id: UUID
    conversation_id: UUID
    user_id: UUID | None
    name: str
    value: float | None
    label: str
    source: ScoreSource
    comment: str
    evaluator: str
    evaluator_version: str
    cost_usd: Decimal | None
    environment: str
    app: str
    release: str
    attributes: dict[str, Any]


def store_own(session: Session, scores: list[OwnScore]) -> None:
    """Store scores that are not stored yet."""
    if not scores:
        return
    now = clock.now()
    rows = []
    for each in scores:
        row = each._asdict()
        message_id = row.pop("message_id")
        subject = {"subject_kind": ScoreSubject.MESSAGE, "subject_id": message_id}
        rows.append({**row, **subject, "created_at": now})
    session.execute(insert(MessageScore).on_conflict_do_nothing(), rows)
    _announce(session, (each.conversation_id for each in scores))


def link(names: list[str]) -> None:
    """Link scores that named only a message to that message; not when several have this name.

    One call at a time, so that of two concurrent calls the second sees what the first saw.
    """
    with transaction() as session:
        session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": Lock.SCORES})
        named = named_messages.list_names(session, names)
        places = sender_ids.places(session, {(None, name) for name in names})
        meant = [places[None, each.name] for each in named]
        given = {
            "ids": [each.row_id for each in named],
            "times": [each.named_at for each in named],
            "messages": [place.message_id for place in meant],
            "conversations": [place.conversation_id for place in meant],
        }
        session.execute(LINK, given)
        _announce(session, (place.conversation_id for place in meant))


def note_names(session: Session, ids: list[UUID]) -> None:
    """Note again which messages these scores name, after an undo has changed or removed them; their
    requests are looked up again.
    """
    session.execute(FORGET, {"ids": ids})
    session.execute(DUE, {"ids": ids})
    names = [MessageName(*row) for row in session.execute(NAMES, {"ids": ids})]
    named_messages.store(session, names)
    if names:
        outbox.add(session, NAMED, {"names": sorted({each.name for each in names})})


def _announce(session: Session, conversation_ids: Iterable[UUID | None]) -> None:
    """Notify other features of conversations that have new scores."""
    if ids := sorted({str(id_) for id_ in conversation_ids if id_ is not None}):
        outbox.add(session, GIVEN, {"ids": ids})


def _named(score: NewScore) -> Named:
    return score.conversation_id, score.message_id


def _with_ids(scores: list[NewScore]) -> Iterator[KeyedScore]:
    now = clock.now()
    for each in scores:
        yield KeyedScore(
            key_of("score", each.id) if each.id is not None else new_id(),
            each.created_at or now,
            each,
        )


def _subject(score: NewScore, place: MessagePlace) -> tuple[ScoreSubject, UUID | None]:
    if score.ai_request_id is not None:
        return ScoreSubject.AI_REQUEST, key_of("ai_request", score.ai_request_id)
    if score.message_id is not None:
        return ScoreSubject.MESSAGE, place.message_id
    return ScoreSubject.CONVERSATION, place.conversation_id


def _row(keyed: KeyedScore, place: MessagePlace, source: RowSource) -> tuple[object, ...]:
    score = keyed.given
    return (
        keyed.id,
        score.id,
        *_subject(score, place),
        place.conversation_id,
        score.message_id if score.conversation_id is None else None,
        key_of("user", score.user_id) if score.user_id is not None else None,
        score.name,
        None if score.value is None else float(score.value),
        score.label,
        score.source,
        score.comment,
        score.evaluator,
        score.evaluator_version,
        score.cost_usd,
        score.environment or source.environment,
        score.app or "",
        score.release or "",
        as_jsonb(score.extra),
        source.import_id,
        keyed.at,
    )
