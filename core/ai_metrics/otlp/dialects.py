"""What the attributes of a span are called: OpenTelemetry's GenAI names, newest first, then
OpenInference's and older ones.

Whatever is read here by name is left out of what a row keeps as its `attributes`.
"""

from enum import StrEnum
from typing import Any

from core.ai_metrics.otlp.spans import Attributes, Span

LARGEST = 2**31 - 1
LONGEST_NAME, LONGEST_WORD, LONGEST_REFERENCE = 200, 500, 128

OPERATION = ("gen_ai.operation.name", "llm.request.type")
KIND = ("openinference.span.kind",)
PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
MODEL = ("gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "embedding.model_name")
INPUT_TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt")
OUTPUT_TOKENS = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
)
TOTAL_TOKENS = ("gen_ai.usage.total_tokens", "llm.token_count.total", "llm.usage.total_tokens")
CACHED_TOKENS = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
)
CACHE_WRITE_TOKENS = (
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write.input_tokens",  # of Anthropic's SDK
    "llm.token_count.prompt_details.cache_write",
)
REASONING_TOKENS = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)
FIRST_TOKEN_S = (
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.client.operation.time_to_first_chunk",  # of the Vercel AI SDK, version 7
)
FIRST_TOKEN_MS = ("gen_ai.server.time_to_first_token",)  # of Strands
COST = ("llm.cost.total", "gen_ai.cost.total_cost")  # the second is of LiteLLM
PARTS_OF_COST = ("llm.cost.prompt", "llm.cost.completion")
CONVERSATION = (
    "gen_ai.conversation.id",
    "session.id",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.chat_id",
)
USER = ("user.id", "enduser.id", "traceloop.association.properties.user_id", "llm.user")
PROMPT_NAME = ("gen_ai.prompt.name", "langfuse.observation.prompt.name")
PROMPT_VERSION = ("gen_ai.prompt.version", "langfuse.observation.prompt.version")
ERROR_TYPE = ("error.type",)
FINISH = (
    "gen_ai.response.finish_reasons",
    "llm.finish_reason",
    "anthropic.message.stop_reason",
)

TOOL_NAME = ("gen_ai.tool.name", "tool.name", "tool_call.function.name")
TOOL_CALL = ("gen_ai.tool.call.id", "tool_call.id", "tool.id")
TOOL_ARGUMENTS = (
    "gen_ai.tool.call.arguments",
    "tool.parameters",
    "tool_call.function.arguments",
    "input.value",
)
TOOL_RESULT = ("gen_ai.tool.call.result", "output.value")
AGENT_NAME = ("gen_ai.agent.name", "agent.name")
SOURCE_NAME = ("gen_ai.data_source.id", "retriever.name", "reranker.model_name")

INPUT = ("gen_ai.input.messages", "gen_ai.prompt")
OUTPUT = ("gen_ai.output.messages", "gen_ai.completion")
SYSTEM = ("gen_ai.system_instructions",)
PROMPTS = ("llm.prompts",)  # of completions, a text or several
INPUT_VALUE, OUTPUT_VALUE = ("input.value",), ("output.value",)

APP, RELEASE = ("service.name",), ("service.version",)
ENVIRONMENT = ("deployment.environment.name", "deployment.environment")

READ = frozenset().union(
    *(
        OPERATION,
        KIND,
        PROVIDER,
        MODEL,
        INPUT_TOKENS,
        OUTPUT_TOKENS,
        TOTAL_TOKENS,
        CACHED_TOKENS,
        CACHE_WRITE_TOKENS,
    ),
    *(
        REASONING_TOKENS,
        FIRST_TOKEN_S,
        FIRST_TOKEN_MS,
        COST,
        PARTS_OF_COST,
        CONVERSATION,
        USER,
        PROMPT_NAME,
        PROMPT_VERSION,
        ERROR_TYPE,
        FINISH,
        INPUT,
        OUTPUT,
        SYSTEM,
        PROMPTS,
    ),
    *(INPUT_VALUE, OUTPUT_VALUE, ("input.mime_type", "output.mime_type")),
)
# Messages that are spread over one attribute a part: `llm.input_messages.0.message.role`.
FLAT_INPUT = ("llm.input_messages.", "gen_ai.prompt.")
FLAT_OUTPUT = ("llm.output_messages.", "gen_ai.completion.")
FLAT = (*FLAT_INPUT, *FLAT_OUTPUT)
VECTORS = "embedding.embeddings."  # of OpenInference, with the texts
SPREAD = (*FLAT, VECTORS)
NO_FLAT = frozenset({*PROMPT_NAME, *PROMPT_VERSION})

EMBEDDINGS = "embeddings"
OPERATIONS = {
    "chat": "chat",
    "generate_content": "generate_content",
    "text_completion": "text_completion",
    "embeddings": EMBEDDINGS,
    "completion": "text_completion",
    "embedding": EMBEDDINGS,
}
KINDS = {"LLM": "chat", "EMBEDDING": EMBEDDINGS}


class StepKind(StrEnum):
    """The kind of a step within a request."""

    TOOL = "tool"
    RETRIEVAL = "retrieval"
    AGENT = "agent"


STEPS = {
    "execute_tool": StepKind.TOOL,
    "retrieval": StepKind.RETRIEVAL,
    "invoke_agent": StepKind.AGENT,
    "create_agent": StepKind.AGENT,
    "TOOL": StepKind.TOOL,
    "RETRIEVER": StepKind.RETRIEVAL,
    "RERANKER": StepKind.RETRIEVAL,
    "AGENT": StepKind.AGENT,
}


def operation_of(span: Span) -> str | None:
    """Return the operation of a span that is an AI request, else None."""
    attributes = span.attributes
    given = attributes.get("gen_ai.operation.name")
    if given is None:
        kind = attributes.get("openinference.span.kind")
        if isinstance(kind, str) and kind in KINDS:
            return KINDS[kind]
        given = attributes.get("llm.request.type")
    return OPERATIONS.get(given) if isinstance(given, str) else None


def step_kind_of(span: Span) -> StepKind | None:
    """Return a span's kind of step, or None."""
    given = first(span.attributes, OPERATION) or first(span.attributes, KIND)
    return STEPS.get(given) if isinstance(given, str) else None


def first(attributes: Attributes, names: tuple[str, ...]) -> Any:  # noqa: ANN401  any JSON
    """Return the first attribute that is present."""
    for name in names:
        if (value := attributes.get(name)) is not None:
            return value
    return None


def word(attributes: Attributes, names: tuple[str, ...], longest: int = LONGEST_NAME) -> str | None:
    """Return the first that holds a text or a number, cut to its column; None for an empty one."""
    for name in names:
        if (value := attributes.get(name)) is None:
            continue
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value:
            return value[:longest]
    return None


def number(attributes: Attributes, names: tuple[str, ...]) -> int | None:
    """Return the first that is a count."""
    for name in names:
        value = attributes.get(name)
        if value is not None and (found := _count(value)) is not None:
            return found
    return None


def _count(value: object) -> int | None:
    """Return a count as whatever some senders write it."""
    if type(value) is int:
        return value if 0 <= value <= LARGEST else None
    match value:
        case bool():
            return None
        case str() if value.isdecimal() and len(value) < 11:
            given = int(value)
        case int():
            given = value
        case float() if value.is_integer():
            given = int(value)
        case _:
            return None
    return given if 0 <= given <= LARGEST else None
