"""Readers of the formats: each takes what was written as a program of another house would, and refuses what it would refuse."""

import csv
import io
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

import msgspec

from core.annotations.formats import CSV_COLUMNS, FormatName
from core.annotations.markdown import FENCE
from core.csv_lines import FORMULA

LONGEST_CELL = 10_000_000
# Python's own reader stops at 131,072 characters, and a message may have a million.
csv.field_size_limit(max(LONGEST_CELL, csv.field_size_limit()))

Kind = TypeVar("Kind")

Words = Annotated[str, msgspec.Meta(min_length=1)]


class Refused(ValueError):
    """A reader of the format does not take this."""


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a line, with nothing that its format does not know."""


class Message(Strict):
    """A message to a model or from it."""

    role: Literal["system", "user", "assistant"]
    content: Words


class Answer(Strict):
    """What a model answers."""

    role: Literal["assistant"]
    content: Words


Messages = Annotated[list[Message], msgspec.Meta(min_length=1)]
OneAnswer = Annotated[list[Answer], msgspec.Meta(min_length=1, max_length=1)]


class Chat(Strict):
    """A line of OpenAI's fine-tuning file."""

    messages: Messages


class Asked(Strict):
    """What both answers of a preference are answers to."""

    messages: Messages
    tools: list[dict[str, object]]
    parallel_tool_calls: bool


class Preference(Strict):
    """A line of OpenAI's preference file."""

    input: Asked
    preferred_output: OneAnswer
    non_preferred_output: OneAnswer


class Pair(Strict):
    """A line of a TRL preference dataset."""

    prompt: Messages
    chosen: OneAnswer
    rejected: OneAnswer


class Unpaired(Strict):
    """A line of a TRL unpaired preference dataset."""

    prompt: Messages
    completion: OneAnswer
    label: bool


class Spoken(Strict):
    """A turn of ShareGPT."""

    from_: Literal["system", "human", "gpt", "tool"] = msgspec.field(name="from")
    value: Words = msgspec.field()


class Dialogue(Strict):
    """A line of a ShareGPT file."""

    conversations: Annotated[list[Spoken], msgspec.Meta(min_length=2)]


def chat(line: bytes) -> None:
    """Read a line of OpenAI's fine-tuning file: the last message is the assistant's, and a user has asked."""
    messages = _read(line, Chat).messages
    _expect(messages[-1].role == "assistant", "the last message is the assistant's")
    _expect(any(each.role == "user" for each in messages), "a user has asked")


def preference(line: bytes) -> None:
    """Read a line of OpenAI's preference file: two answers that differ."""
    found = _read(line, Preference)
    _expect(found.preferred_output != found.non_preferred_output, "the answers differ")


def pair(line: bytes) -> None:
    """Read a line of a TRL preference dataset: two answers that differ."""
    found = _read(line, Pair)
    _expect(found.chosen != found.rejected, "the answers differ")


def unpaired(line: bytes) -> None:
    """Read a line of a TRL unpaired preference dataset."""
    _read(line, Unpaired)


def dialogue(line: bytes) -> None:
    """Read a line of a ShareGPT file: a person has asked, and the model has the last word."""
    turns = _read(line, Dialogue).conversations
    _expect(turns[-1].from_ == "gpt", "the last turn is the model's")
    _expect(any(each.from_ == "human" for each in turns), "a person has asked")


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
    _read(line, dict[str, object])


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
    """Whether a reader of the format takes what was written."""
    try:
        READERS[name](written)
    except (Refused, msgspec.MsgspecError, csv.Error, UnicodeError):
        return False
    return True


def _read(line: bytes, kind: type[Kind]) -> Kind:
    return msgspec.json.decode(line, type=kind)


def _expect(holds: bool, rule: str) -> None:
    if not holds:
        raise Refused(rule)
