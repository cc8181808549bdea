"""Check exported lines as strictly as the programs that read the format."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated, Literal

import msgspec

from core.annotations.exports.formats import CSV_COLUMNS, FormatName
from core.annotations.exports.markdown import FENCE
from core.presentation.csv_lines import FORMULA

LONGEST_CELL = 10_000_000
# Python's own reader stops at 131,072 characters, and a message may have a million.
csv.field_size_limit(max(LONGEST_CELL, csv.field_size_limit()))


Words = Annotated[str, msgspec.Meta(min_length=1)]
ToolName = Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_-]{1,64}$")]


class FormatRefused(ValueError):
    """The format's reader rejects this line."""


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a line without unknown fields."""


class Function(Strict):
    """A function call; `arguments` is a JSON object as text."""

    name: ToolName
    arguments: str


class ToolCall(Strict):
    """A call of a tool; OpenAI's ids have at most 40 characters."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    type: Literal["function"]
    function: Function


Calls = Annotated[list[ToolCall], msgspec.Meta(min_length=1)]


class TrainingMessage(Strict):
    """A message of a chat; a tool's message names the call that it answers."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None
    tool_calls: Calls | None = None
    tool_call_id: str | None = None
    name: ToolName | None = None

    def __post_init__(self) -> None:
        """Refuse fields that a role must not have or lacks."""
        is_tool, may_be_empty = self.role == "tool", self.tool_calls is not None
        _expect(self.content is not None or may_be_empty, "it has a text or calls")
        _expect(bool(self.content) or may_be_empty or is_tool, "its text is not empty")
        _expect(
            is_tool == (self.tool_call_id is not None),
            "a tool, and nobody else, says which call it answers",
        )
        _expect(self.role == "assistant" or self.tool_calls is None, "only a model calls")


class Definition(Strict):
    """A function's definition."""

    name: ToolName
    description: str = ""
    parameters: dict[str, object] | None = None


class TrainingTool(Strict):
    """A tool that a model may call."""

    type: Literal["function"]
    function: Definition


Messages = Annotated[list[TrainingMessage], msgspec.Meta(min_length=1)]
OneAnswer = Annotated[list[TrainingMessage], msgspec.Meta(min_length=1, max_length=1)]


class Chat(Strict):
    """A line of OpenAI's fine-tuning file."""

    messages: Messages
    tools: list[TrainingTool] = []


class PreferenceInput(Strict):
    """The input of both answers."""

    messages: Messages
    tools: list[TrainingTool]
    parallel_tool_calls: bool


class Preference(Strict):
    """A line of OpenAI's preference file."""

    input: PreferenceInput
    preferred_output: OneAnswer
    non_preferred_output: OneAnswer


class Pair(Strict):
    """A line of a TRL preference dataset."""

    prompt: Messages
    chosen: OneAnswer
    rejected: OneAnswer
    tools: str = "[]"


class Unpaired(Strict):
    """A line of a TRL unpaired preference dataset."""

    prompt: Messages
    completion: OneAnswer
    label: bool
    tools: str = "[]"


class ShareGptTurn(Strict):
    """A turn of ShareGPT."""

    from_: Literal["system", "human", "gpt", "tool"] = msgspec.field(name="from")
    value: Words = msgspec.field()


class NamedTool(msgspec.Struct):
    """The name in a tool call or response of ShareGPT."""

    name: ToolName


class ShareGptLine(Strict):
    """A line of a ShareGPT file."""

    conversations: Annotated[list[ShareGptTurn], msgspec.Meta(min_length=2)]


def chat(line: bytes) -> None:
    """Read a line of OpenAI's fine-tuning file: a user has asked, the assistant is last."""
    found = msgspec.json.decode(line, type=Chat)
    _check_asked(found.messages[:-1], found.messages[-1:], found.tools)


def preference(line: bytes) -> None:
    """Read a line of OpenAI's preference file: two answers that differ."""
    found = msgspec.json.decode(line, type=Preference)
    _check_asked(found.input.messages, found.preferred_output, found.input.tools)
    _check_asked(found.input.messages, found.non_preferred_output, found.input.tools)
    _expect(found.preferred_output != found.non_preferred_output, "the answers differ")


def pair(line: bytes) -> None:
    """Read a line of a TRL preference dataset: two answers that differ."""
    found = msgspec.json.decode(line, type=Pair)
    tools = msgspec.json.decode(found.tools, type=list[TrainingTool])
    _check_asked(found.prompt, found.chosen, tools)
    _check_asked(found.prompt, found.rejected, tools)
    _expect(found.chosen != found.rejected, "the answers differ")


