"""Bots: what they are made of, their versions, and what their personality produces."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from core.database.tables import storable
from core.identity.schemas import View
from core.ingest.external_ids import keys_of
from core.presentation.word_diff import TextChange

MAX_INSTRUCTION_CHARS = 20_000
MOST_FACTS = 100  # of one kind
MOST_DOCUMENTS = 20


class Trait(StrEnum):
    """A slider of a personality, 0 to 100."""

    FORMALITY = "formality"
    ENTHUSIASM = "enthusiasm"
    TECHNICAL_DEPTH = "technical_depth"
    EMPATHY = "empathy"


class ResponseStyle(StrEnum):
    CONCISE = "concise"
    DETAILED = "detailed"
    CONVERSATIONAL = "conversational"


class BotVisibility(StrEnum):
    """Visibility of a bot: its owner only, or every account that runs models."""

    PRIVATE = "private"
    SHARED = "shared"


Level = Annotated[int, Field(ge=0, le=100)]
Text = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(storable)]
BotName = Annotated[Text, Field(min_length=1, max_length=100)]
# One emoji may be joined of several characters, such as a flag or a family
Emoji = Annotated[Text, Field(min_length=1, max_length=16)]
Instructions = Annotated[Text, Field(max_length=MAX_INSTRUCTION_CHARS)]
Fact = Annotated[Text, Field(min_length=1, max_length=2000)]
Facts = Annotated[tuple[Fact, ...], Field(max_length=MOST_FACTS)]


class Traits(BaseModel):
    """The four sliders."""

    model_config = ConfigDict(frozen=True)

    formality: Level = 50
    enthusiasm: Level = 50
    technical_depth: Level = 50
    empathy: Level = 50

    def level(self, trait: Trait) -> int:
        """Return the value of a slider."""
        return int(getattr(self, trait.value))


class TraitChange(BaseModel):
    """The sliders to move; the others stay."""

    model_config = ConfigDict(frozen=True)

    formality: Level | None = None
    enthusiasm: Level | None = None
    technical_depth: Level | None = None
    empathy: Level | None = None


class QuestionAnswer(BaseModel):
    """A question that customers ask, and its answer."""

    model_config = ConfigDict(frozen=True)

    question: Fact
    answer: Fact


def _document_key(given: object) -> object:
    """Return the key of a document by the sender's ID; a UUID is looked up as either ID later."""
    if not isinstance(given, str) or not 1 <= len(given) <= 128:
        return given
    return keys_of("document", storable(given))[0]


DocumentKey = Annotated[
    UUID,
    BeforeValidator(_document_key),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 128}),
]


class BotKnowledge(BaseModel):
    """What a bot knows of its company; `documents` are IDs of published documents of Knowledge,
    Attune's or the sender's.
    """

    model_config = ConfigDict(frozen=True)

    company: Annotated[Text, Field(max_length=2000)] = ""
    industry: Annotated[Text, Field(max_length=200)] = ""
    products: Facts = ()
    services: Facts = ()
    policies: Facts = ()
    questions: Annotated[tuple[QuestionAnswer, ...], Field(max_length=MOST_FACTS)] = ()
    documents: Annotated[tuple[DocumentKey, ...], Field(max_length=MOST_DOCUMENTS)] = ()


class ParameterOverrides(BaseModel):
    """Parameters instead of those that the formulas give."""

    model_config = ConfigDict(frozen=True)

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None


class BotContent(BaseModel):
    """What a version of a bot keeps."""

    model_config = ConfigDict(frozen=True)

    bot_name: BotName = "Attune assistant"
    avatar_emoji: Emoji = "🤖"
    personality_traits: Traits = Traits()
    response_style: ResponseStyle = ResponseStyle.CONVERSATIONAL
    custom_instructions: Instructions = ""
    knowledge: BotKnowledge = BotKnowledge()
    parameters: ParameterOverrides = ParameterOverrides()


class NewBot(BotContent):
    """A bot to create."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "bot_name": "Rosa",
                "avatar_emoji": "🌼",
                "personality_traits": {"formality": 30, "empathy": 80},
                "response_style": "concise",
            }
        },
    )

    visibility: BotVisibility = BotVisibility.PRIVATE
    is_active: bool = Field(default=False, description="Instead of your active bot, if true.")


class BotChange(BaseModel):
    """Changes of a bot's draft; sliders that are left out stay where they are."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"personality_traits": {"enthusiasm": 90}}},
    )

    bot_name: BotName | None = None
    avatar_emoji: Emoji | None = None
    personality_traits: TraitChange | None = None
    response_style: ResponseStyle | None = None
    custom_instructions: Instructions | None = None
    knowledge: BotKnowledge | None = None
    parameters: ParameterOverrides | None = None
    visibility: BotVisibility | None = None
    is_active: bool | None = Field(default=None, description="Instead of your active bot, if true.")


class NewBotVersion(BaseModel):
    """A note on the version to save."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"note": "Warmer"}})

    note: Annotated[Text, Field(max_length=1000)] = ""


class VersionChoice(BaseModel):
    """A version of a bot by its number."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"version": 1}})

    version: Annotated[int, Field(ge=1, le=10**6)]


class BotView(BotContent):
    """A bot with its draft; `has_changes` says that the draft differs from version `version`."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    owner_name: str
    is_own: bool
    visibility: BotVisibility
    is_active: bool
    version: int
    has_changes: bool
    created_at: datetime
    updated_at: datetime


class BotVersionView(View):
    """A saved version and the means of its tests, null without any."""

    number: int
    note: str
    content: BotContent
    created_by_name: str | None
    created_at: datetime
    tests: int
    mean_rating: float | None
    mean_alignment: float | None
    mean_confidence: float | None
    mean_response_time_ms: float | None
    outcomes_met: int
    outcomes_checked: int


class FieldChange(View):
    """A field of a bot before and after; of sliders, knowledge and parameters each by itself."""

    field: str
    before: Any
    after: Any


class BotDiff(View):
    """What differs between two versions, or the last version and the draft (null)."""

    before: int
    after: int | None
    changes: list[FieldChange]
    system_prompt: list[TextChange]


class BotParameters(BaseModel):
    """The parameters of a bot's calls."""

    model_config = ConfigDict(frozen=True)

    temperature: float
    max_tokens: int
    presence_penalty: float
    frequency_penalty: float


class BotPreview(View):
    """What a bot's calls are made of. `overridden` are parameters set by hand; `left_out` are
    titles of documents that are too long, missing or not published.
    """

    system_prompt: str
    parameters: BotParameters
    overridden: list[str]
    left_out: list[str]
