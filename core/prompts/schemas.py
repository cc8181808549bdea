"""What callers send about prompts, and the limits of it."""

import json
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from core.database.tables import STORED, storable
from core.ingest.pattern_budget import checked, within_budget
from core.platform.patterns import USUAL_BYTES
from core.prompts.template import syntax
from core.providers.schemas import Parameters

MAX_PROMPT_CHARS = 100_000
DEFAULT_PROMPT_NAME = "default"


class Visibility(StrEnum):
    """Visibility of a prompt: its owner only, named accounts too, or every account with prompts."""

    PRIVATE = "private"
    SHARED = "shared"
    PUBLIC = "public"


class VariableType(StrEnum):
    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"


class PromptOrder(StrEnum):
    UPDATED = "updated"
    NAME = "name"
    USAGE = "usage"
    RATING = "rating"


def _compiles(pattern: str, info: ValidationInfo) -> str:
    # A prompt may have a hundred, and a large one holds up the process for a tenth of a second
    if info.context is not STORED:
        checked(pattern, sizes=[USUAL_BYTES])
    return pattern


def _trimmed(text: str) -> str:
    return " ".join(storable(text).split())


def _json(value: Any) -> Any:  # noqa: ANN401  JSON
    """Return a value that Postgres can keep as JSON; raise ValueError."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        # Half a surrogate pair cannot be encoded: UnicodeEncodeError is a ValueError
        text.encode()
    except ValueError:
        raise ValueError("This has values that JSON can't represent, such as NaN.") from None
    # Without escaped backslashes, which are in a text that only shows how a NUL is written
    if "\\u0000" in text.replace("\\\\", ""):
        raise ValueError("This has a NUL character.")
    return value


Label = Annotated[str, StringConstraints(pattern=rf"^(?:{syntax.LABEL})$")]


def _movable(name: str) -> str:
    if name == syntax.LATEST:
        raise ValueError("`latest` is always the newest version and can't be moved.")
    return name


MovableLabel = Annotated[Label, AfterValidator(_movable)]
PromptName = Annotated[
    str,
    AfterValidator(_trimmed),
    Field(max_length=128, pattern=rf"^(?:{syntax.PROMPT_NAME})$"),
]
Tag = Annotated[
    str, StringConstraints(max_length=64), AfterValidator(_trimmed), Field(min_length=1)
]
Words = Annotated[str, AfterValidator(storable)]
Line = Annotated[str, AfterValidator(_trimmed)]
Note = Annotated[Words, Field(max_length=1000)]
Json = Annotated[Any, AfterValidator(_json)]


class VariableRules(BaseModel):
    """Limits of a variable's value; lengths are of texts (characters) and arrays (items)."""

    model_config = ConfigDict(frozen=True)

    min_length: int | None = Field(default=None, ge=0)
    max_length: int | None = Field(default=None, ge=0)
    minimum: float | None = None
    maximum: float | None = None
    pattern: Annotated[str, AfterValidator(_compiles), Field(max_length=500)] | None = None
    choices: Annotated[tuple[str | float | int | bool, ...], AfterValidator(_json)] = Field(
        default=(), max_length=100
    )


class PromptVariable(BaseModel):
    """A variable of a prompt; `pattern` is RE2 and must match the whole text."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, StringConstraints(pattern=rf"^(?:{syntax.VARIABLE_NAME})$")]
    type: VariableType = VariableType.STRING
    description: Words = Field(default="", max_length=1000)
    required: bool = True
    default: Json = None
    rules: VariableRules = VariableRules()

    @field_validator("name")
    @classmethod
    def _is_free(cls, name: str) -> str:
        if name == syntax.HISTORY:
            raise ValueError("{{history}} stands for the earlier messages. Choose another name.")
        return name


EXAMPLE: JsonDict = {
    "name": "support",
    "category": "Customer support",
    "description": "Answers questions about an order.",
    "tags": ["support"],
    "visibility": "public",
    "system_prompt": "You answer questions of customers of {{shop}} in a {{tone}} tone.",
    "prompt": "{{history}}\n<question>{{question}}</question>",
    "variables": [
        {"name": "shop", "description": "Name of the shop"},
        {"name": "tone", "default": "friendly", "rules": {"choices": ["friendly", "formal"]}},
        {"name": "question"},
    ],
    "default_parameters": {"temperature": 0.2},
    "note": "First version",
}


PromptVariables = Annotated[
    tuple[PromptVariable, ...], Field(max_length=100), WrapValidator(within_budget)
]


class PromptContent(BaseModel):
    """What a version holds. With a system prompt it is a chat, and `prompt` may be empty."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    prompt: Words = Field(default="", max_length=MAX_PROMPT_CHARS)
    system_prompt: Words | None = Field(default=None, max_length=MAX_PROMPT_CHARS)
    variables: PromptVariables = ()
    default_parameters: Parameters = Parameters()
    model_id: Line | None = Field(default=None, max_length=300)


