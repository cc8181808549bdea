"""List feedback with its conversation, user and model."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    Table,
    Uuid,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from core.activity.queries.user_filter import escaped
from core.cache.large_workspaces import cached_if_large
from core.conversations.models import Conversation, Message
from core.conversations.opinions import ConversationOpinion, rated
from core.database import shortened
from core.database.paging import Cursor, SortedPage, Window
from core.database.tables import storable, table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.knowledge.models import Feedback
from core.knowledge.queries import names_of
from core.knowledge.views import FeedbackFilter, FeedbackView
from core.presentation.periods import Period, Watched
from core.scores.queries.conditions import PROMPT_OF_MESSAGE

feedback, talks, messages = table_of(Feedback), table_of(Conversation), table_of(Message)
SHOWN = select(*shortened.in_list(feedback.c, feedback.c.comment, feedback.c.edited_text))


class AnswerOrigin(NamedTuple):
    """What made an answer; None where that is not known."""

    model: str | None = None
    prompt_version: str | None = None
    release: str | None = None


UNKNOWN = AnswerOrigin()


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

    Feedback that names no user is that of its conversation's user. It has no release, so that
    filter does not apply.
    """
    require(actor, Permission.READ_CONTENTS)
    where, columns = conditions(core, filters, period, watched), feedback.c
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
    core: Session, filters: FeedbackFilter, period: Period, watched: Watched
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
        found.append(is_of_users(core, watched.users))
    if filters.rating is not None:
        found.append(rated(filters.rating, columns.rating, columns.scale))
    if filters.has is not None:
        found.append(func.coalesce(columns[filters.has], "") != "")
    if filters.q:
        pattern = f"%{escaped(storable(filters.q))}%"
        found.append(or_(columns.comment.ilike(pattern), columns.edited_text.ilike(pattern)))
    return found


def is_of_users(core: Session, users: Collection[UUID]) -> ColumnElement[bool]:
    """Return the condition of feedback that names one of the users or, without a user, one of
    their conversations; these are in the database `core`.
    """
    own = core.scalars(select(talks.c.id).where(talks.c.user_id.in_(users))).all()
    on_own = feedback.c.conversation_id == any_(literal(own, ARRAY(Uuid())))
    return or_(feedback.c.user_id.in_(users), and_(feedback.c.user_id.is_(None), on_own))


def origins_of(
    core: Session, rows: Sequence[tuple[UUID | None, UUID | None]]
) -> list[AnswerOrigin]:
    """Return what made each message; what it does not name is the conversation's if that has only
    one.
    """
    said = {message for message, _ in rows if message is not None}
    held = {conversation for _, conversation in rows if conversation is not None}
    of_messages = core.execute(
        select(messages.c.id, messages.c.model, PROMPT_OF_MESSAGE).where(_is_one(messages, said))
    )
    by_message = {id_: (model, prompt) for id_, model, prompt in of_messages}
    named = core.execute(
        select(talks.c.id, talks.c.models, talks.c.prompt_versions, talks.c.release).where(
            _is_one(talks, held)
        )
    )
    by_talk = {
        id_: AnswerOrigin(_only(models), _only(prompts), release or None)
        for id_, models, prompts, release in named
    }
    found = []
    for message, conversation in rows:
        model, prompt = by_message.get(message, (None, None))
        talk = by_talk.get(conversation, UNKNOWN)
        found.append(AnswerOrigin(model or talk.model, prompt or talk.prompt_version, talk.release))
    return found


def _is_one(table: Table, ids: Collection[UUID]) -> ColumnElement[bool]:
    # As one parameter: thousands would take longer to pass than their rows to read
    return table.c.id == any_(literal(list(ids), ARRAY(Uuid())))


def _only(values: Sequence[str]) -> str | None:
    return values[0] if len(values) == 1 else None


def _views(core: Session, rows: Sequence[RowMapping]) -> list[FeedbackView]:
    held = {row["conversation_id"] for row in rows} - {None}
    about = select(talks.c.id, talks.c.external_id, talks.c.title, talks.c.user_id)
    known = {row["id"]: row for row in core.execute(about.where(talks.c.id.in_(held))).mappings()}
    owners = {id_: row["user_id"] for id_, row in known.items()}
    users = [row["user_id"] or owners.get(row["conversation_id"]) for row in rows]
    people = names_of(core, users)
    origins = origins_of(core, [(row["message_id"], row["conversation_id"]) for row in rows])
    return [
        _view(row, known.get(row["conversation_id"]), {"user_id": user, **people[user]}, each.model)
        for row, user, each in zip(rows, users, origins, strict=True)
    ]


def _view(
    row: RowMapping, talk: RowMapping | None, user: dict[str, UUID | str | None], model: str | None
) -> FeedbackView:
    fields: dict[str, Any] = {
        name: value for name, value in row.items() if name in FeedbackView.model_fields
    }
    opinion = ConversationOpinion.of(row["rating"], row["scale"])
    return FeedbackView(
        **(fields | user),
        conversation_external_id=talk["external_id"] if talk is not None else None,
        conversation_title=talk["title"] if talk is not None else None,
        model=model,
        opinion=opinion,
    )
