"""The formats in which annotations leave the house: each writes one line, or a section, of one example.

The shapes are those of OpenAI's fine-tuning and preference files, TRL's conversational datasets, and ShareGPT; CSV is RFC 4180.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from core import csv_lines
from core.annotations import markdown
from core.annotations.examples import Example, LeftOut, Turn, answered, compared, judged

# U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069, which turn or break lines: escaped, they are the same to a reader of
# JSON, and harmless to a person who looks at the file.
TURNS = re.compile(rb"\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")
SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt", "tool": "tool"}
FACTS = (
    "id",
    "conversation_id",
    "message_id",
    "message_role",
    "message_at",
    "annotation_type",
    "severity",
    "status",
    "tags",
    "content",
    "suggested_response",
    "round",
    "author_name",
    "reviewed_at",
    "applied_at",
    "environment",
    "app",
    "provider",
    "model",
    "prompt_version",
    "user_id",
    "created_at",
    "updated_at",
)
CSV_COLUMNS = (*FACTS, "message")


class FormatName(StrEnum):
    """What an export is called."""

    OPENAI_CHAT = "openai_chat"
    OPENAI_DPO = "openai_dpo"
    TRL_PREFERENCE = "trl_preference"
    TRL_UNPAIRED = "trl_unpaired"
    SHAREGPT = "sharegpt"
    KB_MARKDOWN = "kb_markdown"
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True)
class Format:
    """How one is written; those for training teach a model, and drop what is there twice."""

    name: FormatName
    said: str  # in the words of the page
    ending: str
    media_type: str
    write: Callable[[Example], bytes | LeftOut]
    opening: bytes = b""
    fewest: int = 0
    is_for_training: bool = True
    reads_before: bool = True


def openai_chat(example: Example) -> bytes | LeftOut:
    """Write a line of OpenAI's supervised fine-tuning file."""
    found = answered(example)
    if isinstance(found, LeftOut):
        return found
    return _json_line({"messages": [*_messages(found.turns), _assistant(found.answer)]})


def openai_dpo(example: Example) -> bytes | LeftOut:
    """Write a line of OpenAI's preference file."""
    found = compared(example)
    if isinstance(found, LeftOut):
        return found
    line = {
        "input": {"messages": _messages(found.turns), "tools": [], "parallel_tool_calls": True},
        "preferred_output": [_assistant(found.better)],
        "non_preferred_output": [_assistant(found.worse)],
    }
    return _json_line(line)


def trl_preference(example: Example) -> bytes | LeftOut:
    """Write a line of a TRL preference dataset, conversational."""
    found = compared(example)
    if isinstance(found, LeftOut):
        return found
    pair = {"chosen": [_assistant(found.better)], "rejected": [_assistant(found.worse)]}
    return _json_line({"prompt": _messages(found.turns), **pair})


def trl_unpaired(example: Example) -> bytes | LeftOut:
    """Write a line of a TRL unpaired preference dataset, conversational."""
    found = judged(example)
    if isinstance(found, LeftOut):
        return found
    return _json_line({"prompt": _messages(found.turns), "completion": [_assistant(found.answer)], "label": found.is_good})


def sharegpt(example: Example) -> bytes | LeftOut:
    """Write a line of a ShareGPT file."""
    found = answered(example)
    if isinstance(found, LeftOut):
        return found
    turns = [*found.turns, Turn("assistant", found.answer)]
    return _json_line({"conversations": [{"from": SHAREGPT[turn.role], "value": turn.content} for turn in turns]})


def kb_markdown(example: Example) -> bytes | LeftOut:
    """Write a section of a knowledge base: what was asked, and the answer that is good."""
    found = answered(example)
    if isinstance(found, LeftOut):
        return found
    question = next(turn.content for turn in reversed(found.turns) if turn.role == "user")
    return _encoded(f"## {markdown.title(question)}\n\n{markdown.quoted(question)}\n\n{markdown.section(found.answer)}\n\n")


def csv_line(example: Example) -> bytes | LeftOut:
    """Write a row of CSV with the annotation and the message."""
    cells = [_plain(example.facts.get(name)) for name in FACTS]
    cells.append(example.said.content if example.said is not None else None)
    upright = [markdown.upright(cell) if isinstance(cell, str) else cell for cell in cells]
    return _encoded(csv_lines.line(upright))


def jsonl(example: Example) -> bytes | LeftOut:
    """Write an annotation with all that is known of it: the message, and what was said before."""
    facts = {name: _plain(example.facts.get(name)) for name in FACTS}
    said = {"role": example.said.role, "content": example.said.content} if example.said is not None else None
    before = [{"role": turn.role, "content": turn.content} for turn in example.before]
    return _json_line({**facts, "message": said, "before": before})


def _messages(turns: list[Turn]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]


def _assistant(answer: str) -> dict[str, str]:
    return {"role": "assistant", "content": answer}


def _json_line(line: dict[str, Any]) -> bytes:
    try:
        written = msgspec.json.encode(line)
    except UnicodeEncodeError:
        written = _encoded(json.dumps(line, ensure_ascii=False))
    return TURNS.sub(lambda found: f"\\u{ord(found[0].decode()):04x}".encode(), written) + b"\n"


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # half a character becomes a question mark


def _plain(value: object) -> object:
    if value is None or isinstance(value, (bool, int, str, list)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


NDJSON, MARKDOWN, CSV = "application/x-ndjson", "text/markdown; charset=utf-8", "text/csv; charset=utf-8"
FEWEST = 10  # lines, which OpenAI's fine-tuning wants at least
FORMATS: dict[FormatName, Format] = {
    each.name: each
    for each in (
        Format(FormatName.OPENAI_CHAT, "OpenAI fine-tuning", "jsonl", NDJSON, openai_chat, fewest=FEWEST),
        Format(FormatName.OPENAI_DPO, "OpenAI preference pairs", "jsonl", NDJSON, openai_dpo, fewest=FEWEST),
        Format(FormatName.TRL_PREFERENCE, "TRL preference pairs", "jsonl", NDJSON, trl_preference),
        Format(FormatName.TRL_UNPAIRED, "TRL good and bad answers", "jsonl", NDJSON, trl_unpaired),
        Format(FormatName.SHAREGPT, "ShareGPT", "jsonl", NDJSON, sharegpt),
        Format(FormatName.KB_MARKDOWN, "Knowledge base (Markdown)", "md", MARKDOWN, kb_markdown, b"# Reviewed answers\n\n"),
        Format(
            FormatName.CSV,
            "Annotations as CSV",
            "csv",
            CSV,
            csv_line,
            csv_lines.line(CSV_COLUMNS).encode(),
            is_for_training=False,
            reads_before=False,
        ),
        Format(FormatName.JSONL, "Annotations with all their context (JSONL)", "jsonl", NDJSON, jsonl, is_for_training=False),
    )
}
