"""Read comparisons, of one owner each."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.comparisons import encrypted_texts
from core.comparisons.errors import ComparisonMissing
from core.comparisons.models import Comparison, ComparisonTurn
from core.comparisons.schemas import (
    ColumnAnswer,
    ColumnView,
    ComparisonSummary,
    ComparisonView,
    TurnView,
    VoteOutcome,
)
from core.database.paging import Page, Window
from core.executions.schemas import ExecutionStatus
from core.playground import encrypted_texts as playground_texts
from core.playground import queries as playground
from core.playground.models import PlaygroundSession
from core.playground.schemas import PlaygroundMessageView
from core.providers.vendors.finish_reasons import in_openais_words

FAILED = "The answer failed."
# A cost tells one model from another, and tokens that are estimated tell a service
FIGURES = {"first_token_ms", "response_time_ms", "total_tokens", "tokens_estimated", "cost_usd"}

Messages: TypeAlias = list[PlaygroundMessageView]


def get_row(
    session: Session, comparison_id: UUID, *, owner: UUID, lock: bool = False
) -> Comparison:
    """Return a comparison of this owner; raise ComparisonMissing."""
    own = (Comparison.id == comparison_id, Comparison.owner == owner)
    query = select(Comparison).where(*own)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise ComparisonMissing
    return row


def list_comparisons(session: Session, window: Window, *, owner: UUID) -> Page[ComparisonSummary]:
    """Return a page of the account's comparisons, the last used first."""
    own = Comparison.owner == owner
    turns = (
        select(func.count()).where(ComparisonTurn.comparison_id == Comparison.id).scalar_subquery()
    )
    rows = session.execute(
        select(Comparison, turns)
        .where(own)
        .order_by(Comparison.updated_at.desc(), Comparison.id)
        .limit(window.limit)
        .offset(window.offset)
    ).all()
    names = _names(session, [row for row, _ in rows])
    found = [
        ComparisonSummary(
            id=row.id, name=names[row.id], blind=row.blind, turns=count, created_at=row.created_at
        )
        for row, count in rows
    ]
    every = select(func.count()).select_from(Comparison).where(own)
    return window.page(found, window.total(len(found), lambda: session.scalar(every) or 0))


def _names(session: Session, rows: Sequence[Comparison]) -> dict[UUID, str | None]:
    """Return the name of each comparison: that of its first session, which may be removed."""
    firsts = {row.id: UUID(row.columns[0]["session_id"]) for row in rows}
    wanted = select(PlaygroundSession).where(PlaygroundSession.id.in_(firsts.values()))
    sessions = {row.id: row for row in session.scalars(wanted)}
    return {
        id_: playground_texts.name_of(sessions[first]) if first in sessions else None
        for id_, first in firsts.items()
    }


def turns_of(session: Session, comparison_id: UUID) -> list[ComparisonTurn]:
    """Return a comparison's turns in order. The caller has checked the owner."""
    of_it = ComparisonTurn.comparison_id == comparison_id
    return list(
        session.scalars(select(ComparisonTurn).where(of_it).order_by(ComparisonTurn.number))
    )


def messages_of(session: Session, row: Comparison) -> dict[int, Messages]:
    """Return the messages of each column by its number, none where its session was removed."""
    return {
        number: playground.list_messages(session, UUID(column["session_id"]))
        for number, column in enumerate(row.columns, 1)
    }


def has_hidden_names(row: Comparison, turns: list[ComparisonTurn]) -> bool:
    """Return whether the names of a blind comparison are still hidden, because it has no vote."""
    return row.blind and row.kept is None and not any(turn.outcome for turn in turns)


def get_comparison(session: Session, comparison_id: UUID, *, owner: UUID) -> ComparisonView:
    """Return a comparison with its turns and answers; raise ComparisonMissing."""
    row = get_row(session, comparison_id, owner=owner)
    turns, messages = turns_of(session, row.id), messages_of(session, row)
    hidden = has_hidden_names(row, turns)
    return ComparisonView(
        id=row.id,
        blind=row.blind,
        names_hidden=hidden,
        kept=row.kept,
        created_at=row.created_at,
        columns=[
            _column(session, number, column, messages[number], hidden)
            for number, column in enumerate(row.columns, 1)
        ],
        turns=[turn_view(turn, messages, hidden=hidden) for turn in turns],
    )


def _column(
    session: Session, number: int, column: Mapping[str, Any], messages: Messages, hidden: bool
) -> ColumnView:
    session_id = UUID(column["session_id"])
    row = session.get(PlaygroundSession, session_id)
    draft = playground_texts.draft_of(row) if row and not hidden else None
    pending = (it.id for it in messages if it.status is ExecutionStatus.PENDING)
    return ColumnView(
        number=number,
        session_id=session_id,
        model=None if hidden else column["title"],
        prompt=None if hidden else column["prompt"],
        prompt_id=None if hidden else column.get("prompt_id"),
        service_id=None if hidden else column.get("service_id"),
        bot_id=None if hidden else column.get("bot_id"),
        parameters=draft.parameters.set_values() if draft else None,
        revision=row.revision if row else 0,
        pending=next(pending, None),
    )


def turn_view(
    turn: ComparisonTurn, messages: Mapping[int, Messages], *, hidden: bool = False
) -> TurnView:
    """Return a turn with what each column answered."""
    return TurnView(
        number=turn.number,
        message=_question(turn, messages),
        answers=[_answer(it, messages[it["column"]], hidden=hidden) for it in turn.answers],
        outcome=VoteOutcome(turn.outcome) if turn.outcome else None,
        winner=turn.winner,
        reason=encrypted_texts.reason_of(turn),
        blind=turn.is_blind,
        voted_at=turn.voted_at,
    )


def _question(turn: ComparisonTurn, messages: Mapping[int, Messages]) -> str:
    """Return the message of a turn, from the first column that has it."""
    for answer in turn.answers:
        for asked, answered in pairwise(messages[answer["column"]]):
            if answered.job_id == answer.get("job_id"):
                return asked.content
    return ""


def find_answer(answer: Mapping[str, Any], messages: Messages) -> PlaygroundMessageView | None:
    """Return the message with which a column answered, None if it did not begin."""
    if "job_id" not in answer:
        return None
    return next((it for it in messages if it.job_id == answer["job_id"]), None)


def _answer(answer: Mapping[str, Any], messages: Messages, *, hidden: bool) -> ColumnAnswer:
    column, found = answer["column"], find_answer(answer, messages)
    if found is None:  # it did not begin, or its session was removed
        problem = answer.get("problem", "Removed")
        return ColumnAnswer(column=column, problem=FAILED if hidden else problem)
    fields = set(ColumnAnswer.model_fields) - {"column"} - (FIGURES if hidden else set())
    facts = found.model_dump(include=fields)
    # What a provider says of a failure may name it
    problem = found.error and (FAILED if hidden else found.error.detail)
    facts |= {"problem": problem, "finish_reason": in_openais_words(found.finish_reason)}
    model = None if hidden else found.service_used
    return ColumnAnswer(**facts, column=column, message_id=found.id, model=model)