def unpaired(line: bytes) -> None:
    """Read a line of a TRL unpaired preference dataset."""
    found = msgspec.json.decode(line, type=Unpaired)
    _check_asked(
        found.prompt, found.completion, msgspec.json.decode(found.tools, type=list[TrainingTool])
    )


def dialogue(line: bytes) -> None:
    """Read a line of a ShareGPT file: a human asked, gpt is last, every call is answered."""
    turns = msgspec.json.decode(line, type=ShareGptLine).conversations
    _expect(turns[-1].from_ == "gpt", "the last turn is the model's")
    _expect(any(each.from_ == "human" for each in turns), "a person has asked")
    for before, turn in pairwise(turns):
        said = (
            [each.name for each in _within("tool_response", turn.value)]
            if turn.from_ == "tool"
            else []
        )
        called = (
            [each.name for each in _within("tool_call", before.value)]
            if before.from_ == "gpt"
            else []
        )
        _expect(turn.from_ != "tool" or bool(said), "what a tool says is marked")
        _expect(sorted(called) == sorted(said), "each call is answered at once, and nothing else")


def section(text: bytes) -> None:
    """Read a section of markdown: one heading of the second level, which it begins with."""
    lines, headings, fence = text.decode().splitlines(), 0, ""
    for line in lines:
        found = FENCE.match(line)
        if not fence:
            headings += line.startswith("## ")
            fence = found[1] if found else ""
        elif found and found[1].startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
    _expect(lines[0].startswith("## "), "it begins with a heading")
    _expect(headings == 1, "it has one heading of the second level")
    _expect(not fence, "no code is left open")


def row(line: bytes) -> None:
    """Read a row of CSV: as many cells as the header has, none of which a spreadsheet would run."""
    rows = list(csv.reader(io.StringIO(line.decode(), newline=""), strict=True))
    _expect(len(rows) == 1 and len(rows[0]) == len(CSV_COLUMNS), "it has a cell for each column")
    _expect(not any(cell.startswith(FORMULA) for cell in rows[0]), "no cell is a formula")


def record(line: bytes) -> None:
    """Read an annotation as JSON."""
    _expect(line.count(b"\n") == 1, "it is one line")
    msgspec.json.decode(line, type=dict[str, object])


READERS: dict[FormatName, Callable[[bytes], None]] = {
    FormatName.OPENAI_CHAT: chat,
    FormatName.OPENAI_DPO: preference,
    FormatName.TRL_PREFERENCE: pair,
    FormatName.TRL_UNPAIRED: unpaired,
    FormatName.SHAREGPT: dialogue,
    FormatName.KB_MARKDOWN: section,
    FormatName.CSV: row,
    FormatName.JSONL: record,
}


def is_readable(name: FormatName, written: bytes) -> bool:
    """Whether the format's reader accepts the line."""
    try:
        READERS[name](written)
    except (FormatRefused, msgspec.MsgspecError, csv.Error, UnicodeError):
        return False
    return True


def _check_asked(
    asked: Sequence[TrainingMessage],
    answer: Sequence[TrainingMessage],
    tools: Sequence[TrainingTool],
) -> None:
    """Check what OpenAI and chat templates require of messages, calls and tools."""
    _expect(any(each.role == "user" for each in asked), "a user has asked")
    _expect(all(each.role == "assistant" for each in answer), "the last message is the assistant's")
    called: dict[str, ToolCall] = {}
    waiting: set[str] = set()
    for message in [*asked, *answer]:
        _expect(
            message.role == "tool" or not waiting, "all calls are answered before anybody goes on"
        )
        _expect(
            message.tool_call_id is None or message.tool_call_id in waiting, "a tool answers a call"
        )
        waiting.discard(message.tool_call_id or "")
        calls = {each.id: each for each in message.tool_calls or ()}
        _expect(
            len(calls) == len(message.tool_calls or ()) and not calls.keys() & called,
            "each call has an id of its own",
        )
        called |= calls
        waiting |= calls.keys()
    names = [each.function.name for each in tools]
    _expect(len(names) == len(set(names)), "each tool is there once")
    for call in called.values():
        _expect(call.function.name in names, "what is called is among the tools")
        msgspec.json.decode(call.function.arguments, type=dict[str, object])


def _within(mark: str, text: str) -> list[NamedTool]:
    parts = re.findall(rf"^<{mark}>\n(.*)\n</{mark}>$", text, re.MULTILINE)
    return [msgspec.json.decode(part, type=NamedTool) for part in parts]


def _expect(holds: bool, rule: str) -> None:
    if not holds:
        raise FormatRefused(rule)
