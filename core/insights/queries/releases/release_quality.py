"""Feedback and annotations by the release of their conversation."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.ai_metrics.views import AiMetricsQuery
from core.annotations.schemas import AnnotationType
from core.conversations.models import Conversation
from core.conversations.opinions import ConversationOpinion
from core.database.tables import table_of
from core.insights.queries.prompt_versions import AT_ONCE, last_verdicts, newest_ratings

Parts = dict[str, Counter[bool]]  # by release: how many are good, and how many not
Said = list[tuple[UUID | None, bool]]  # a conversation, and whether it is good
talks = table_of(Conversation)


def ratings_by_release(core: Session, ai: Session, query: AiMetricsQuery) -> Parts:
    """Return how much of the period's feedback is positive."""
    said = [
        (
            row.conversation_id,
            ConversationOpinion.of(row.rating, row.scale) is ConversationOpinion.POSITIVE,
        )
        for row in ai.execute(newest_ratings(query))
    ]
    return _by_release(core, said)


def verdicts_by_release(core: Session, ai: Session, query: AiMetricsQuery) -> Parts:
    """Return how many of the period's answers were approved, and how many corrected."""
    row = last_verdicts(query).subquery("verdicts").c
    said = [
        (conversation_id, verdict == AnnotationType.APPROVED)
        for conversation_id, verdict in ai.execute(select(row.conversation_id, row.annotation_type))
    ]
    return _by_release(core, said)


def _by_release(core: Session, said: Said) -> Parts:
    releases = _releases(core, {id_ for id_, _ in said if id_ is not None})
    found: Parts = defaultdict(Counter)
    for id_, is_good in said:
        found[releases.get(id_, "")][is_good] += 1
    return found


def _releases(core: Session, ids: Iterable[UUID]) -> dict[UUID | None, str]:
    wanted, found = list(ids), dict[UUID | None, str]()
    for first in range(0, len(wanted), AT_ONCE):
        part = wanted[first : first + AT_ONCE]
        rows = core.execute(select(talks.c.id, talks.c.release).where(talks.c.id.in_(part)))
        found |= {id_: release for id_, release in rows}
    return found
