"""List feedback with its conversation, user and model."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, or_, select, tuple_
from sqlalchemy.orm import Session

from core.activity.queries.user_filter import escaped
from core.cache.large_workspaces import cached_if_large
from core.conversations.models import Conversation, Message
from core.conversations.opinions import ConversationOpinion, rated
from core.database.paging import Cursor, SortedPage, Window
from core.database.tables import storable, table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.knowledge.models import Feedback
from core.knowledge.queries import names_of
from core.knowledge.views import FeedbackFilter, FeedbackView
from core.presentation import shortened
from core.presentation.periods import Period, Watched

feedback, talks, messages = table_of(Feedback), table_of(Conversation), table_of(Message)
LONG = (feedback.c.comment, feedback.c.edited_text)
SHOWN = select(
    *(column for column in feedback.c if column.name not in ("comment", "edited_text")),
    *(shortened.text(column).label(column.key) for column in LONG),
    shortened.names(*LONG),
)


def list_feedback(
    core: Session,
    ai: Session,
    filters: FeedbackFilter,
    period: Period,
    watched: Watched,
    *,
    window: Window,
    after: Cursor | None = None,
    actor: Actor,
    count: bool = True,
    whole: bool = False,
) -> SortedPage[FeedbackView]:
    """Return the feedback of a period, newest first.

    Feedback has no release, so that filter does not apply.
    """
    require(actor, Permission.READ_CONTENTS)
    where, columns = conditions(filters, period, watched), feedback.c
    page = (select(feedback) if whole else SHOWN).where(*where)
    if after is not None:
        page = page.where(tuple_(columns.created_at, columns.id) < (after.created_at, after.id))
    page = (
        page.order_by(columns.created_at.desc(), columns.id.desc())
        .limit(window.limit)
        .offset(window.offset)
    )
    rows = list(ai.execute(page).mappings())
    counting = select(func.count()).select_from(feedback).where(*where)
    ask = partial(
        cached_if_large,
        ai,
        ("feedback", filters, period, watched),
        lambda: ai.scalar(counting) or 0,
    )
    total = (window.total(len(rows), ask) if after is None else ask()) if count else 0
    last = rows[-1] if rows and len(rows) == window.limit else None
    following = str(Cursor(last["created_at"], last["id"])) if last is not None else None
    return window.sorted_page(_views(core, rows), total, following)


def conditions(
    filters: FeedbackFilter, period: Period, watched: Watched
) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters."""
    columns = feedback.c
    found = [
        columns.environment == watched.environment,
        columns.created_at >= period.start,
        columns.created_at < period.end,
    ]
    if watched.app is not None:
        found.append(columns.app == watched.app)
    if watched.users is not None:
        found.append(columns.user_id.in_(watched.users))
    if filters.rating is not None:
        found.append(rated(filters.rating, columns.rating, columns.scale))
    if filters.has is not None:
        found.append(func.coalesce(columns[filters.has], "") != "")
    if filters.q:
        pattern = f"%{escaped(storable(filters.q))}%"
        found.append(or_(columns.comment.ilike(pattern), columns.edited_text.ilike(pattern)))
    return found


def models_of(core: Session, rows: Sequence[tuple[UUID | None, UUID | None]]) -> list[str | None]:
    """Return the model of each message, or the conversation's if it has only one."""
    said = {message for message, _ in rows if message is not None}
    held = {conversation for _, conversation in rows if conversation is not None}
    of_messages = core.execute(
        select(messages.c.id, messages.c.model).where(messages.c.id.in_(said))
    )
    by_message: dict[UUID | None, str | None] = {id_: model for id_, model in of_messages}
    named = core.execute(select(talks.c.id, talks.c.models).where(talks.c.id.in_(held)))
    alone: dict[UUID | None, str] = {id_: models[0] for id_, models in named if len(models) == 1}
    return [by_message.get(message) or alone.get(conversation) for message, conversation in rows]


def _views(core: Session, rows: Sequence[RowMapping]) -> list[FeedbackView]:
    people = names_of(core, [row["user_id"] for row in rows])
    held = {row["conversation_id"] for row in rows}
    about = select(talks.c.id, talks.c.external_id, talks.c.title).where(
        talks.c.id.in_(held - {None})
    )
    known: dict[UUID | None, tuple[str, str | None]] = {
        id_: (name, title) for id_, name, title in core.execute(about)
    }
    models = models_of(core, [(row["message_id"], row["conversation_id"]) for row in rows])
    return [
        _view(row, known, people[row["user_id"]], model)
        for row, model in zip(rows, models, strict=True)
    ]


def _view(
    row: RowMapping,
    known: dict[UUID | None, tuple[str, str | None]],
    who: dict[str, str | None],
    model: str | None,
) -> FeedbackView:
    fields: dict[str, Any] = {
        name: value for name, value in row.items() if name in FeedbackView.model_fields
    }
    name, title = known.get(row["conversation_id"], (None, None))
    opinion = ConversationOpinion.of(row["rating"], row["scale"])
    return FeedbackView(
        **fields,
        **who,
        conversation_external_id=name,
        conversation_title=title,
        model=model,
        opinion=opinion,
    )
