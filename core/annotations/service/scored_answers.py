"""The answers that a score rule adds to the review queue."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Uuid, and_, any_, literal, or_, select
from sqlalchemy.orm import Session

from core.ai_metrics.models import AiRequest
from core.annotations.score_rules import ScoreRule
from core.database.tables import table_of
from core.scores.models import MessageScore
from core.scores.queries.conditions import of_score
from core.scores.schemas import ScoreSubject

scores, requests = table_of(MessageScore), table_of(AiRequest)


def list_scored(
    core: Session, conversation_ids: Sequence[UUID], rules: Sequence[ScoreRule], since: datetime
) -> list[tuple[UUID, UUID | None]]:
    """Return the conversation and the message of each score that a rule selects.

    A score of an AI request belongs to the message of the request. Without a message, it is the
    conversation's.
    """
    if not rules:
        return []
    columns = scores.c
    selected = (and_(*of_score(rule.name, rule.below, rule.above, rule.label)) for rule in rules)
    wanted = select(columns.conversation_id, columns.subject_kind, columns.subject_id).where(
        columns.conversation_id == any_(literal(list(conversation_ids), ARRAY(Uuid()))),
        columns.created_at >= since,
        or_(*selected),
    )
    rows = core.execute(wanted).mappings().all()
    messages = _messages_of_requests(core, rows, since)
    return [
        (row["conversation_id"], messages.get(row["subject_id"], _message_of(row))) for row in rows
    ]


def _message_of(row: RowMapping) -> UUID | None:
    return row["subject_id"] if row["subject_kind"] == ScoreSubject.MESSAGE else None


def _messages_of_requests(
    core: Session, rows: Sequence[RowMapping], since: datetime
) -> dict[UUID, UUID | None]:
    ids = [row["subject_id"] for row in rows if row["subject_kind"] == ScoreSubject.AI_REQUEST]
    if not ids:
        return {}
    columns = requests.c
    named = select(columns.id, columns.message_id).where(
        columns.id == any_(literal(ids, ARRAY(Uuid()))), columns.created_at >= since
    )
    return {id_: message_id for id_, message_id in core.execute(named)}
