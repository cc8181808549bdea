"""Cases of evaluations: as one request has them, and as they are run."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, WrapValidator, model_validator

from core.datasets.files.promptfoo_vars import CaseVariablesRefused, messages_of
from core.ingest.json_objects import JsonObject
from core.ingest.null_defaults import OrDefault
from core.ingest.pattern_budget import within_budget
from core.providers.schemas import ChatMessage, MessageRole
from core.scoring.schemas import (
    ContainsScorer,
    ExactScorer,
    NumericScorer,
    RegexScorer,
    ScorerList,
    ScorerSpec,
    SimilarityScorer,
)

RunTag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class ExpectedOutput(BaseModel):
    """What an answer is expected to be, in short; `assertions` can say more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["contains", "keywords", "exact", "regex", "semantic", "numeric"]
    keywords: OrDefault[tuple[str, ...]] = Field(default=(), max_length=50)
    pattern: str | None = Field(default=None, max_length=1000)
    semantic_threshold: OrDefault[float] = Field(default=0.8, ge=0, le=1)
    value: Any = None
    threshold: float | None = Field(
        default=None, ge=0, description="The tolerance of a number, the least similarity of a text."
    )

    def scorer(self) -> ScorerSpec:
        """Return the scorer that checks it; raise ValueError."""
        text = None if self.value is None else str(self.value)
        match self.type:
            case "contains" | "keywords":
                words = self.keywords or ((text,) if text else ())
                if not words:
                    raise ValueError(f"The type {self.type} needs `keywords`.")
                return ContainsScorer(values=words)
            case "exact":
                return ExactScorer(value=text)
            case "regex":
                return RegexScorer(pattern=self.pattern or text or "")
            case "numeric":
                return NumericScorer(value=self.value, tolerance=self.threshold or 0)
            case "semantic":
                least = self.semantic_threshold if self.threshold is None else self.threshold
                # `threshold` has no upper bound, because it is the tolerance of numbers, too
                return SimilarityScorer(value=text, threshold=min(least, 1))


class EvaluatedCase(BaseModel):
    """A case as it is run: messages, context, a reference answer, and its own scorers.

    User messages in a row are turns: each is answered before the next one is sent.
    """

    model_config = ConfigDict(frozen=True)

    messages: tuple[ChatMessage, ...] = Field(min_length=1, max_length=500)
    context: JsonObject | None = None
    reference: str | None = Field(default=None, max_length=200_000)
    assertions: ScorerList = ()
    tags: tuple[RunTag, ...] = Field(default=(), max_length=30)
    case_id: UUID | None = None

    @property
    def turns(self) -> int:
        """How many answers it takes."""
        return 1 + sum(map(self._is_turn, range(len(self.messages) - 1)))

    def with_answers(self, answers: Sequence[str]) -> "EvaluatedCase":
        """Return the case up to its next question, with the answers to its turns so far."""
        found, left = list[ChatMessage](), iter(answers)
        for place, message in enumerate(self.messages):
            found.append(message)
            if self._is_turn(place):
                if (answer := next(left, None)) is None:
                    break
                found.append(ChatMessage(role=MessageRole.ASSISTANT, content=answer))
        return self.model_copy(update={"messages": tuple(found)})

    def _is_turn(self, place: int) -> bool:
        pair = self.messages[place : place + 2]
        return [it.role for it in pair] == [MessageRole.USER, MessageRole.USER]

    @property
    def question(self) -> str:
        """The last message of the user."""
        asked = (it.content for it in reversed(self.messages) if it.role is MessageRole.USER)
        return next(asked, self.messages[-1].content)


def _message_of(values: dict[str, Any]) -> str:
    """Return the message of a case that has values for variables; raise ValueError."""
    if isinstance(message := values.get("input"), str):
        return message
    try:
        return messages_of(None, values)[0]["content"]
    except (CaseVariablesRefused, RecursionError):
        raise ValueError("`input` needs values that are not nested too deeply.") from None


class InlineCase(BaseModel):
    """A case of one request: an `input` or `messages`, and what is expected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: str | None = Field(
        default=None,
        min_length=1,
        max_length=200_000,
        description="A text, or an object whose values fill the variables of a prompt, as "
        "`context` does; its `input`, else all of it, is then the message.",
        json_schema_extra={"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "null"}]},
    )
    messages: OrDefault[tuple[ChatMessage, ...]] = Field(default=(), max_length=500)
    expected_output: ExpectedOutput | None = None
    context: JsonObject | None = None
    reference: str | None = Field(default=None, max_length=200_000)
    assertions: OrDefault[ScorerList] = ()
    tags: OrDefault[tuple[RunTag, ...]] = Field(default=(), max_length=30)

    @model_validator(mode="before")
    @classmethod
    def _values_are_context(cls, given: Any) -> Any:  # noqa: ANN401  nothing has validated it
        values = given.get("input") if isinstance(given, dict) else None
        if not isinstance(values, dict):
            return given
        if given.get("context") is not None:
            raise ValueError("Pass `context`, or an object as `input`, not both.")
        return {**given, "input": _message_of(values), "context": values}

    @model_validator(mode="after")
    def _asks_and_can_be_scored(self) -> Self:
        if (self.input is None) == (not self.messages):
            raise ValueError("Pass `input` or `messages`.")
        if self.messages and self.messages[-1].role is not MessageRole.USER:
            raise ValueError("The last message must be the user's.")
        if self.expected_output is not None:
            # Refused with the request, instead of in the worker later
            self.expected_output.scorer()
        return self

    def case(self) -> EvaluatedCase:
        """Return the case as it is run."""
        asked = ChatMessage(role=MessageRole.USER, content=self.input or "")
        expected = (self.expected_output.scorer(),) if self.expected_output else ()
        value = self.expected_output.value if self.expected_output else None
        reference = value if isinstance(value, str) else None
        return EvaluatedCase(
            messages=self.messages or (asked,),
            context=self.context,
            reference=self.reference if self.reference is not None else reference,
            assertions=(*expected, *self.assertions),
            tags=self.tags,
        )


MOST_INLINE_CASES = 1000
InlineCases = Annotated[
    tuple[InlineCase, ...], Field(max_length=MOST_INLINE_CASES), WrapValidator(within_budget)
]


class ReplayedRun(BaseModel):
    """The run of a case to replay, of one target."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"target": 1, "run": 1}})

    target: int = Field(default=1, ge=1)
    run: int = Field(default=1, ge=1)
