"""Search an account's own sessions: their texts are encrypted, so they are opened in memory."""

from functools import partial
from uuid import UUID

from sqlalchemy import ScalarResult, select
from sqlalchemy.orm import Session, load_only

from core.database.paging import Page, Window
from core.playground import encrypted_texts, queries
from core.playground.models import PlaygroundMessage
from core.playground.schemas import AnswerFeedback, FoundSessions, SessionSummary
from core.presentation.formatting import folded

MOST_SEARCHED = 500
AT_ONCE = 25  # sessions whose messages are in memory


def find(
    session: Session,
    words: str,
    *,
    owner: UUID,
    window: Window,
    feedback: AnswerFeedback | None = None,
) -> FoundSessions:
    """Return the sessions whose details or messages have these words, in this order and in any
    case, and whose answers have this feedback; without both, all. Words are searched in the newest
    500 only.
    """
    listed = partial(queries.list_sessions, session, owner=owner, feedback=feedback)
    wanted = folded(words)
    if not wanted:
        return _found_sessions(listed(window=window))
    newest = listed(window=Window(MOST_SEARCHED))
    by_details = {it.session_id for it in newest.items if _has(_details(it), wanted)}
    others = [it.session_id for it in newest.items if it.session_id not in by_details]
    ids = by_details | _with_messages(session, others, wanted)
    found = [it for it in newest.items if it.session_id in ids]
    shown = found[window.offset : window.offset + window.limit]
    return _found_sessions(window.page(shown, len(found)), newest.total_count - len(newest.items))


def _found_sessions(page: Page[SessionSummary], unsearched_count: int = 0) -> FoundSessions:
    return FoundSessions(**dict(page), unsearched_count=unsearched_count)


def _details(summary: SessionSummary) -> str:
    texts = (summary.name, summary.description, summary.project, *summary.tags)
    return "\n".join(filter(None, texts))


def _with_messages(session: Session, session_ids: list[UUID], wanted: str) -> set[UUID]:
    """Return which sessions have a message with these words."""
    found: set[UUID] = set()
    for place in range(0, len(session_ids), AT_ONCE):
        for row in _messages(session, session_ids[place : place + AT_ONCE]):
            if row.session_id not in found and _has(encrypted_texts.content_of(row), wanted):
                found.add(row.session_id)
    return found


def _messages(session: Session, session_ids: list[UUID]) -> ScalarResult[PlaygroundMessage]:
    columns = load_only(PlaygroundMessage.session_id, PlaygroundMessage.content)
    whose = PlaygroundMessage.session_id.in_(session_ids)
    return session.scalars(select(PlaygroundMessage).options(columns).where(whose))


def _has(text: str, wanted: str) -> bool:
    return wanted in folded(text)
