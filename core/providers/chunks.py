"""Typed chunks of a streamed answer, and vectors of texts."""

from dataclasses import dataclass
from typing import TypeAlias

MAX_TOKENS_COUNT = 1_000_000_000  # a column holds twice that


@dataclass(frozen=True)
class TextChunk:
    text: str


@dataclass(frozen=True)
class ToolCallChunk:
    """The model requests a tool call; `arguments` is its complete JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Usage:
    """Token counts of one call.

    `input` includes cached tokens and those written to a cache, `cache_write` those kept for an
    hour, whose price is higher; `output` includes reasoning.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    reasoning: int = 0
    is_estimated: bool = False

    @property
    def total(self) -> int:
        return self.input + self.output

    def plus(self, other: "Usage") -> "Usage":
        """Return the sum, up to MAX_TOKENS_COUNT each; it is estimated when either is."""
        return Usage(
            _sum(self.input, other.input),
            _sum(self.output, other.output),
            _sum(self.cached, other.cached),
            _sum(self.cache_write, other.cache_write),
            _sum(self.cache_write_1h, other.cache_write_1h),
            _sum(self.reasoning, other.reasoning),
            self.is_estimated or other.is_estimated,
        )


def _sum(one: int, other: int) -> int:
    return min(one + other, MAX_TOKENS_COUNT)


@dataclass(frozen=True)
class UsageChunk:
    """Token counts as the provider reports them."""

    usage: Usage


@dataclass(frozen=True)
class EndChunk:
    """The end of the answer, with the provider's reason (`stop`, `length`, `tool_calls`, ...)."""

    finish_reason: str


Chunk: TypeAlias = TextChunk | ToolCallChunk | UsageChunk | EndChunk


@dataclass(frozen=True)
class Embeddings:
    """The vectors of texts, in the texts' order and of one length."""

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage
