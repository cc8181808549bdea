"""Tool calls in the messages of a conversation, and the rules that every vendor has for them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

if TYPE_CHECKING:
    from core.providers.schemas import ChatMessage

ToolCallId = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class MessageToolCall(BaseModel):
    """A tool call that the assistant has made earlier; `arguments` is the model's own JSON text."""

    model_config = ConfigDict(frozen=True)

    id: ToolCallId
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    arguments: str = Field(default="{}", max_length=1_000_000)


def check_answered(messages: Iterable["ChatMessage"]) -> None:
    """Raise ValueError unless each tool call is answered once, directly after its message."""
    open_ids: set[str] = set()
    for number, message in enumerate(messages):
        if message.tool_call_id is not None:
            if message.tool_call_id not in open_ids:
                raise ValueError(
                    f"messages[{number}]: the message before its tool results has no unanswered"
                    f" tool call {message.tool_call_id!r}"
                )
            open_ids.discard(message.tool_call_id)
            continue
        _check_none_open(open_ids, number)
        open_ids = {call.id for call in message.tool_calls}
        if len(open_ids) < len(message.tool_calls):
            raise ValueError(f"messages[{number}]: two tool calls have the same id")
    _check_none_open(open_ids, None)


def _check_none_open(open_ids: set[str], number: int | None) -> None:
    if open_ids:
        place = "the end" if number is None else f"messages[{number}]"
        raise ValueError(f"tool calls without a tool message before {place}: {sorted(open_ids)}")
