"""What callers send to render a prompt, and to call a model with one."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.executions.schemas import MAX_MESSAGES, MAX_TEXT_CHARS, NewExecution, ToolName
from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.ingest.null_defaults import OrDefault
from core.providers.schemas import ChatMessage, Parameters, Tool


class RenderRequest(BaseModel):
    """Values to render a prompt with: a label, else a version, else the newest version."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "label": "production",
                "variables": {"shop": "Acme", "question": "Where is it?"},
            }
        },
    )

    label: str | None = None
    version: int | None = None
    variables: OrDefault[JsonObject] = Field(default_factory=dict)
    context: JsonObject | None = None
    messages: OrDefault[tuple[ChatMessage, ...]] = Field(default=(), max_length=MAX_MESSAGES)


class CompiledVariable(View):
    """Where a value goes, and what delimits that place: escape these in the value."""

    name: str
    quote: str
    marks: tuple[str, ...]
    tags: tuple[str, ...]


class CompiledPrompt(View):
    """A version of a prompt in parts, with everything that it includes in place."""

    model_config = ConfigDict(protected_namespaces=())

    name: str
    version: int
    model_id: str | None
    parameters: Parameters
    system: list[str | CompiledVariable] | None
    has_history: bool
    before_history: list[str | CompiledVariable]
    user: list[str | CompiledVariable]
    defaults: dict[str, str]
    required: list[str]


class PromptExecution(NewExecution):
    """A call to make, of texts or of a prompt.

    With `template_id`, an ID, a name or `name@label`, `variables` and `context` fill the prompt of
    `template_label` (without one, the newest version), and `model_id` and parameters that are left
    out are the prompt's. Without it, `variables` fill `prompt` and `system_prompt` as `{{name}}`
    in them, and `context` what they lack; without `variables`, texts are sent as they are.
    """

    # A default is not validated: the field may be left out, and must not be empty
    model_id: OrDefault[str] = Field(default="", min_length=1, max_length=300)
    prompt: OrDefault[str] = Field(default="", max_length=MAX_TEXT_CHARS)
    template_id: str | None = Field(default=None, max_length=128)
    template_label: str | None = Field(default=None, max_length=64)
    variables: OrDefault[JsonObject] = Field(default_factory=dict)

    @field_validator("tools")
    @classmethod
    def _tools_have_names_of_their_own(
        cls, tools: tuple[Tool | ToolName, ...]
    ) -> tuple[Tool | ToolName, ...]:
        # A call names its tool only, and some providers refuse the request
        names = [tool if isinstance(tool, str) else tool.name for tool in tools]
        if len(set(names)) < len(names):
            raise ValueError("Two tools have the same name.")
        return tools

    @model_validator(mode="after")
    def _has_text(self) -> Self:
        has_text = self.prompt or self.ends_with_input
        if self.template_id is None and not (has_text and self.model_id):
            raise ValueError("Pass `model_id` and `prompt`, or `template_id`.")
        return self
