"""Attributes of the Vercel AI SDK's spans, versions 4 to 6, in OpenTelemetry's names (ai-sdk.dev,
"Telemetry"). Version 7 sends these names itself.

A function's span, `ai.generateText`, repeats texts and sums of the model calls below it,
`ai.generateText.doGenerate`: only these are requests.
"""

from typing import Any

from core.ai_metrics.otlp.span_messages import parsed
from core.ai_metrics.otlp.spans import Attributes

KIND = "ai.operationId"
MODEL_CALLS = {"doGenerate": "chat", "doStream": "chat", "doEmbed": "embeddings"}
NAMES = {
    "ai.model.id": "gen_ai.request.model",
    "ai.response.model": "gen_ai.response.model",
    "ai.response.finishReason": "llm.finish_reason",
    "ai.usage.promptTokens": "gen_ai.usage.input_tokens",
    "ai.usage.inputTokens": "gen_ai.usage.input_tokens",
    "ai.usage.tokens": "gen_ai.usage.input_tokens",
    "ai.usage.completionTokens": "gen_ai.usage.output_tokens",
    "ai.usage.outputTokens": "gen_ai.usage.output_tokens",
    "ai.usage.totalTokens": "gen_ai.usage.total_tokens",
    "ai.usage.cachedInputTokens": "gen_ai.usage.cache_read.input_tokens",
    "ai.usage.inputTokenDetails.cacheReadTokens": "gen_ai.usage.cache_read.input_tokens",
    "ai.usage.inputTokenDetails.cacheWriteTokens": "gen_ai.usage.cache_creation.input_tokens",
    "ai.usage.reasoningTokens": "gen_ai.usage.reasoning.output_tokens",
    "ai.usage.outputTokenDetails.reasoningTokens": "gen_ai.usage.reasoning.output_tokens",
    "ai.telemetry.metadata.userId": "user.id",
    "ai.telemetry.metadata.sessionId": "session.id",
    "ai.telemetry.metadata.conversationId": "gen_ai.conversation.id",
    "ai.telemetry.metadata.chatId": "gen_ai.conversation.id",
    "ai.prompt.messages": "gen_ai.input.messages",
    "ai.toolCall.name": "gen_ai.tool.name",
    "ai.toolCall.id": "gen_ai.tool.call.id",
    "ai.toolCall.args": "gen_ai.tool.call.arguments",
    "ai.toolCall.result": "gen_ai.tool.call.result",
}
PROVIDERS = ("gen_ai.system", "ai.model.provider")
FIRST_CHUNK_MS = "ai.response.msToFirstChunk"
TEXTS, TOOL_CALLS = ("ai.response.text", "ai.response.object"), "ai.response.toolCalls"
VECTORS = "ai.embeddings"  # of no use to people, and large
READ = {KIND, *PROVIDERS, FIRST_CHUNK_MS, *TEXTS, TOOL_CALLS, VECTORS}


def is_sent_by(attributes: Attributes) -> bool:
    """Whether a span is one of the Vercel AI SDK."""
    return KIND in attributes


def renamed(given: Attributes) -> Attributes:
    """Return the attributes of such a span in OpenTelemetry's names."""
    found = {NAMES.get(name, name): value for name, value in given.items() if name not in READ}
    if (operation := _operation(given[KIND])) is not None:
        found["gen_ai.operation.name"] = operation
    for name in PROVIDERS:
        if isinstance(provider := given.get(name), str):
            # "openai.responses" is one provider's second API
            found["gen_ai.provider.name"] = provider.partition(".")[0]
            break
    if isinstance(first_ms := given.get(FIRST_CHUNK_MS), int | float):
        found["gen_ai.response.time_to_first_chunk"] = first_ms / 1000
    if (answer := _answer(given)) is not None:
        found["gen_ai.output.messages"] = [answer]
    return found


def _operation(kind: Any) -> str | None:  # noqa: ANN401  any JSON
    if kind == "ai.toolCall":
        return "execute_tool"
    return MODEL_CALLS.get(kind.rpartition(".")[2]) if isinstance(kind, str) else None


def _answer(given: Attributes) -> dict[str, Any] | None:
    text = next((given[name] for name in TEXTS if given.get(name)), "")
    calls = parsed(given.get(TOOL_CALLS))
    if not text and not calls:
        return None
    return {"role": "assistant", "content": text, "tool_calls": calls}
