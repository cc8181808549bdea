"""List scores: of a period, of a conversation's messages, and of an AI request."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, select, tuple_
from sqlalchemy.orm import Session

from core.database import shortened
from core.database.paging import Cursor, Page, Window
from core.database.tables import table_of
from core.identity.permissions import Permission, may, require, require_any, without_contents
from core.identity.schemas import Actor
from core.ingest.rows import key_of
from core.presentation.periods import Period, Watched
from core.scores.models import MessageScore
from core.scores.queries.conditions import conditions
from core.scores.schemas import ScoreSubject
from core.scores.views import ScoreFilter, ScoreView

MOST_BESIDE, MOST_NAMES = 500, 500
scores = table_of(MessageScore)
KNOWN = tuple(column for column in scores.c if column.name in ScoreView.model_fields)
SHOWN = tuple(shortened.in_list(KNOWN, scores.c.comment))


def list_scores(
    session: Session,
    filters: ScoreFilter,
    period: Period,
    watched: Watched,
    *,
    window: Window,
    after: Cursor | None = None,
    actor: Actor,
    count: bool = True,
    whole: bool = False,
) -> Page[ScoreView]:
    """Return the scores of a period, newest first; long comments shortened unless `whole`."""
    require(actor, Permission.WATCH)
    where, columns = conditions(filters, period, watched), scores.c
    page = select(*(KNOWN if whole else SHOWN)).where(*where)
    if after is not None:
        page = page.where(tuple_(columns.created_at, columns.id) < (after.created_at, after.id))
    page = (
        page.order_by(columns.created_at.desc(), columns.id.desc())
        .limit(window.limit)
        .offset(window.offset)
    )
    items = [_view(row, actor) for row in session.execute(page).mappings()]
    counting = select(func.count()).select_from(scores).where(*where)

    def ask() -> int:
        return session.scalar(counting) or 0

    total = (window.total(len(items), ask) if after is None else ask()) if count else 0
    return window.page(items, total)


def scores_of_messages(
    session: Session, conversation_id: UUID, message_ids: Sequence[UUID], *, actor: Actor
) -> dict[UUID | None, list[ScoreView]]:
    """Return scores by message, earliest first; None is the conversation itself.

    Scores of AI requests are with their requests.
    """
    require(actor, Permission.READ_CONTENTS)
    columns = scores.c
    found: dict[UUID | None, list[ScoreView]] = defaultdict(list)
    for view in _views(
        session, columns.subject_id.in_([conversation_id, *message_ids]), actor=actor
    ):
        if view.subject_kind is ScoreSubject.CONVERSATION:
            found[None].append(view)
        elif view.subject_kind is ScoreSubject.MESSAGE:
            found[view.subject_id].append(view)
    return found


def scores_of_request(session: Session, request_id: UUID, *, actor: Actor) -> list[ScoreView]:
    """Return the scores of an AI request by its key, earliest first."""
    require_any(actor, Permission.WATCH, Permission.READ_CONTENTS)
    # Senders may have named the request by Attune's ID.
    keys = [request_id, key_of("ai_request", str(request_id))]
    is_its = scores.c.subject_id.in_(keys)
    return _views(session, is_its, scores.c.subject_kind == ScoreSubject.AI_REQUEST, actor=actor)


def list_names(session: Session, *, actor: Actor) -> list[str]:
    """Return the names that scores have, in order."""
    require_any(actor, Permission.WATCH, Permission.READ_CONTENTS)
    # A loose scan of the index by name: there may be millions of scores of few names.
    step = select(func.min(scores.c.name).label("name")).cte("names", recursive=True)
    following = select(func.min(scores.c.name)).where(scores.c.name > step.c.name)
    names = step.union_all(
        select(following.correlate(step).scalar_subquery()).where(step.c.name.is_not(None))
    )
    return [
        name for name in session.scalars(select(names.c.name).limit(MOST_NAMES)) if name is not None
    ]


def _views(session: Session, *where: ColumnElement[bool], actor: Actor) -> list[ScoreView]:
    wanted = select(*SHOWN).where(*where).order_by(scores.c.created_at, scores.c.id)
    return [_view(row, actor) for row in session.execute(wanted.limit(MOST_BESIDE)).mappings()]


def _view(row: RowMapping, actor: Actor) -> ScoreView:
    shown = without_contents(row, "comment", actor=actor)
    cost_usd = row["cost_usd"] if may(actor, Permission.WATCH) else None
    return ScoreView(**shown | {"cost_usd": cost_usd})