class NewPrompt(PromptContent):
    """A prompt to create, with its first version; `is_public` true stands for its `visibility`."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    name: PromptName
    category: Line = Field(default="", max_length=100)
    description: Words = Field(default="", max_length=2000)
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    visibility: Visibility = Visibility.PRIVATE
    note: Note = ""

    @model_validator(mode="before")
    @classmethod
    def _may_be_public(cls, given: Any) -> Any:  # noqa: ANN401  nothing has validated it
        if isinstance(given, dict) and given.get("is_public") is True:
            return {"visibility": Visibility.PUBLIC, **given}
        return given


class PromptStarter(NewPrompt):
    """A prompt to start from."""


class PromptChange(BaseModel):
    """A change of a prompt: fields that are left out stay.

    Every change is a new version, except of name, category, description, tags and visibility alone.
    With `base_version`, the change is refused when a newer version exists.
    """

    model_config = ConfigDict(
        frozen=True,
        protected_namespaces=(),
        json_schema_extra={"example": {"prompt": "Answer briefly.", "note": "Shorter answers"}},
    )

    name: PromptName | None = None
    category: Line | None = Field(default=None, max_length=100)
    description: Words | None = Field(default=None, max_length=2000)
    tags: tuple[Tag, ...] | None = Field(default=None, max_length=20)
    visibility: Visibility | None = None
    is_public: bool | None = Field(
        default=None, description="Without `visibility`: whether every account sees it."
    )
    prompt: Words | None = Field(default=None, max_length=MAX_PROMPT_CHARS)
    system_prompt: Words | None = Field(default=None, max_length=MAX_PROMPT_CHARS)
    variables: PromptVariables | None = None
    default_parameters: Parameters | None = None
    model_id: Line | None = Field(default=None, max_length=300)
    note: Note = ""
    base_version: int | None = None

    def new_visibility(self, present: Visibility) -> Visibility | None:
        """Return the visibility to set, or None to keep the present one."""
        if self.visibility or self.is_public in (None, present is Visibility.PUBLIC):
            return self.visibility
        return Visibility.PUBLIC if self.is_public else Visibility.PRIVATE


class LabelTarget(BaseModel):
    """A label and the number of the version to move it to."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"name": "production", "version": 3}}
    )

    name: MovableLabel
    version: int = Field(ge=1)
    is_protected: bool | None = None


class MoveGrounds(BaseModel):
    """Why a label moves: the evaluation that passed its gate, a reason in words, or both."""

    model_config = ConfigDict(frozen=True)

    evaluation_id: UUID | None = None
    reason: str | None = None


class PromptFilter(BaseModel):
    """Filters of the list: all words of `q`, at most its first 20, are in name, description,
    category, tags and texts.
    """

    model_config = ConfigDict(frozen=True)

    q: str | None = Field(default=None, max_length=200)
    category: str | None = None
    tag: str | None = None
    label: str | None = None
    mine: bool = False


class PromptShare(BaseModel):
    """An account that a prompt is shared with."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"email": "a@example.com"}}
    )

    email: str = Field(max_length=254)
    may_edit: bool = False


class PromptShares(BaseModel):
    """All accounts that a prompt is shared with; they replace the present ones."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"accounts": [{"email": "a@example.com", "may_edit": True}]}},
    )

    accounts: tuple[PromptShare, ...] = Field(max_length=200)


class PromptRating(BaseModel):
    """An account's rating of a prompt, 1 to 5."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"rating": 5}})

    rating: int = Field(ge=1, le=5)
