"""Conversations: a record with a list of turns, one message a record, or a question and
its answer.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from core.imports import row_makers
from core.imports.cells import timestamps, values
from core.imports.containers.files import Record
from core.imports.containers.paths import getter, without
from core.imports.fields import LONGEST, LONGEST_TEXT
from core.imports.formats import turns as turns_of
from core.imports.formats.turns import Turn
from core.imports.mapping import Mapping, TurnPaths
from core.imports.parsed import ParsedRow, RowKind
from core.imports.row_makers import MakeRows, RecordRefused, Row
from core.ingest.prompts import REFERENCES
from core.platform.clock import EPOCH

# Messages of one conversation that are kept together while a file of turns is read
MOST_AT_ONCE = 500
# Fields of a message under the names that turns have for them, and what reads them.
MESSAGE_FIELDS: dict[str, tuple[tuple[str, ...], Callable[[Any], Any]]] = {
    "model": (("model", "model_name", "model_id", "model_slug"), values.text),
    "tokens": (("tokens", "token_count", "total_tokens"), values.count),
    "latency_ms": (("latency_ms",), values.count),
    "first_token_ms": (("first_token_ms", "ttft_ms"), values.count),
    "cost_usd": (("cost_usd",), values.money),
    "error": (("error",), values.text),
    # As ingest takes them, too: `prompt_version`, or `prompt: {"version": ...}`
    **{
        name: ((name, name.replace("_", ".")), partial(values.text, longest=LONGEST[name]))
        for name in REFERENCES
    },
}
GETTERS = {path: getter(path) for paths, _ in MESSAGE_FIELDS.values() for path in paths}


class DialogueReader:
    """Makes conversations of records and messages of turns."""

    def __init__(self, mapping: Mapping, turns: TurnPaths) -> None:
        self.mapping, self.turns = mapping, turns
        taken = [*mapping.ignored, turns.path, turns.asked, turns.answered]
        self.make_row = row_makers.maker(
            mapping.model_copy(update={"ignored": [path for path in taken if path]}), None
        )
        self._start = mapping.start or EPOCH
        self._id = getter(turns.id) if turns.id else None
        self._at = getter(turns.at.path) if turns.at else None
        self._read_at = values.reader("created_at", turns.at, mapping) if turns.at else None
        used = [
            turns.role,
            turns.text,
            turns.id,
            turns.at.path if turns.at else None,
            "tool_calls",
            "function_call",
        ]
        self._used = [path.split(".") for path in used if path]
        self._roles = turns_of.ROLES | {
            values.word_of(word): role for word, role in turns.roles.items()
        }

    def with_messages(self, row: Row, spoken: list[Turn], position: int) -> Row:
        begin = self.begin(position)
        if "created_at" in row and "created_at" in self.mapping.fields:
            begin = datetime.fromisoformat(row["created_at"])
        spoken = spoken[: turns_of.MOST_TURNS]
        row["messages"] = row_makers.with_ids(
            [self.message(turn, place, begin) for place, turn in enumerate(spoken)]
        )
        if model := self._model_of(row):
            for message in row["messages"]:
                if message["role"] == "assistant":
                    message.setdefault("model", model)
        times = [message["created_at"] for message in row["messages"]]
        row["created_at"] = min(row.get("created_at") or times[0], *times)
        return row

    def _model_of(self, row: Row) -> str | None:
        """Return the model that a whole record names, as logs and public datasets do."""
        named = (row.get("context", {}).get(name) for name in MESSAGE_FIELDS["model"][0])
        return next((each for each in named if isinstance(each, str) and each), None)

    def begin(self, position: int) -> datetime:
        """Return when the conversation at a position begins, if the file does not say it."""
        return self._start + timedelta(milliseconds=position)

    def message(self, turn: Turn, place: int, begin: datetime) -> Row:
        """Return a message, with an ID if it has its own; one without a time of its own follows the
        one before by a second.
        """
        content, calls = turns_of.text_and_calls(turn, self.turns.text or "content")
        message: Row = {
            "id": self.own_id(turn),
            "role": self._role(turn, place),
            "content": (content or "")[:LONGEST_TEXT],
            "created_at": self._time(turn) or timestamps.iso(begin + timedelta(seconds=place)),
            "position": place,
        }
        if calls:
            message["tool_calls"] = calls
        if rest := self._rest(turn, message):
            message["metadata"] = rest
        return message

    def own_id(self, turn: Turn) -> str | None:
        """Return the ID that the file has for a message, if it has one."""
        given = self._id(turn) if self._id else None
        return None if values.is_nothing(given) else values.text(given, 128)

    def _role(self, turn: Turn, place: int) -> str:
        """Return who speaks: where no turn says it, the user begins, and they take turns."""
        if self.turns.role is None:
            return ("user", "assistant")[place % 2]
        given = turns_of.role_of(turn, self.turns)
        word = values.word_of(given) if given is not None else ""
        if (role := self._roles.get(word)) is None:
            raise RecordRefused(
                f"turn {place + 1}: “{word[:40]}” is not a known role; map it to user, "
                "assistant, system or tool"
            )
        return role

    def _time(self, turn: Turn) -> str | None:
        if self._at is None or self._read_at is None or values.is_nothing(value := self._at(turn)):
            return None
        try:
            return str(self._read_at(value))
        except ValueError as error:
            raise RecordRefused(f"created_at: {error}") from None

    def _rest(self, turn: Turn, message: Row) -> Row:
        used = list(self._used)
        for name, (known, read) in MESSAGE_FIELDS.items():
            given = ((path, GETTERS[path](turn)) for path in known)
            told = (each for each in given if isinstance(each[1], str | int | float))
            path, value = next(
                (each for each in told if not values.is_nothing(each[1])), ("", None)
            )
            if path:
                try:
                    message[name] = read(value)
                except ValueError:
                    continue
                used.append(path.split("."))
        rest: Row = values.plain(without(turn, used))
        return rest


def maker(mapping: Mapping) -> MakeRows:
    """Return what makes a conversation of a record with turns."""
    reader = DialogueReader(
        mapping, mapping.turns or TurnPaths(path="messages", role="role", text="content")
    )

    def make(record: Row, position: int) -> list[Row]:
        if not (spoken := turns_of.list_turns(record, reader.turns)):
            raise RecordRefused("no turns in this record")
        row = reader.make_row(record, position)
        if "id" not in mapping.fields:
            row["id"] = row_makers.made_id(record, position)
        return [reader.with_messages(row, spoken, position)]

    return make


def exchange_maker(mapping: Mapping) -> MakeRows:
    """Return what makes a conversation of a question and its answer."""
    turns = mapping.turns or TurnPaths()
    asked, answered = getter(turns.asked), getter(turns.answered)
    reader = DialogueReader(mapping, turns)
    messages = DialogueReader(mapping, TurnPaths(role="role", text="content"))

    def make(record: Row, position: int) -> list[Row]:
        both = [
            {"role": role, "content": get(record)}
            for role, get in (("user", asked), ("assistant", answered))
        ]
        if not (spoken := [turn for turn in both if not values.is_nothing(turn["content"])]):
            raise RecordRefused("neither a question nor an answer in this record")
        return [messages.with_messages(reader.make_row(record, position), spoken, position)]

    return make


def single_turns(records: Iterator[Record], mapping: Mapping) -> Iterator[ParsedRow]:
    """Yield conversations of a file that has one message a record; messages that follow each other
    come together.

    A conversation that goes on further down comes again with its new messages: it grows.
    """
    reader = DialogueReader(mapping, mapping.turns or TurnPaths())
    held: list[tuple[int, int | None, Row]] = []
    for position, line, record, wrong in records:
        row: Row = {}
        if wrong is None:
            try:
                row = _turn_row(reader, record, position)
            except (ValueError, OverflowError) as refused:
                wrong = str(refused)
        if held and (
            wrong is not None or row["id"] != held[0][2]["id"] or len(held) >= MOST_AT_ONCE
        ):
            yield _together(held)
            held = []
        if wrong is not None:
            yield ParsedRow(position, line, RowKind.CONVERSATIONS, None, wrong)
        else:
            held.append((position, line, row))
    if held:
        yield _together(held)


def _turn_row(reader: DialogueReader, record: Row, position: int) -> Row:
    own = {rule.path.partition(".")[0] for rule in reader.mapping.fields.values()}
    row = reader.make_row({name: value for name, value in record.items() if name in own}, position)
    if "id" not in reader.mapping.fields or row["id"].startswith("import-"):
        raise RecordRefused("no conversation ID in this row")
    turn = {
        name: value
        for name, value in record.items()
        if name not in own or name in reader.turns.text
    }
    message = reader.message(turn, 0, reader.begin(position))
    message["position"] = min(position, values.MOST_COUNT)
    if message["id"] is None:
        # With what it says: the next file goes on with the same conversation at the same positions
        message["id"] = row_makers.made_id(record, position)
    return row | {"messages": [message], "created_at": message["created_at"]}


def _together(held: list[tuple[int, int | None, Row]]) -> ParsedRow:
    position, _, last = held[-1]
    messages = [message for _, _, each in held for message in each["messages"]]
    row = last | {
        "messages": messages,
        "created_at": min(message["created_at"] for message in messages),
    }
    return ParsedRow(position, held[0][1], RowKind.CONVERSATIONS, row)
