"""Keep the prompt versions and arms of the AI requests that scores are about, beside the scores:
to filter by them, all requests would have to be read.

A score is due when it is stored or changed. The worker looks its requests up, and again after ever
longer times while there are none: they may arrive after their score.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CompoundSelect, Row, Uuid, bindparam, func, select, text, union_all
from sqlalchemy.orm import Session

from core.ai_metrics.queries.conditions import NAMED, raw
from core.database.db import transaction
from core.database.locks import Lock
from core.scores.schemas import ScoreSubject

AT_ONCE = 5000
DUE = text("""
select id, subject_kind, subject_id, conversation_id from message_scores
where requests_due_at <= now() order by requests_due_at limit :at_once for update skip locked""")
NOTE = text("""
with found as (
    select subject,
        array_agg(distinct version) filter (where version is not null) as versions,
        array_agg(distinct arm) filter (where arm is not null) as arms
    from unnest(cast(:subjects as uuid[]), cast(:versions as text[]), cast(:arms as text[]))
        as request (subject, version, arm)
    group by subject
)
update message_scores as score set request_versions = coalesce(versions, '{}'),
    request_arms = coalesce(arms, '{}'),
    -- A message may be answered again
    requests_due_at = case when subject_kind = 'message' then requests_due_at end
from found
where score.id = any(:ids) and score.subject_id = subject and subject_kind <> 'conversation'""")
# The time from one look to the next doubles; after a day, only imports bring more.
LATER = text("""
update message_scores set requests_due_at = case
    when subject_kind <> 'conversation' and received_at > now() - interval '1 day'
    then now() + greatest(now() - received_at, interval '5 seconds') end
where id = any(:ids) and requests_due_at <= now()""")
AGAIN = text("""
update message_scores set requests_due_at = now()
where request_versions is null and requests_due_at is null and subject_kind <> 'conversation'""")
UNDISTURBED = text("select pg_try_advisory_xact_lock_shared(:lock)")
FORGET = text("""
update message_scores set request_versions = null, request_arms = null, requests_due_at = now()
where subject_id = any(:subjects) and subject_kind <> 'conversation'""")


def note_requests() -> int:
    """Note the requests of all scores that are due, some thousand at a time; return how many."""
    whole = 0
    while some := _note_some():
        whole += some
    return whole


def look_again(session: Session) -> None:
    """Make the scores due of which no request was found, after an import of requests."""
    session.execute(AGAIN)


def forget_requests(session: Session, subjects: Sequence[UUID]) -> None:
    """Forget what was noted of requests that are removed, by their keys and their messages'."""
    session.execute(FORGET, {"subjects": subjects})


def requests_of(scores: Sequence[Row[Any]]) -> CompoundSelect[Any]:
    """Return the statement that finds `subject`, `version` and `arm` of the stored requests of
    scores.
    """
    names = NAMED["prompt_version"].label("version"), NAMED["experiment_arm"].label("arm")
    said = [row for row in scores if row.subject_kind == ScoreSubject.MESSAGE]
    keys = [row.subject_id for row in scores if row.subject_kind == ScoreSubject.AI_REQUEST]
    held = {row.conversation_id for row in said if row.conversation_id is not None}
    own = select(raw.c.id.label("subject"), *names).where(_is_any(raw.c.id, keys))
    answers = select(raw.c.message_id, *names).where(
        _is_any(raw.c.conversation_id, [*held]),
        _is_any(raw.c.message_id, [row.subject_id for row in said]),
    )
    return union_all(own, answers)


def _is_any(column: Any, keys: list[UUID]) -> Any:  # noqa: ANN401  of SQLAlchemy
    return column == func.any(bindparam(None, keys, ARRAY(Uuid())))


def _note_some() -> int:
    with transaction() as session:
        # What an undo removes at this moment must not be noted; the scores stay due
        if not session.scalar(UNDISTURBED, {"lock": Lock.STORED_REQUESTS}):
            return 0
        due = session.execute(DUE, {"at_once": AT_ONCE}).all()
        if not due:
            return 0
        ids, requests = [row.id for row in due], session.execute(requests_of(due)).all()
        found = {
            "subjects": [row.subject for row in requests],
            "versions": [row.version for row in requests],
            "arms": [row.arm for row in requests],
        }
        session.execute(NOTE, {"ids": ids, **found})
        session.execute(LATER, {"ids": ids})
    return len(due)
