"""Export formats: each writes one line, or section, per example.

The formats are OpenAI's fine-tuning and preference files, TRL's conversational datasets, and
ShareGPT; CSV is RFC 4180.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.annotations.exports import markdown, sharegpt_turns
from core.annotations.exports.examples import (
    ComparedAnswers,
    Example,
    TrainingQuestion,
    VotedPair,
    answered_question,
    compared_answers,
    question_and_answer,
    rated_answer,
    voted_answers,
)
from core.annotations.exports.exclusions import ExclusionReason
from core.annotations.exports.line_encoding import encoded, json_line, json_text
from core.annotations.exports.openai_messages import messages
from core.annotations.exports.transcripts import NotRepresentable, StoredTurn
from core.presentation import csv_lines

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
    "experiment_arm",
    "user_id",
    "created_at",
    "updated_at",
)
CSV_COLUMNS = (*FACTS, "message")


class FormatName(StrEnum):
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
    """How a format is written; training formats skip duplicates."""

    name: FormatName
    said: str  # in the words of the page
    ending: str
    media_type: str
    writer: Callable[[Example], bytes]
    opening: bytes = b""
    fewest: int = 0
    is_for_training: bool = True
    reads_before: bool = True
    pair_writer: Callable[[ComparedAnswers], bytes] | None = None  # of votes on two answers

    @property
    def tells_calls(self) -> bool:
        """Whether its lines contain tool calls."""
        return self.is_for_training and self.name is not FormatName.KB_MARKDOWN

    def write(self, example: Example) -> bytes | ExclusionReason:
        """Return the line of an example, or why it is left out."""
        # The person who exports may be the one who still has to review the message
        if example.is_blind:
            return ExclusionReason.BLIND
        try:
            return self.writer(example)
        except NotRepresentable as untold:
            return untold.reason

    def write_pair(self, pair: VotedPair) -> bytes | ExclusionReason:
        """Return the line of a pair that was voted on, or why it is left out."""
        if self.pair_writer is None:
            return ExclusionReason.NO_EXAMPLE
        try:
            return self.pair_writer(voted_answers(pair))
        except NotRepresentable as untold:
            return untold.reason


def openai_chat(example: Example) -> bytes:
    """Write a line of OpenAI's supervised fine-tuning file."""
    found = answered_question(example)
    tools = {"tools": found.question.tools} if found.question.tools else {}
    return json_line({"messages": messages(*found.question.turns, found.answer), **tools})


def openai_dpo(found: ComparedAnswers) -> bytes:
    """Write a line of OpenAI's preference file."""
    line = {
        "input": {
            "messages": messages(*found.question.turns),
            "tools": found.question.tools,
            "parallel_tool_calls": True,  # a stored turn may have several calls
        },
        "preferred_output": messages(found.better),
        "non_preferred_output": messages(found.worse),
    }
    return json_line(line)


def trl_preference(found: ComparedAnswers) -> bytes:
    """Write a line of a TRL preference dataset, conversational."""
    return json_line(
        {
            **_prompt(found.question),
            "chosen": messages(found.better),
            "rejected": messages(found.worse),
        }
    )


def trl_unpaired(example: Example) -> bytes:
    """Write a line of a TRL unpaired preference dataset, conversational."""
    found = rated_answer(example)
    return json_line(
        {**_prompt(found.question), "completion": messages(found.answer), "label": found.is_good}
    )


def sharegpt(example: Example) -> bytes:
    """Write a line of a ShareGPT file, with tool calls and results as for Hermes models."""
    found = answered_question(example)
    return json_line(
        {
            "conversations": sharegpt_turns.turns(
                [*found.question.turns, found.answer], found.question.tools
            )
        }
    )


def kb_markdown(example: Example) -> bytes:
    """Write a section of a knowledge base: the question and the good answer."""
    question, answer = question_and_answer(example)
    return encoded(
        f"## {markdown.title(question)}\n\n{markdown.quoted(question)}\n\n"
        f"{markdown.section(answer)}\n\n"
    )


def csv_line(example: Example) -> bytes:
    """Write a CSV row with the annotation and the message."""
    cells = [_plain(example.facts.get(name)) for name in FACTS]
    cells.append(example.said.content if example.said is not None else None)
    upright = [markdown.upright(cell) if isinstance(cell, str) else cell for cell in cells]
    return encoded(csv_lines.line(upright))


def jsonl(example: Example) -> bytes:
    """Write an annotation with all its context as JSON."""
    facts = {name: _plain(example.facts.get(name)) for name in FACTS}
    said = _as_stored(example.said) if example.said is not None else None
    before = [_as_stored(turn) for turn in example.before]
    return json_line({**facts, "message": said, "before": before})


def _as_stored(turn: StoredTurn) -> dict[str, Any]:
    # As text, because arguments differ between calls, which columns of a table cannot represent.
    calls = [{key: _text(value) for key, value in call.items()} for call in turn.calls]
    told = {
        "role": turn.role,
        "content": turn.content,
        "tool_calls": calls,
        "tool_call_id": turn.answers,
    }
    return {name: value for name, value in told.items() if value or name in ("role", "content")}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json_text(value).decode()


def _prompt(question: TrainingQuestion) -> dict[str, Any]:
    """Return TRL's prompt columns; tools are JSON text, since columns need one schema."""
    tools = {"tools": json_text(question.tools).decode()} if question.tools else {}
    return {"prompt": messages(*question.turns), **tools}


def _plain(value: object) -> object:
    if value is None or isinstance(value, (bool, int, str, list)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


NDJSON = "application/x-ndjson"
MARKDOWN = "text/markdown; charset=utf-8"
CSV = "text/csv; charset=utf-8"
FEWEST = 10  # the minimum number of lines of OpenAI's fine-tuning
FORMATS: dict[FormatName, Format] = {
    each.name: each
    for each in (
        Format(
            FormatName.OPENAI_CHAT,
            "OpenAI fine-tuning",
            "jsonl",
            NDJSON,
            openai_chat,
            fewest=FEWEST,
        ),
        Format(
            FormatName.OPENAI_DPO,
            "OpenAI preference pairs",
            "jsonl",
            NDJSON,
            lambda example: openai_dpo(compared_answers(example)),
            fewest=FEWEST,
            pair_writer=openai_dpo,
        ),
        Format(
            FormatName.TRL_PREFERENCE,
            "TRL preference pairs",
            "jsonl",
            NDJSON,
            lambda example: trl_preference(compared_answers(example)),
            pair_writer=trl_preference,
        ),
        Format(FormatName.TRL_UNPAIRED, "TRL good and bad answers", "jsonl", NDJSON, trl_unpaired),
        Format(FormatName.SHAREGPT, "ShareGPT", "jsonl", NDJSON, sharegpt),
        Format(
            FormatName.KB_MARKDOWN,
            "Knowledge base (Markdown)",
            "md",
            MARKDOWN,
            kb_markdown,
            b"# Reviewed answers\n\n",
        ),
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
        Format(
            FormatName.JSONL,
            "Annotations with all their context (JSONL)",
            "jsonl",
            NDJSON,
            jsonl,
            is_for_training=False,
        ),
    )
}
