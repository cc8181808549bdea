"""Begin comparisons, keep a column of one, and remove one."""

from secrets import SystemRandom
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from core.comparisons import queries
from core.comparisons.errors import ColumnMissing, ComparisonKept
from core.comparisons.models import Comparison
from core.comparisons.schemas import ComparisonView, NewColumn, NewComparison
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.platform.ids import new_id
from core.playground import answering, message_rows
from core.playground import queries as playground
from core.playground.errors import PlaygroundSessionMissing
from core.playground.schemas import Draft
from core.playground.service import sessions
from core.playground.session_names import prompt_title
from core.prompts.calls import RenderRequest
from core.prompts.queries.prompts import get_prompt
from core.prompts.queries.rendering import render
from core.providers.schemas import Parameters
from core.services.queries import find_active


def begin(session: Session, new: NewComparison, *, actor: Actor) -> ComparisonView:
    """Store a comparison with an empty session for each column, in random order if it is blind.

    Raises NoModel, and what rendering a prompt raises.
    """
    require(actor, Permission.RUN_MODELS)
    columns = [_begin_column(session, column, actor) for column in new.columns]
    if new.blind:
        SystemRandom().shuffle(columns)
    row = Comparison(id=new_id(), owner=actor.id, blind=new.blind, columns=columns)
    session.add(row)
    session.flush()
    return queries.get_comparison(session, row.id, owner=actor.id)


def _begin_column(session: Session, column: NewColumn, actor: Actor) -> dict[str, Any]:
    prompt = _prompt(session, column, actor)
    service = None if column.model else find_active(session)
    model = None if service else column.model or answering.default_model(session)
    row = message_rows.create(session, new_id(), actor)
    row.in_comparison = True
    defaults = {} if service else prompt.parameters.set_values()
    draft = Draft(
        model=model,
        parameters=Parameters.model_validate(defaults | column.parameters.set_values()),
        custom_prompt=prompt.text,
        cost_limit_usd=column.cost_limit_usd,
    )
    sessions.store_draft(row, draft)
    title = service.name if service else model
    return {"session_id": str(row.id), "title": title, **prompt.facts}


class ColumnPrompt(NamedTuple):
    """A column's system prompt (None for the default), its parameters, and what names it."""

    text: str | None
    parameters: Parameters
    facts: dict[str, Any]


def _prompt(session: Session, column: NewColumn, actor: Actor) -> ColumnPrompt:
    if column.prompt is not None:
        return _version(session, column.prompt, column.prompt_version, actor)
    custom = column.custom_prompt if (column.custom_prompt or "").strip() else None
    return ColumnPrompt(custom, Parameters(), {"prompt": prompt_title(custom)})


def _version(session: Session, name: str, number: int | None, actor: Actor) -> ColumnPrompt:
    rendered = render(session, name, RenderRequest(version=number), actor=actor)
    facts = {
        "prompt": f"{rendered.name}@{rendered.version}",
        "prompt_id": str(get_prompt(session, rendered.name, actor=actor).id),
        "prompt_version": rendered.version,
    }
    return ColumnPrompt(rendered.system_prompt or rendered.prompt, rendered.parameters, facts)


def keep(session: Session, comparison_id: UUID, column: int, *, actor: Actor) -> UUID:
    """Make a column an ordinary session, which ends the comparison; return the session's ID.

    Raises ComparisonMissing, ColumnMissing, ComparisonKept or PlaygroundSessionMissing.
    """
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, comparison_id, owner=actor.id, lock=True)
    if row.kept is not None:
        raise ComparisonKept
    if column > len(row.columns):
        raise ColumnMissing
    session_id = UUID(row.columns[column - 1]["session_id"])
    kept = playground.get_row(session, session_id, owner=actor.id, lock=True, in_comparison=True)
    kept.in_comparison, row.kept, row.updated_at = False, column, clock.now()
    message_rows.touch(session, kept)
    return session_id


def remove(session: Session, comparison_id: UUID, *, actor: Actor) -> None:
    """Remove a comparison with its votes and sessions, except for the one that was kept.

    Raises ComparisonMissing, or AnswerPending when a message was sent at the same time.
    """
    require(actor, Permission.RUN_MODELS)
    row = queries.get_row(session, comparison_id, owner=actor.id)
    for number, column in enumerate(row.columns, 1):
        if number != row.kept:
            _remove_session(session, UUID(column["session_id"]), actor)
    session.delete(row)


def _remove_session(session: Session, session_id: UUID, actor: Actor) -> None:
    try:
        sessions.erase_column(session, session_id, actor=actor)
    except PlaygroundSessionMissing:
        return  # retention has removed it
