"""Request bodies of branches."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.executions.schemas import CostLimit, ToolName
from core.playground.schemas import MAX_PROMPT_CHARS, HistoryTurns, ModelOrService
from core.providers.schemas import Parameters


class NewAnswer(ModelOrService):
    """With what the last answer is made again. Without `model` and `service_id`, by what answered
    before, with its prompt, parameters and tools where they are left out.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "model": "local:smollm2-135m-instruct",
                "custom_prompt": "Answer in one word.",
            }
        },
    )

    model: str | None = Field(
        default=None,
        max_length=300,
        description="Left out, what answered before; null, the active service, else the default "
        "model.",
    )
    custom_prompt: str | None = Field(default=None, max_length=MAX_PROMPT_CHARS)
    parameters: Parameters = Parameters()
    tools: tuple[ToolName, ...] = Field(default=(), max_length=64)
    cost_limit_usd: CostLimit | None = None
    history_turns: HistoryTurns = None


class BranchChoice(BaseModel):
    """A message of the branch to show."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"message_id": "01936d5e-7c1b-7f3a-9a55-1f0c2f6f7b10"}},
    )

    message_id: UUID
