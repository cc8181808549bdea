"""Which rows of each table retention deletes, and in batches of how many."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    CursorResult,
    Executable,
    Table,
    Uuid,
    and_,
    any_,
    delete,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import Session

from core.annotations.models import Annotation
from core.batches.models import BatchRunRecord
from core.bots.models import BotResult, ScenarioRun
from core.conversations.models import Conversation, Message, NamedMessage
from core.database.db import Database, read_session, transaction
from core.database.partitions import Horizon
from core.database.settings import Retention
from core.database.tables import table_of
from core.datasets.models import DatasetCaseRow
from core.evaluations.models import EvaluationResult, EvaluationTest
from core.identity.models import AdminSession
from core.knowledge.models import Feedback
from core.playground.models import PlaygroundMessage, PlaygroundSession
from core.scores.models import MessageScore

AT_ONCE = 2000
runs, feedback, names = table_of(BatchRunRecord), table_of(Feedback), table_of(NamedMessage)
sessions, playgrounds = table_of(AdminSession), table_of(PlaygroundSession)
conversations, scores = table_of(Conversation), table_of(MessageScore)
cases, evaluations = table_of(DatasetCaseRow), table_of(EvaluationTest)
annotations = table_of(Annotation)
scenario_runs, bot_results = table_of(ScenarioRun), table_of(BotResult)


@dataclass(frozen=True)
class RetentionRule:
    """Which rows of a table are expired, and the column of the child rows deleted too."""

    table: Table
    days: str
    is_expired: Callable[[Horizon, Retention], ColumnElement[bool]]
    child: Column[Any] | None = None
    database: Database = Database.CORE
    at_once: int = AT_ONCE

    def count(self, horizon: Horizon, chosen: Retention) -> dict[str, int]:
        """Return the number of expired rows by table."""
        is_expired = self.is_expired(horizon, chosen)
        with read_session(self.database) as session:
            found = {
                self.table.name: session.scalar(
                    select(func.count()).select_from(self.table).where(is_expired)
                )
                or 0
            }
            if self.child is not None:
                theirs = select(func.count()).where(
                    self.child.in_(select(self.table.c.id).where(is_expired))
                )
                found[self.child.table.name] = session.scalar(theirs) or 0
        return found

    def delete_some(self, horizon: Horizon, chosen: Retention) -> dict[str, int]:
        """Delete some expired rows in a transaction of its own, and return how many, by table."""
        wanted = select(self.table.c.id).where(self.is_expired(horizon, chosen)).limit(self.at_once)
        with transaction(self.database) as session:
            # What others hold is left to the next run, and they do not wait for this one
            ids = list(session.scalars(wanted.with_for_update(skip_locked=True)))
            named = any_(literal(ids, ARRAY(Uuid())))
            found = {self.table.name: len(ids)}
            if self.child is not None:
                # Before its parent: a cascade does not say how many rows it deletes
                found[self.child.table.name] = deleted(
                    session, delete(self.child.table).where(self.child == named)
                )
            session.execute(delete(self.table).where(self.table.c.id == named))
        return found


def _expired_conversations(horizon: Horizon, _chosen: Retention) -> ColumnElement[bool]:
    rows = conversations.c
    is_old = and_(rows.last_message_at < horizon.before, rows.received_at < horizon.before)
    in_dataset = exists().where(cases.c.conversation_id == rows.id)
    is_kept = or_(rows.annotation_count > 0, in_dataset, horizon.is_held(conversations))
    return and_(is_old, not_(is_kept))


def _expired_feedback(horizon: Horizon, _chosen: Retention) -> ColumnElement[bool]:
    """Return the condition that feedback is old, and not on a conversation that is kept."""
    with read_session() as core:  # datasets are in the other database
        in_datasets = select(cases.c.conversation_id).where(cases.c.conversation_id.is_not(None))
        kept = list(core.scalars(in_datasets.distinct()))
    in_dataset = feedback.c.conversation_id == any_(literal(kept, ARRAY(Uuid())))
    is_annotated = exists(
        select(1).where(annotations.c.conversation_id == feedback.c.conversation_id)
    )
    is_kept = func.coalesce(or_(in_dataset, is_annotated), False)
    return and_(horizon.is_expired(feedback), not_(is_kept))


def _expired_runs(horizon: Horizon, chosen: Retention) -> ColumnElement[bool]:
    """Return the condition that a run is old, and not one of the last of its job."""
    newest_first = (runs.c.started_at.desc(), runs.c.id.desc())
    number = (
        func.row_number().over(partition_by=runs.c.batch_job, order_by=newest_first).label("number")
    )
    ranked = select(runs.c.id, number).subquery("ranked")
    further = select(ranked.c.id).where(ranked.c.number > chosen.batch_runs_kept)
    is_old = func.greatest(runs.c.started_at, runs.c.heard_at) < horizon.before
    return and_(not_(horizon.is_held(runs)), is_old, runs.c.id.in_(further))


RULES = (
    RetentionRule(
        sessions, "admin_session_days", lambda horizon, _: sessions.c.expires_at < horizon.before
    ),
    RetentionRule(
        playgrounds,
        "playground_days",
        lambda horizon, _: (
            func.greatest(
                playgrounds.c.created_at,
                playgrounds.c.last_message_at,
                playgrounds.c.last_executed_at,  # calls by the API add no message
            )
            < horizon.before
        ),
        child=table_of(PlaygroundMessage).c.session_id,
    ),
    RetentionRule(
        conversations,
        "conversation_days",
        _expired_conversations,
        child=table_of(Message).c.conversation_id,
    ),
    RetentionRule(runs, "batch_run_days", _expired_runs),
    RetentionRule(
        names,
        "feedback_days",
        lambda horizon, _: and_(
            names.c.named_at < horizon.before,
            names.c.received_at < horizon.before,
            names.c.received_at < horizon.undoable,  # an import may have named it
        ),
    ),
    RetentionRule(
        feedback,
        "feedback_days",
        _expired_feedback,
        database=Database.AI,
    ),
    RetentionRule(scores, "score_days", lambda horizon, _: horizon.is_expired(scores)),
    RetentionRule(
        evaluations,
        "evaluation_days",
        lambda horizon, _: evaluations.c.finished_at < horizon.before,
        child=table_of(EvaluationResult).c.evaluation_id,
        at_once=10,  # of up to 100,000 results each
    ),
    RetentionRule(
        scenario_runs,
        "evaluation_days",
        lambda horizon, _: scenario_runs.c.finished_at < horizon.before,
        child=bot_results.c.run_id,
        at_once=100,  # of up to 10,000 results each
    ),
    RetentionRule(
        bot_results,
        "evaluation_days",
        lambda horizon, _: and_(
            bot_results.c.run_id.is_(None), bot_results.c.created_at < horizon.before
        ),
    ),
)


def deleted(session: Session, statement: Executable) -> int:
    """Execute a statement and return how many rows it has deleted."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
