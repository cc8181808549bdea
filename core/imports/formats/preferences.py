"""Answers that people compared or judged, as training files have them.

Pairs: TRL `{prompt?, chosen, rejected}`, where the answers are texts or messages and, without a
prompt, begin with the same messages; OpenAI `{input: {messages}, preferred_output,
non_preferred_output}`. Judged answers: TRL `{prompt, completion, label: true or false}`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from core.imports import row_makers
from core.imports.cells import values
from core.imports.containers.files import Record
from core.imports.formats import turns as turns_of
from core.imports.formats.dialogues import DialogueReader
from core.imports.formats.turns import Turn
from core.imports.mapping import Mapping, TurnPaths
from core.imports.parsed import ParsedRow, RowKind
from core.imports.recognition import names
from core.imports.row_makers import RecordRefused, Row

PAIRS = (("chosen", "rejected"), ("preferred_output", "non_preferred_output"))
ASKED = ("prompt", "input", "question", "instruction")
JUDGED = ("completion", "label")
LABELS = {"true": True, "1": True, "false": False, "0": False}
MESSAGES = TurnPaths(role="role", text="content")


@dataclass(frozen=True)
class JudgedAnswer:
    """A dialogue up to the answer that was judged, and the verdict."""

    spoken: list[Turn]
    verdict: Row


def title(record: Row) -> str | None:
    """Return what such a record is; None for others."""
    found = {names.plain(name) for name in record}
    if any(found.issuperset(pair) for pair in PAIRS):
        return "Preference pairs"
    is_judged = found.issuperset(JUDGED) and bool(found & set(ASKED))
    return "Judged answers" if is_judged and _is_good(record) is not None else None


def pairs(records: Iterator[Record], mapping: Mapping) -> Iterator[ParsedRow]:
    """Yield a conversation and the annotation of its last answer for each record."""
    used = [*ASKED, *JUDGED, *(name for pair in PAIRS for name in pair)]
    reader = DialogueReader(
        mapping.model_copy(update={"ignored": [*mapping.ignored, *used]}), MESSAGES
    )
    for position, line, record, wrong in records:
        if wrong is not None:
            yield ParsedRow(position, line, RowKind.CONVERSATIONS, None, wrong)
            continue
        try:
            conversation, annotation = _rows(record, position, reader)
        except (ValueError, OverflowError) as refused:
            yield ParsedRow(position, line, RowKind.CONVERSATIONS, None, str(refused))
            continue
        yield ParsedRow(position, line, RowKind.CONVERSATIONS, conversation)
        yield ParsedRow(position, line, RowKind.ANNOTATIONS, annotation)


def _rows(record: Row, position: int, reader: DialogueReader) -> tuple[Row, Row]:
    plain = {names.plain(name): value for name, value in record.items()}
    pair = next((pair for pair in PAIRS if all(name in plain for name in pair)), None)
    judged = _judged(plain) if pair is None else _compared(plain, *pair)
    row = reader.make_row(record, position)
    if "id" not in reader.mapping.fields:
        row["id"] = row_makers.made_id(record, position)
    conversation = reader.with_messages(row, judged.spoken, position)
    answer = conversation["messages"][-1]
    if answer["role"] != "assistant" or not answer["content"]:
        raise RecordRefused("the last message of the judged answer is not a text of the assistant")
    known = {name: row[name] for name in ("user_id", "environment", "app") if name in row}
    annotation: Row = {
        "id": f"{conversation['id']}-{position}",
        "conversation_id": conversation["id"],
        "message_id": answer["id"],
        "message_role": "assistant",
        "message_at": answer["created_at"],
        "created_at": answer["created_at"],
    }
    return conversation, annotation | known | judged.verdict


def _compared(plain: Row, better: str, worse: str) -> JudgedAnswer:
    asked = _spoken(_question(plain), "user")
    chosen, rejected = (_spoken(plain[name], "assistant") for name in (better, worse))
    if not asked:
        both = takewhile(lambda two: two[0] == two[1], zip(chosen, rejected, strict=False))
        asked = [turn for turn, _ in both]
        chosen, rejected = chosen[len(asked) :], rejected[len(asked) :]
    if not asked or not chosen or not rejected:
        raise RecordRefused("a pair needs a prompt, a chosen and a rejected answer that differ")
    suggested, _ = turns_of.text_and_calls(chosen[-1], "content")
    if not suggested:
        raise RecordRefused(f"{better}: no text")
    verdict = {"annotation_type": "correction", "suggested_response": suggested}
    return JudgedAnswer([*asked, *rejected], verdict)


def _judged(plain: Row) -> JudgedAnswer:
    spoken = [*_spoken(_question(plain), "user"), *_spoken(plain.get("completion"), "assistant")]
    is_good = _is_good(plain)
    if len(spoken) < 2 or is_good is None:
        raise RecordRefused("an answer needs a prompt, a completion and a label, true or false")
    return JudgedAnswer(spoken, {"annotation_type": "approved" if is_good else "flag"})


def _question(plain: Row) -> Any:  # noqa: ANN401  any JSON
    return next((plain[name] for name in ASKED if not values.is_nothing(plain.get(name))), None)


def _is_good(plain: Row) -> bool | None:
    label = plain.get("label")
    word = values.word_of("" if label is None else label)
    return LABELS.get(word)


def _spoken(given: Any, role: str) -> list[Turn]:  # noqa: ANN401  any JSON
    """Return messages: those of a list, the turns of a text that names its speakers, or one."""
    found = values.decoded(given)
    if isinstance(found, dict):
        found = found.get("messages", [found])
    if isinstance(found, list):
        return [turn for turn in found if isinstance(turn, dict)]
    if not isinstance(found, str) or not found.strip():
        return []
    said = turns_of.speakers(found.strip())
    if len(said) > 1:
        return [{"role": role, "content": text.strip()} for role, text in said]
    return [{"role": role, "content": found}]
