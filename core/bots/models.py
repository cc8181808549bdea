"""The tables of bots. Columns of type bytes are encrypted texts."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy import Uuid as UuidType
from sqlalchemy.orm import Mapped, mapped_column

from core.bots.result_schemas import RunMode, RunStatus
from core.bots.schemas import BotVisibility, ResponseStyle
from core.database.tables import CoreTable, Created, Keyed, one_of


class BotConfiguration(Keyed, Created, CoreTable):
    """A bot's draft, which the console saves by itself; `version` is the last version's number."""

    __tablename__ = "bot_configurations"
    __table_args__ = (
        one_of("response_style", ResponseStyle),
        one_of("visibility", BotVisibility),
        Index(None, "user_id"),
        # One active bot for each account, also when two are activated at the same time
        Index(
            "uq_bot_configurations_active",
            "user_id",
            unique=True,
            postgresql_where=text("is_active"),
        ),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    bot_name: Mapped[str]
    avatar_emoji: Mapped[str]
    personality_traits: Mapped[dict[str, Any]]
    response_style: Mapped[str]
    custom_instructions: Mapped[str]
    knowledge: Mapped[dict[str, Any]]
    parameters: Mapped[dict[str, Any]]
    visibility: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class BotConfigurationVersion(Keyed, Created, CoreTable):
    """A saved state of a bot; `content` is a BotContent."""

    __tablename__ = "bot_configuration_versions"
    __table_args__ = (UniqueConstraint("bot_config_id", "number"), Index(None, "created_by"))

    bot_config_id: Mapped[UUID] = mapped_column(
        ForeignKey("bot_configurations.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    content: Mapped[dict[str, Any]]
    note: Mapped[str]
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("admin_users.id", ondelete="SET NULL")
    )


class Scenario(Keyed, Created, CoreTable):
    """Messages of a user with expected outcomes; without a user, an included scenario."""

    __tablename__ = "test_scenarios"
    __table_args__ = (Index(None, "user_id"),)

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    name: Mapped[str]
    description: Mapped[str]
    goal: Mapped[str]
    user_messages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expected_outcomes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ScenarioRun(Keyed, Created, CoreTable):
    """Scenarios that a job sends to a bot; `content` has the state of the bot and the texts of the
    scenarios at the start.
    """

    __tablename__ = "scenario_runs"
    __table_args__ = (
        one_of("mode", RunMode),
        one_of("status", RunStatus),
        Index(None, "user_id", "created_at"),
        Index(None, "bot_config_id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    bot_config_id: Mapped[UUID] = mapped_column(
        ForeignKey("bot_configurations.id", ondelete="CASCADE")
    )
    bot_version: Mapped[int | None]
    content: Mapped[dict[str, Any]]
    scenario_ids: Mapped[list[UUID]] = mapped_column(ARRAY(UuidType))
    mode: Mapped[str]
    turns: Mapped[int] = mapped_column(SmallInteger)
    model_id: Mapped[str]
    judge_model_id: Mapped[str | None]
    status: Mapped[str]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    finished_at: Mapped[datetime | None]


class BotResult(Keyed, Created, CoreTable):
    """An answer to a test message. `personality_analysis` has the judge's figures; what it and the
    checks say in words is in `details`, encrypted.
    """

    __tablename__ = "playground_test_results"
    __table_args__ = (
        # An answer of a run is stored once, also when its job runs twice; single tests have no run
        UniqueConstraint("run_id", "test_scenario_id", "position"),
        Index(None, "user_id"),
        Index(None, "bot_config_id", "created_at"),
        Index(None, "test_scenario_id"),
        Index(None, "execution_id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    bot_config_id: Mapped[UUID] = mapped_column(
        ForeignKey("bot_configurations.id", ondelete="CASCADE")
    )
    bot_version: Mapped[int | None]
    test_scenario_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("test_scenarios.id", ondelete="SET NULL")
    )
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("scenario_runs.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(server_default="1")
    test_message: Mapped[bytes] = mapped_column(LargeBinary)
    bot_response: Mapped[bytes] = mapped_column(LargeBinary)
    details: Mapped[bytes] = mapped_column(LargeBinary)
    # The bot's at the time of the answer, by which a later analysis judges it, too
    traits: Mapped[dict[str, Any]]
    model_id: Mapped[str]
    judge_model_id: Mapped[str | None]
    execution_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("prompt_executions.id", ondelete="SET NULL")
    )
    response_time_ms: Mapped[int | None]
    finish_reason: Mapped[str | None]
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    confidence_score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    personality_analysis: Mapped[dict[str, Any] | None]
    knowledge_sources: Mapped[list[str]] = mapped_column(ARRAY(Text))
    knowledge_coverage: Mapped[Decimal | None] = mapped_column(Numeric(5, 4))
    outcomes_met: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    outcomes_checked: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class BotPerformanceMetric(Keyed, CoreTable):
    """The figures of one answer, with the tester's rating."""

    __tablename__ = "bot_performance_metrics"
    __table_args__ = (
        CheckConstraint(
            "customer_satisfaction_rating between 1 and 5 "
            "and customer_satisfaction_rating * 2 = trunc(customer_satisfaction_rating * 2)",
            name="rating",
        ),
        UniqueConstraint("result_id"),
        Index(None, "bot_config_id", "tested_at"),
    )

    bot_config_id: Mapped[UUID] = mapped_column(
        ForeignKey("bot_configurations.id", ondelete="CASCADE")
    )
    result_id: Mapped[UUID] = mapped_column(
        ForeignKey("playground_test_results.id", ondelete="CASCADE")
    )
    test_scenario: Mapped[str | None]
    response_quality_score: Mapped[int | None]
    response_time_ms: Mapped[int | None]
    customer_satisfaction_rating: Mapped[Decimal | None] = mapped_column(Numeric(2, 1))
    confidence_score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    personality_analysis: Mapped[dict[str, Any] | None]
    tested_at: Mapped[datetime] = mapped_column(server_default=func.now())
