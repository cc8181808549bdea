"""Models and their calls, as the console, the API and the gateway use them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.presentation.money import Usd
from core.providers.structured_output import ResponseSchema, StructuredOutput
from core.providers.tools.tool_calls import MessageToolCall, ToolCallId

MAX_CONCURRENT, MAX_CALLS_PER_MINUTE = 1_000, 10_000


class ProviderKind(StrEnum):
    """The protocol of a provider; each has a module in vendors/."""

    LOCAL = "local"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    FAKE = "fake"


MaxConcurrent = Annotated[int, Field(ge=1, le=MAX_CONCURRENT)]
CallsPerMinute = Annotated[int, Field(ge=1, le=MAX_CALLS_PER_MINUTE)]


class CallLimits(BaseModel):
    """How many calls a provider gets, of all processes together; null is no limit.

    Calls beyond them wait in its queue (core/executions/provider_queue.py).
    """

    model_config = ConfigDict(frozen=True)

    max_concurrent: MaxConcurrent | None = Field(
        default=None, description="Calls in progress at the same time; null for no limit."
    )
    calls_per_minute: CallsPerMinute | None = Field(
        default=None, description="Calls begun within 60 seconds; null for no limit."
    )

    @property
    def are_set(self) -> bool:
        """Whether there is any limit."""
        return self.max_concurrent is not None or self.calls_per_minute is not None


NO_LIMITS = CallLimits()


class PriceSource(StrEnum):
    PACKAGED = "packaged"
    SETTINGS = "settings"


class ParameterName(StrEnum):
    TEMPERATURE = "temperature"
    MAX_TOKENS = "max_tokens"
    TOP_P = "top_p"
    FREQUENCY_PENALTY = "frequency_penalty"
    PRESENCE_PENALTY = "presence_penalty"
    STOP_SEQUENCES = "stop_sequences"
    SEED = "seed"
    REASONING_EFFORT = "reasoning_effort"
    THINKING_BUDGET = "thinking_budget"
    PROMPT_CACHE_TTL = "prompt_cache_ttl"


ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
# How long the vendor is asked to keep the beginning of the conversation in its cache
PromptCacheTtl = Literal["5m", "30m", "1h", "24h"]
StopSequence = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Parameters(BaseModel):
    """Parameters of a call; the provider's default applies to those that are left out.

    `max_tokens` includes the tokens of `thinking_budget`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    top_p: float | None = Field(default=None, ge=0, le=1)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    # OpenAI takes at most four.
    stop_sequences: tuple[StopSequence, ...] | None = Field(default=None, max_length=4)
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1)
    reasoning_effort: ReasoningEffort | None = None
    # Anthropic takes no smaller budget.
    thinking_budget: int | None = Field(default=None, ge=1024, le=1_000_000)
    prompt_cache_ttl: PromptCacheTtl | None = None

    def set_values(self) -> dict[str, Any]:
        """Return the parameters that were set, as JSON values."""
        return self.model_dump(exclude_none=True, mode="json")


class Tool(BaseModel):
    """A function that the model may call; `parameters` is a JSON Schema, which OpenAI's models
    follow to the letter with `strict`.
    """

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str = Field(default="", max_length=4000)
    parameters: JsonObject = Field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None


ANY_TOOL = "required"  # as a choice of tools: the model must call one of them


class ParameterRange(View):
    """The values of a parameter: a number's range and the console's default, or the choices.

    It is not set together with those that it `excludes`.
    """

    minimum: float | None = None
    maximum: float | None = None
    default: float | None = None
    choices: tuple[str, ...] | None = None
    excludes: tuple[ParameterName, ...] = ()


class Capabilities(View):
    """What a model supports; calls with other parameters are rejected before they are sent."""

    streaming: bool = True
    tools: bool
    embeddings: bool = False
    images: bool = False
    structured_output: StructuredOutput = StructuredOutput.NONE
    parameters: dict[ParameterName, ParameterRange]

    @property
    def calls_tools(self) -> bool:
        """Whether it has tools, or can follow the JSON form of a call."""
        return self.tools or self.structured_output is not StructuredOutput.NONE


class Prices(View):
    """US dollars per million tokens, at the lowest tier."""

    input: Usd
    output: Usd
    cached_input: Usd | None = None


class ModelView(View):
    """A model that can be called; `id` is `provider:name`."""

    id: str
    name: str
    provider: str
    context_window: int | None
    prices: Prices | None
    capabilities: Capabilities


@dataclass(frozen=True)
class ListedModel:
    """A model as its provider lists it."""

    name: str
    context_window: int | None = None


# With a leading dot, because OpenAI has regions such as us.api.openai.com.
VENDOR_HOSTS = (".api.openai.com", ".api.anthropic.com")


@dataclass(frozen=True)
class Connection:
    """How to reach a provider, with its decrypted key: for calls, not for pages."""

    name: str
    kind: ProviderKind
    base_url: str | None
    secret: str | None = field(repr=False)

    @property
    def is_vendor(self) -> bool:
        """Whether this is the vendor's own API, not a server that speaks its protocol."""
        host = f".{urlsplit(self.base_url or '').hostname}"
        return self.base_url is None or host.endswith(VENDOR_HOSTS)


@dataclass(frozen=True)
class Route:
    """A model, the connection to its provider and the provider's limits."""

    model: ModelView
    connection: Connection
    limits: CallLimits = NO_LIMITS


class MessageRole(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class ChatMessage(BaseModel):
    """A message; one of role `tool` is the result of the tool call that it names."""

    model_config = ConfigDict(frozen=True)

    role: MessageRole
    content: str = Field(default="", max_length=1_000_000)
    tool_calls: tuple[MessageToolCall, ...] = Field(default=(), max_length=128)
    tool_call_id: ToolCallId | None = None

    @model_validator(mode="before")
    @classmethod
    def _leaves_out_nulls(cls, given: Any) -> Any:  # noqa: ANN401  nothing has validated it
        # As OpenAI's clients send the content beside tool calls. Not OrDefault, with which a null
        # counts as a text that was given
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None}

    @model_validator(mode="after")
    def _has_the_fields_of_its_role(self) -> Self:
        if self.tool_calls and self.role is not MessageRole.ASSISTANT:
            raise ValueError("only messages of the assistant have tool_calls")
        if (self.tool_call_id is not None) != (self.role is MessageRole.TOOL):
            raise ValueError("messages of role tool, and no others, have a tool_call_id")
        if not self.tool_calls and "content" not in self.model_fields_set:
            raise ValueError("content is missing")
        return self

    @property
    def size_chars(self) -> int:
        """The length of its texts."""
        return len(self.content) + sum(len(call.arguments) for call in self.tool_calls)


@dataclass(frozen=True)
class ModelCall:
    """The input of one model call."""

    model: str
    system_prompt: str | None
    messages: tuple[ChatMessage, ...]
    parameters: Parameters
    tools: tuple[Tool, ...] = ()
    response_schema: ResponseSchema | None = None
    tool_choice: str | None = None  # any tool (ANY_TOOL) or the one that must be called
    parallel_tool_calls: bool = True  # whether one answer may call several tools

    @property
    def tools_to_choose(self) -> tuple[Tool, ...]:
        """The tools to choose from when a call is required; empty when the model decides."""
        any_ = self.tool_choice == ANY_TOOL
        return tuple(tool for tool in self.tools if any_ or tool.name == self.tool_choice)


@dataclass(frozen=True)
class EmbeddingCall:
    """Up to 256 texts to embed; without `dimensions` the vectors are as long as the model's."""

    model: str
    texts: tuple[str, ...]
    dimensions: int | None = None
