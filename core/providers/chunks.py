"""Typed chunks of a streamed answer."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class TextChunk:
    """Some more text."""

    text: str


@dataclass(frozen=True)
class ToolCallChunk:
    """The model asks to have a tool called; `arguments` is its JSON, whole."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Usage:
    """Tokens of one call. `input` includes the cached ones and those written to a cache; `output` includes reasoning."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    is_estimated: bool = False

    @property
    def total(self) -> int:
        """All tokens."""
        return self.input + self.output


@dataclass(frozen=True)
class UsageChunk:
    """What the provider counted."""

    usage: Usage


@dataclass(frozen=True)
class EndChunk:
    """The provider says that this is all, and why (`stop`, `length`, `tool_calls`, ...)."""

    finish_reason: str


Chunk: TypeAlias = TextChunk | ToolCallChunk | UsageChunk | EndChunk
