"""The tables of evaluations. Columns of type bytes are encrypted texts."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.evaluations.schemas import EvaluationStatus, ResultStatus


class EvaluationTest(Keyed, Created, CoreTable):
    """Targets over cases. `done` and `failed` count its results that have ended, `waiting` those
    that an own app has not answered; `summary` has their figures, and no texts. `worker` is the run
    of the job that works on it. Without an owner, an API key started it.
    """

    __tablename__ = "evaluation_tests"
    __table_args__ = (
        one_of("status", EvaluationStatus),
        Index(None, "owner", "created_at"),
        Index(
            "ix_evaluation_tests_key_id",
            "key_id",
            postgresql_where=text("key_id is not null"),
        ),
        Index(
            "ix_evaluation_tests_going_on",
            "alive_at",
            postgresql_where=text("status in ('pending', 'running')"),
        ),
    )

    owner: Mapped[UUID | None] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    name: Mapped[bytes] = mapped_column(LargeBinary)
    definition: Mapped[bytes] = mapped_column(LargeBinary)
    dataset_id: Mapped[UUID | None]  # kept when the dataset is removed
    dataset_version: Mapped[int | None]
    questions: Mapped[bytes | None] = mapped_column(LargeBinary)  # keyed; equal for equal cases
    baseline_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("evaluation_tests.id", ondelete="SET NULL")
    )
    status: Mapped[str] = mapped_column(server_default="pending")
    runs: Mapped[int] = mapped_column(SmallInteger)
    cases: Mapped[int]
    targets: Mapped[int] = mapped_column(SmallInteger)
    done: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    waiting: Mapped[int] = mapped_column(server_default=text("0"))
    cost_limit_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    # Each answer of an own app may claim almost a million dollars
    spent_usd: Mapped[Decimal] = mapped_column(Numeric(20, 8), server_default=text("0"))
    unpriced: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[bytes | None] = mapped_column(LargeBinary)
    summary: Mapped[dict[str, Any] | None]
    worker: Mapped[UUID | None]
    alive_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class EvaluatedVersion(CoreTable):
    """The version of a prompt or a bot that a target of an evaluation is."""

    __tablename__ = "evaluation_targets"
    __table_args__ = (
        Index(
            "ix_evaluation_targets_prompt",
            "prompt_id",
            "prompt_version",
            postgresql_where=text("prompt_id is not null"),
        ),
        Index("ix_evaluation_targets_bot", "bot_id", postgresql_where=text("bot_id is not null")),
    )

    evaluation_id: Mapped[UUID] = mapped_column(
        ForeignKey("evaluation_tests.id", ondelete="CASCADE"), primary_key=True
    )
    target: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    prompt_id: Mapped[UUID | None]  # kept when the prompt or the bot is removed
    prompt_version: Mapped[int | None]
    bot_id: Mapped[UUID | None]
    bot_version: Mapped[int | None]


class EvaluationOutcomes(CoreTable):
    """The cases of a target whose runs have ended, as packed columns (queries/paired_cases.py):
    comparisons count no results.
    """

    __tablename__ = "evaluation_outcomes"

    evaluation_id: Mapped[UUID] = mapped_column(
        ForeignKey("evaluation_tests.id", ondelete="CASCADE"), primary_key=True
    )
    target: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    positions: Mapped[bytes] = mapped_column(LargeBinary)
    passed: Mapped[bytes] = mapped_column(LargeBinary)
    scored: Mapped[bytes] = mapped_column(LargeBinary)
    scores: Mapped[bytes] = mapped_column(LargeBinary)


class EvaluationCase(Keyed, CoreTable):
    """A case as it was when the evaluation began; `case_id` is its row in the dataset."""

    __tablename__ = "evaluation_cases"
    __table_args__ = (
        UniqueConstraint("evaluation_id", "position"),
        Index(
            "ix_evaluation_cases_case_id",
            "case_id",
            postgresql_where=text("case_id is not null"),
        ),
    )

    evaluation_id: Mapped[UUID] = mapped_column(
        ForeignKey("evaluation_tests.id", ondelete="CASCADE")
    )
    position: Mapped[int]
    case_id: Mapped[UUID | None]
    digest: Mapped[bytes] = mapped_column(LargeBinary)  # keyed; equal for equal questions
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    content: Mapped[bytes] = mapped_column(LargeBinary)


class EvaluationResult(Keyed, CoreTable):
    """A run of a case by a target: its call, answer and scores.

    `earlier` has the answers to the turns before the last one. `checks` has 1 (passed), 0 (failed)
    or -1 (not scored) for each scorer of the evaluation, and at the end for the case's own
    together, if one of them has a weight. `attempts` counts calls that were begun, `cost_usd` is
    that of the calls, `scoring_usd` that of its judges; `reserved_usd` is the most that a run that
    has not ended may cost, counted from its claim on when the evaluation has a cost limit.
    """

    __tablename__ = "evaluation_results"
    __table_args__ = (
        one_of("status", ResultStatus),
        UniqueConstraint("evaluation_id", "position", "target", "run"),
        Index(
            "ix_evaluation_results_open",
            "evaluation_id",
            "position",
            "run",
            "target",
            postgresql_where=text("status in ('pending', 'answered')"),
        ),
        Index(
            "ix_evaluation_results_waiting",
            "evaluation_id",
            "position",
            "run",
            "target",
            postgresql_where=text("status = 'waiting'"),
        ),
        Index(
            "ix_evaluation_results_claimed",
            "evaluation_id",
            postgresql_where=text("status = 'running'"),
        ),
        Index(  # what lists and comparisons count is in the index, beside texts of any length
            "ix_evaluation_results_ended",
            "evaluation_id",
            "position",
            "target",
            postgresql_include=["status", "passed", "score"],
            postgresql_where=text("status in ('completed', 'failed')"),
        ),
        Index(
            "ix_evaluation_results_reserved",
            "evaluation_id",
            postgresql_where=text("reserved_usd is not null"),
        ),
    )

    evaluation_id: Mapped[UUID] = mapped_column(
        ForeignKey("evaluation_tests.id", ondelete="CASCADE")
    )
    position: Mapped[int]
    target: Mapped[int] = mapped_column(SmallInteger)
    run: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str] = mapped_column(server_default="pending")
    worker: Mapped[UUID | None]
    execution_id: Mapped[UUID | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    earlier: Mapped[bytes | None] = mapped_column(LargeBinary)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    scores: Mapped[bytes | None] = mapped_column(LargeBinary)
    checks: Mapped[list[int] | None] = mapped_column(ARRAY(SmallInteger))
    passed: Mapped[bool | None]
    score: Mapped[float | None]
    latency_ms: Mapped[int | None]
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    scoring_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    reserved_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    finished_at: Mapped[datetime | None]
