"""The request for a better prompt, the model's answer, and the proposal made from it."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.annotations.schemas import AnnotationView
from core.executions.schemas import NewExecution
from core.identity.schemas import View
from core.presentation.money import Usd
from core.presentation.word_diff import TextChange
from core.prompts.estimates import CallEstimate
from core.prompts.guidance.findings import PromptFinding
from core.prompts.schemas import PromptContent, Words


class NewImprovement(BaseModel):
    """The model to ask, and what to improve.

    With `content`, texts that aren't saved are improved, else the newest version.
    """

    model_config = ConfigDict(
        frozen=True,
        protected_namespaces=(),
        json_schema_extra={
            "example": {"model_id": "fake:echo", "note": "Answers are too long. Shorten them."}
        },
    )

    model_id: str = Field(min_length=1, max_length=300)
    note: Words = Field(default="", max_length=4000)
    content: PromptContent | None = None


@dataclass(frozen=True)
class Improvement:
    """A call that is ready to be made, and the prompt and annotations to check its answer with."""

    version: int
    content: PromptContent
    annotations: dict[str, AnnotationView]  # by the short IDs that the model sees
    findings: list[PromptFinding]
    execution: NewExecution
    estimate: CallEstimate


class ProposedTexts(BaseModel):
    """What the model answers; `addressed` are short IDs."""

    model_config = ConfigDict(frozen=True)

    system_prompt: Words | None = None
    prompt: Words | None = None
    addressed: list[str] = Field(default=[], max_length=1000)
    why: Words = Field(default="", max_length=10_000)


class ImprovementProposal(View):
    """Texts that a model proposes; nothing is saved.

    `version` is the newest when it was asked for. The diffs are against the texts to improve,
    `addressed` are the annotations that the model says it addresses, and `findings` are possible
    problems of the proposed texts.
    """

    execution_id: UUID
    version: int
    system_prompt: str | None
    prompt: str
    system_prompt_diff: list[TextChange]
    prompt_diff: list[TextChange]
    why: str
    addressed: list[UUID]
    findings: list[PromptFinding]
    cost_usd: Usd | None
