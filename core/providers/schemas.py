"""Models, providers and calls."""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.ingest.json_objects import JsonObject
from core.network.cancellation import Cutter
from core.presentation.money import Usd
from core.providers.chunks import Chunk


class ProviderKind(StrEnum):
    """Which protocol a provider speaks; one file each."""

    LOCAL = "local"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    FAKE = "fake"


class ProviderSource(StrEnum):
    """Where a provider comes from."""

    PACKAGED = "packaged"
    ENVIRONMENT = "environment"
    SETTINGS = "settings"


class PriceSource(StrEnum):
    """Who says what a model costs: the packaged price data, or a person."""

    PACKAGED = "packaged"
    SETTINGS = "settings"


class ProviderStatus(StrEnum):
    """How the last look at a provider ended."""

    UNTESTED = "untested"
    WORKING = "working"
    FAILING = "failing"


class ParameterName(StrEnum):
    """What may be set for a call."""

    TEMPERATURE = "temperature"
    MAX_TOKENS = "max_tokens"
    TOP_P = "top_p"
    FREQUENCY_PENALTY = "frequency_penalty"
    PRESENCE_PENALTY = "presence_penalty"
    STOP_SEQUENCES = "stop_sequences"
    SEED = "seed"


StopSequence = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Parameters(BaseModel):
    """How a model is to answer; what is left out is the provider's own default."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    top_p: float | None = Field(default=None, ge=0, le=1)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    stop_sequences: tuple[StopSequence, ...] | None = Field(default=None, max_length=4)
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1)

    def given(self) -> dict[str, Any]:
        """Return the parameters that were set, as JSON holds them."""
        return self.model_dump(exclude_none=True, mode="json")


class Tool(BaseModel):
    """A function that the model may ask to have called."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str = Field(default="", max_length=4000)
    parameters: JsonObject = Field(default_factory=lambda: {"type": "object", "properties": {}})


class ParameterRange(BaseModel):
    """From where to where a number goes, and where the console begins; nothing of this for what is no number."""

    model_config = ConfigDict(frozen=True)

    minimum: float | None = None
    maximum: float | None = None
    default: float | None = None


class Capabilities(BaseModel):
    """What a model can do; parameters it does not take are refused before it is asked."""

    model_config = ConfigDict(frozen=True)

    streaming: bool = True
    tools: bool
    parameters: dict[ParameterName, ParameterRange]


class Prices(BaseModel):
    """US dollars per million tokens, at the lowest tier."""

    model_config = ConfigDict(frozen=True)

    input: Usd
    output: Usd
    cached_input: Usd | None = None


class ModelView(BaseModel):
    """A model that can be called; `id` is `provider:name`."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    provider: str
    context_window: int | None
    prices: Prices | None
    capabilities: Capabilities


class ProviderView(BaseModel):
    """A provider as Settings and the API show it: without its key."""

    model_config = ConfigDict(frozen=True)

    id: UUID | None
    name: str
    kind: ProviderKind
    base_url: str | None
    source: ProviderSource
    has_secret: bool
    is_active: bool
    status: ProviderStatus
    status_detail: str | None
    checked_at: datetime | None
    model_count: int


ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Secret = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]


class NewProvider(BaseModel):
    """A provider to add. Without an address it is the vendor's own."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"name": "lab", "kind": "openai", "base_url": "http://127.0.0.1:11434/v1"}}
    )

    name: ProviderName
    kind: Literal[ProviderKind.OPENAI, ProviderKind.ANTHROPIC]
    base_url: str | None = Field(default=None, max_length=500)
    secret: Secret | None = Field(default=None, repr=False)


class ProviderChange(BaseModel):
    """What to change of a provider. A new address clears the key that was meant for the old one."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"is_active": False}})

    base_url: str | None = Field(default=None, max_length=500)
    secret: Secret | None = Field(default=None, repr=False)
    is_active: bool | None = None


@dataclass(frozen=True)
class KnownModel:
    """A model as its provider lists it."""

    name: str
    context_window: int | None = None


# With the dot before them: OpenAI's regions are us.api.openai.com and the like.
VENDOR_HOSTS = (".api.openai.com", ".api.anthropic.com")


@dataclass(frozen=True)
class Connection:
    """How to reach a provider: everything that a call needs, and nothing that a page may see."""

    name: str
    kind: ProviderKind
    base_url: str | None
    secret: str | None = field(repr=False)

    @property
    def is_vendor(self) -> bool:
        """Whether it leads to the vendor itself, not to a server that speaks its protocol."""
        return self.base_url is None or f".{urlsplit(self.base_url).hostname}".endswith(VENDOR_HOSTS)


@dataclass(frozen=True)
class Route:
    """A model and the way to it."""

    model: ModelView
    connection: Connection


class MessageRole(StrEnum):
    """Who says it."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class ChatMessage(BaseModel):
    """One message of the conversation that a model is to continue."""

    model_config = ConfigDict(frozen=True)

    role: MessageRole
    content: str = Field(max_length=1_000_000)


@dataclass(frozen=True)
class ModelCall:
    """What is asked of a model."""

    model: str
    system_prompt: str | None
    messages: tuple[ChatMessage, ...]
    parameters: Parameters
    tools: tuple[Tool, ...] = ()


class Provider(Protocol):
    """One vendor's way to stream an answer. Sync: it runs in a thread of its own and can be cut."""

    def stream(self, call: ModelCall, cutter: Cutter) -> Generator[Chunk]:
        """Yield chunks until the end; raise a CallFailed of errors.py, also when it was cut."""
        ...

    def list_models(self) -> list[KnownModel]:
        """Return what this provider serves; raise a ProviderFailed when it does not say."""
        ...

    def close(self) -> None:
        """Let go of its connections."""
        ...
