"""Comparisons: columns, turns, answers and votes."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from core.executions.schemas import CostLimit, ExecutionStatus
from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.playground.schemas import MAX_PROMPT_CHARS, MessageText, ModelOrService
from core.presentation.money import Usd
from core.prompts.schemas import PromptName
from core.providers.schemas import Parameters

MOST_COLUMNS = 4


class VoteOutcome(StrEnum):
    """What a vote says; BETTER names a column."""

    BETTER = "better"
    TIE = "tie"
    BOTH_BAD = "both_bad"


class NewColumn(ModelOrService):
    """What answers in a column: a model or service, and a prompt's version, a bot or a text."""

    model_config = ConfigDict(frozen=True)

    custom_prompt: str | None = Field(default=None, max_length=MAX_PROMPT_CHARS)
    prompt: str | None = Field(
        default=None, max_length=128, description="A prompt: its ID, name, or `name@label`."
    )
    prompt_version: int | None = Field(default=None, ge=1, description="Else the newest.")
    variables: JsonObject = Field(
        default_factory=dict, description="Values for the variables of the prompt's system text."
    )
    bot_id: UUID | None = None
    bot_version: int | None = Field(default=None, ge=1, description="Else the saved one.")
    parameters: Parameters = Field(
        default=Parameters(), description="Instead of those of the prompt's version or the bot."
    )
    cost_limit_usd: CostLimit | None = Field(
        default=None, description="The most that each answer may cost."
    )

    @model_validator(mode="after")
    def _has_one_prompt(self) -> Self:
        given = (self.prompt, self.custom_prompt, self.bot_id)
        if sum(each is not None for each in given) > 1:
            raise ValueError("Pass one of `prompt`, `custom_prompt` and `bot_id`.")
        if self.variables and self.prompt is None:
            raise ValueError("`variables` needs `prompt`.")
        return self


class NewComparison(BaseModel):
    """Columns to compare. Blind, their order is random, and names are hidden until a vote."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "columns": [{"model": "fake:echo"}, {"model": "fake:steady"}],
                "blind": True,
            }
        },
    )

    columns: tuple[NewColumn, ...] = Field(min_length=1, max_length=MOST_COLUMNS)
    blind: bool = False


class NewTurn(BaseModel):
    """A message to all columns."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"message": "Where is my order?"}}
    )

    message: MessageText


ColumnNumber: TypeAlias = Annotated[int, Field(ge=1, le=MOST_COLUMNS)]


class NewVote(BaseModel):
    """A vote on a turn: the number of the better column, `tie` or `both_bad`."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"turn": 1, "outcome": 2, "reason": "Shorter, and right."}},
    )

    turn: int = Field(ge=1, le=10**6)
    outcome: ColumnNumber | Literal[VoteOutcome.TIE, VoteOutcome.BOTH_BAD]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""

    @property
    def winner(self) -> int | None:
        """The number of the better column, or None."""
        return None if isinstance(self.outcome, VoteOutcome) else self.outcome


class ColumnChoice(BaseModel):
    """The column to keep as a session."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"column": 1}})

    column: ColumnNumber


class NewWinnerVersion(BaseModel):
    """The winning column to save as a version of its prompt, or as a new prompt with `name`."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"column": 1, "name": "support-brief"}}
    )

    column: ColumnNumber
    name: PromptName | None = Field(
        default=None, description="Needed for a column without a prompt of its own."
    )


class ColumnView(View):
    """A column; what names its model, service, prompt or bot, and `parameters` (those that were
    set) are null while names are hidden. `revision` is that of its session, whose socket streams
    its answers.
    """

    number: int
    session_id: UUID
    model: str | None
    prompt: str | None
    prompt_id: UUID | None
    service_id: UUID | None
    bot_id: UUID | None
    parameters: dict[str, Any] | None
    revision: int
    pending: UUID | None


class ColumnAnswer(View):
    """A column's answer to a turn; `problem` says why there is none, and `finish_reason` why it
    ended, in OpenAI's words: a vendor's own would tell which one it is. Figures are null while
    names are hidden.
    """

    column: int
    message_id: UUID | None = None
    model: str | None = None
    status: ExecutionStatus | None = None
    content: str = ""
    problem: str | None = None
    finish_reason: str | None = None
    first_token_ms: int | None = None
    response_time_ms: int | None = None
    total_tokens: int | None = None
    tokens_estimated: bool = False
    cost_usd: Usd | None = None

    @property
    def is_pending(self) -> bool:
        return self.status is ExecutionStatus.PENDING

    @property
    def is_answered(self) -> bool:
        return self.status is ExecutionStatus.COMPLETED and bool(self.content.strip())


class TurnView(View):
    """A message, the answers of the columns, and the vote; `blind` says how it was given."""

    number: int
    message: str
    answers: list[ColumnAnswer]
    outcome: VoteOutcome | None
    winner: int | None
    reason: str | None
    blind: bool
    voted_at: datetime | None

    @property
    def is_votable(self) -> bool:
        return not any(it.is_pending for it in self.answers) and (
            sum(it.is_answered for it in self.answers) > 1
        )


class ComparisonView(View):
    """A comparison; `names_hidden` until the first vote of a blind one, `kept` is the column that
    became a session.
    """

    id: UUID
    blind: bool
    names_hidden: bool
    kept: int | None
    created_at: datetime
    columns: list[ColumnView]
    turns: list[TurnView]

    @property
    def is_answering(self) -> bool:
        return any(column.pending for column in self.columns)


class ComparisonSummary(View):
    """A comparison in the list, named by its first message."""

    id: UUID
    name: str | None
    blind: bool
    turns: int
    created_at: datetime


class Contestant(StrEnum):
    """What a leaderboard compares."""

    MODEL = "model"
    PROMPT = "prompt"


class VoteScope(StrEnum):
    """Whose votes a leaderboard counts."""

    OWN = "own"
    TEAM = "team"


class Standing(View):
    """A model or prompt by its votes; `chance` is that of being better than an average one, with
    its 95 % interval, which is null under 10 votes.
    """

    name: str
    wins: int
    losses: int
    ties: int
    chance: float
    chance_low: float | None
    chance_high: float | None
