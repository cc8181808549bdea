"""Typed chunks of a streamed answer, and vectors of texts."""

from dataclasses import dataclass
from typing import TypeAlias


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

    `input` includes cached tokens and those written to a cache; `output` includes reasoning.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    is_estimated: bool = False

    @property
    def total(self) -> int:
        return self.input + self.output

    def plus(self, other: "Usage") -> "Usage":
        """Return the sum, which is estimated when either is."""
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.cache_write + other.cache_write,
            self.reasoning + other.reasoning,
            self.is_estimated or other.is_estimated,
        )


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
