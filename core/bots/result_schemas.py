"""Tests of bots: messages, the analysis of answers, ratings, scenarios and their runs."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.bots.scenarios.outcomes import checked_outcome
from core.bots.schemas import Fact, Level, Text
from core.identity.schemas import View
from core.presentation.money import Usd

MAX_TEST_CHARS = 20_000
MOST_MESSAGES = 20
MOST_OUTCOMES = 10
MOST_TURNS = 10

ModelId = Annotated[str, Field(min_length=1, max_length=300)]


class NewBotTest(BaseModel):
    """A message to a bot's draft, or to one of its versions.

    Without `judge_model_id`, the workspace's default model analyzes the answer if it can judge.
    """

    model_config = ConfigDict(
        frozen=True,
        protected_namespaces=(),
        json_schema_extra={
            "example": {"message": "What are your pricing plans?", "model_id": "fake:echo"}
        },
    )

    message: Annotated[Text, Field(min_length=1, max_length=MAX_TEST_CHARS)]
    model_id: ModelId | None = None
    judge_model_id: ModelId | None = None
    analyze: bool = Field(
        default=True,
        description="Analyze before answering; else `POST bots/results/{id}/analysis` does.",
    )
    version: int | None = Field(default=None, ge=1, le=10**6)


class NewAnalysis(BaseModel):
    """The model that judges an answer."""

    model_config = ConfigDict(
        frozen=True,
        protected_namespaces=(),
        json_schema_extra={"example": {"judge_model_id": "fake:echo"}},
    )

    judge_model_id: ModelId | None = None


class NewBotRating(BaseModel):
    """A tester's rating, 1 to 5 in half steps."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"rating": 4.5}})

    rating: Annotated[Decimal, Field(ge=1, le=5, multiple_of=Decimal("0.5"))]


class PersonalityScores(BaseModel):
    """How an answer sounds, and how well that fits the sliders; 0 to 100 each."""

    model_config = ConfigDict(frozen=True)

    formality_score: Level
    enthusiasm_score: Level
    technical_depth_score: Level
    empathy_score: Level
    overall_alignment: Level


class PersonalityAnalysis(PersonalityScores):
    suggestions: list[str]
    rationale: str


class KnowledgeSource(View):
    """A piece of a bot's knowledge that an answer uses, and the words that it shares with it."""

    title: str
    words: list[str]


class OutcomeCheck(View):
    """Whether an answer has an expected outcome; null when that was not checked."""

    outcome: str
    by: str
    met: bool | None
    reason: str


class BotTestResult(View):
    """An answer of a bot with its analysis; without one, `analysis_problem` says why, and scores
    and confidence are null.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    id: UUID
    bot_id: UUID
    version: int | None = Field(description="Null when the draft had unsaved changes.")
    scenario_id: UUID | None
    run_id: UUID | None
    position: int
    message: str
    response: str
    problem: str | None
    model_id: str
    execution_id: UUID | None
    response_time_ms: int | None
    cost_usd: Usd | None
    confidence: int | None
    personality_score: PersonalityAnalysis | None
    analysis_problem: str | None
    judge_model_id: str | None
    judge_is_fit: bool | None
    knowledge_sources: list[KnowledgeSource]
    knowledge_coverage: float | None
    outcomes: list[OutcomeCheck]
    rating: float | None
    parameters_left_out: list[str]
    created_at: datetime


class JudgeModel(View):
    """A model that can return the judge's form; `warning` says why it is unfit as a judge."""

    id: str
    is_fit: bool
    warning: str | None


class RunMode(StrEnum):
    """How a scenario's messages are sent: as one conversation, each by itself, or written by a
    model that plays a user with the scenario's goal.
    """

    CONVERSATION = "conversation"
    MESSAGES = "messages"
    SIMULATED = "simulated"


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


Outcome = Annotated[Fact, Field(max_length=500)]


class NewScenario(BaseModel):
    """A scenario: messages of a user, and what each answer should be like.

    An outcome is a description for the judge, or a rule: `contains: words`,
    `does not contain: words` or `matches: pattern` (RE2).
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "name": "Returns",
                "user_messages": ["How do I return my order?"],
                "expected_outcomes": ["friendly", "contains: 30 days"],
            }
        },
    )

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    description: Annotated[Text, Field(max_length=2000)] = ""
    goal: Annotated[Text, Field(max_length=2000)] = ""
    user_messages: Annotated[tuple[Fact, ...], Field(min_length=1, max_length=MOST_MESSAGES)]
    expected_outcomes: Annotated[tuple[Outcome, ...], Field(max_length=MOST_OUTCOMES)] = ()
    is_active: bool = True

    @model_validator(mode="after")
    def _rules_are_valid(self) -> Self:
        for outcome in self.expected_outcomes:
            checked_outcome(outcome)
        return self


class ScenarioChange(BaseModel):
    """Changes of a scenario."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"is_active": False}})

    name: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    description: Annotated[Text, Field(max_length=2000)] | None = None
    goal: Annotated[Text, Field(max_length=2000)] | None = None
    user_messages: (
        Annotated[tuple[Fact, ...], Field(min_length=1, max_length=MOST_MESSAGES)] | None
    ) = None
    expected_outcomes: Annotated[tuple[Outcome, ...], Field(max_length=MOST_OUTCOMES)] | None = None
    is_active: bool | None = None

    @model_validator(mode="after")
    def _rules_are_valid(self) -> Self:
        for outcome in self.expected_outcomes or ():
            checked_outcome(outcome)
        return self


class ScenarioView(View):
    """A scenario; included ones are everyone's, and can't be changed."""

    id: UUID
    is_included: bool
    name: str
    description: str
    goal: str
    user_messages: list[str]
    expected_outcomes: list[str]
    is_active: bool


class NewScenarioRun(BaseModel):
    """The bot to run, without `version` its draft, and what answers and judges.

    A simulated user writes at most `turns` messages. Without `judge_model_id`, the workspace's
    default model judges if it can; without `analyze`, only rules are checked.
    """

    model_config = ConfigDict(
        frozen=True,
        protected_namespaces=(),
        json_schema_extra={
            "example": {
                "bot_id": "0197a3c1-0000-7000-8000-000000000000",
                "model_id": "fake:echo",
                "mode": "conversation",
            }
        },
    )

    bot_id: UUID
    version: int | None = Field(default=None, ge=1, le=10**6)
    model_id: ModelId | None = None
    judge_model_id: ModelId | None = None
    analyze: bool = True
    mode: RunMode = RunMode.CONVERSATION
    turns: Annotated[int, Field(ge=1, le=MOST_TURNS)] = 4


class ScenarioRunView(View):
    """A run of scenarios; `total` and `done` count answers, and a simulated user may end early."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    id: UUID
    bot_id: UUID
    version: int | None
    scenario_ids: list[UUID]
    mode: RunMode
    model_id: str
    judge_model_id: str | None
    status: RunStatus
    total: int
    done: int
    error: str | None
    created_at: datetime
    finished_at: datetime | None


class RunOutcomes(View):
    """How many expected outcomes of a run's answers were checked, and how many were met."""

    met: int
    checked: int


class ScenarioFigures(View):
    """The tests of a scenario by version of a bot; null means are not known."""

    scenario: str
    version: int | None
    tests: int
    outcomes_met: int
    outcomes_checked: int
    mean_alignment: float | None
    mean_confidence: float | None
    mean_response_time_ms: float | None
    mean_rating: float | None
