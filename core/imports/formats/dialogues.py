"""Conversations: a record with a list of turns, one message a record, or a question and its answer."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from core.imports import rows
from core.imports.cells import moments, values
from core.imports.containers.paths import getter, without
from core.imports.containers.records import Record
from core.imports.fields import LONGEST_TEXT
from core.imports.formats import turns as turns_of
from core.imports.formats.turns import Turn
from core.imports.mapping import FieldRule, Mapping, Turns
from core.imports.parsed import Parsed, RowKind
from core.imports.rows import RecordRefused

Row = dict[str, Any]
MOST_AT_ONCE = 500  # messages of one conversation that are kept together while a file of turns is read
NAMED = {
    "model": ("model", "model_name", "model_id", "model_slug"),
    "tokens": ("tokens", "token_count", "total_tokens"),
    "latency_ms": ("latency_ms",),
    "first_token_ms": ("first_token_ms", "ttft_ms"),
    "cost_usd": ("cost_usd",),
    "error": ("error",),
}
READ: dict[str, Callable[[Any], Any]] = {
    "tokens": values.count,
    "latency_ms": values.count,
    "first_token_ms": values.count,
    "cost_usd": values.money,
}


class DialogueReader:
    """Makes conversations of records."""

    def __init__(self, mapping: Mapping, turns: Turns) -> None:
        """Compile a mapping."""
        self.mapping, self.turns = mapping, turns
        taken = [*mapping.ignored, turns.path, turns.asked, turns.answered]
        fields = mapping.fields
        self._row = rows.maker(mapping.model_copy(update={"ignored": [path for path in taken if path], "fields": fields}), None)
        self._start = mapping.start or moments.EPOCH
        self._role = getter(turns.role) if turns.role else None
        self._id = getter(turns.id) if turns.id else None
        self._at = _time_of(turns.at, mapping)
        used = [turns.role, turns.text, turns.id, turns.at.path if turns.at else None, "tool_calls", "function_call"]
        self._used = [path.split(".") for path in used if path]
        self._roles = {turns_of.role_word(word): role for word, role in turns.roles.items()}

    def row(self, record: Row, position: int) -> Row:
        """Return the conversation of a record; raise RowRefused."""
        spoken = turns_of.spoken(record, self.turns)
        if not spoken:
            raise RecordRefused("no turns in this record")
        row = self._row(record, position)
        if "id" not in self.mapping.fields or not row.get("id"):
            row["id"] = rows.made_id(record, position)
        return self.with_messages(row, spoken, position)

    def with_messages(self, row: Row, spoken: list[Turn], position: int) -> Row:
        """Return a conversation with its messages."""
        begin = self._begin(row, position)
        row["messages"] = [self.message(turn, place, begin) for place, turn in enumerate(spoken[: turns_of.MOST_TURNS])]
        row["created_at"] = min(
            row.get("created_at") or row["messages"][0]["created_at"], *(m["created_at"] for m in row["messages"])
        )
        return row

    def _begin(self, row: Row, position: int) -> datetime:
        told = row.get("created_at")
        if told is not None and "created_at" in self.mapping.fields:
            return datetime.fromisoformat(told)
        return self._start + timedelta(milliseconds=position)

    def message(self, turn: Turn, place: int, begin: datetime) -> Row:
        """Return a message; one without a time of its own follows the one before by a second."""
        said, calls = turns_of.said_in(turn, self.turns.text or "content")
        message: Row = {
            "id": self._named(turn, place),
            "role": self.role(turn, place),
            "content": (said or "")[:LONGEST_TEXT],
            "created_at": self._at(turn) or moments.iso(begin + timedelta(seconds=place)),
            "position": place,
        }
        if calls:
            message["tool_calls"] = calls
        left = self._rest(turn, message)
        if left:
            message["metadata"] = left
        return message

    def _named(self, turn: Turn, place: int) -> str:
        given = self._id(turn) if self._id else None
        return values.text(given, 128) if given is not None else str(place)

    def role(self, turn: Turn, place: int) -> str:
        """Return who speaks: where nobody says so, the user begins, and they take turns."""
        if self._role is None:
            return ("user", "assistant")[place % 2]
        given = self._role(turn)
        given = given.get("role", given.get("name")) if isinstance(given, dict) else given
        word = turns_of.role_word(values.text(given)) if given is not None else ""
        found = self._roles.get(word) or turns_of.ROLES.get(word)
        if found is None:
            raise RecordRefused(f"turn {place + 1}: “{word[:40]}” is not a known role; map it to user, assistant, system or tool")
        return found

    def _rest(self, turn: Turn, message: Row) -> Row:
        used = list(self._used)
        for name, known in NAMED.items():
            for path in known:
                value = turn.get(path)
                if not values.is_nothing(value) and isinstance(value, str | int | float):
                    try:
                        message[name] = READ.get(name, values.text)(value)
                    except ValueError:
                        break
                    used.append([path])
                    break
        return values.plain(without(turn, used)) if turn else {}


def _time_of(rule: FieldRule | None, mapping: Mapping) -> Callable[[Turn], str | None]:
    if rule is None:
        return lambda _: None
    get, read = getter(rule.path), values.reader("created_at", rule, mapping)

    def at(turn: Turn) -> str | None:
        value = get(turn)
        if values.is_nothing(value):
            return None
        try:
            return str(read(value))
        except ValueError as error:
            raise RecordRefused(f"created_at: {error}") from None

    return at


def dialogues(records: Iterator[Record], mapping: Mapping) -> Iterator[Parsed]:
    """Yield a conversation a record."""
    dialogue = DialogueReader(mapping, mapping.turns or Turns(path="messages", role="role", text="content"))
    for position, line, record, wrong in records:
        if wrong is not None:
            yield Parsed(position, line, RowKind.CONVERSATIONS, None, wrong)
            continue
        try:
            yield Parsed(position, line, RowKind.CONVERSATIONS, dialogue.row(record, position))
        except RecordRefused as refused:
            yield Parsed(position, line, RowKind.CONVERSATIONS, None, str(refused))


def exchanges(records: Iterator[Record], mapping: Mapping) -> Iterator[Parsed]:
    """Yield a conversation a record: a question and its answer."""
    turns = mapping.turns or Turns()
    asked, answered = getter(turns.asked), getter(turns.answered)
    dialogue, speaking = DialogueReader(mapping, turns), DialogueReader(mapping, Turns(role="role", text="content"))

    def conversation(record: Row, position: int) -> Row:
        said = [{"role": role, "content": get(record)} for role, get in (("user", asked), ("assistant", answered))]
        spoken = [turn for turn in said if not values.is_nothing(turn["content"])]
        if not spoken:
            raise RecordRefused("neither a question nor an answer in this record")
        row = dialogue._row(record, position)  # noqa: SLF001  of this file
        row["id"] = row.get("id") or rows.made_id(record, position)
        return speaking.with_messages(row, spoken, position)

    for position, line, record, wrong in records:
        try:
            yield Parsed(position, line, RowKind.CONVERSATIONS, None if wrong else conversation(record, position), wrong)
        except RecordRefused as refused:
            yield Parsed(position, line, RowKind.CONVERSATIONS, None, str(refused))


def single_turns(records: Iterator[Record], mapping: Mapping) -> Iterator[Parsed]:
    """Yield conversations of a file that has one message a record; messages that follow each other come together.

    A conversation that goes on further down comes again, with what is new of it: it grows.
    """
    turns = mapping.turns or Turns()
    dialogue = DialogueReader(mapping, turns)
    held: list[tuple[int, int | None, Row]] = []
    for position, line, record, wrong in records:
        if wrong is None:
            try:
                row = _turn_row(dialogue, record, position)
            except RecordRefused as refused:
                wrong = str(refused)
        if held and (wrong is not None or row["id"] != held[0][2]["id"] or len(held) >= MOST_AT_ONCE):
            yield _together(held)
            held = []
        if wrong is not None:
            yield Parsed(position, line, RowKind.CONVERSATIONS, None, wrong)
        else:
            held.append((position, line, row))
    if held:
        yield _together(held)


def _turn_row(dialogue: DialogueReader, record: Row, position: int) -> Row:
    own = {rule.path.partition(".")[0] for rule in dialogue.mapping.fields.values()}
    row = dialogue._row({name: value for name, value in record.items() if name in own}, position)  # noqa: SLF001
    if "id" not in dialogue.mapping.fields or not row.get("id") or row["id"].startswith("import-"):
        raise RecordRefused("no conversation ID in this row")
    begin = dialogue._begin({}, position)  # noqa: SLF001
    message = dialogue.message(
        {name: value for name, value in record.items() if name not in own or name in dialogue.turns.text}, 0, begin
    )
    message["position"] = min(position, values.MOST_COUNT)
    if dialogue.turns.id is None:
        message["id"] = f"row-{position}"
    row["messages"] = [message]
    row["created_at"] = message["created_at"]
    return row


def _together(held: list[tuple[int, int | None, Row]]) -> Parsed:
    position, _, last = held[-1]
    row = {**last, "messages": [message for _, _, each in held for message in each["messages"]]}
    row["created_at"] = min(message["created_at"] for message in row["messages"])
    return Parsed(position, held[0][1], RowKind.CONVERSATIONS, row)
