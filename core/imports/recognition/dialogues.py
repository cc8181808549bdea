"""Shapes of conversations: dialogues in a record, one turn a record, questions with their answers."""

from collections.abc import Callable
from typing import Any

from core.imports.cells import values
from core.imports.containers.json_files import KEY
from core.imports.formats import turns
from core.imports.mapping import FieldRule, RecordShape, Turns
from core.imports.parsed import RowKind
from core.imports.recognition import foreign, guess, names, unready
from core.imports.recognition.samples import FileSample, Object, RecognisedFile, told, values_by_path

NAMES: dict[str, tuple[str, Callable[[Turns], bool]]] = {
    "sharegpt": ("ShareGPT", lambda t: t.role == "from" and t.text == "value"),
    "openai_chat": ("OpenAI chat", lambda t: t.role == "role" and t.text == "content" and t.path == "messages"),
    "taskmaster": ("Taskmaster", lambda t: t.path == "utterances" and t.role == "speaker"),
    "abcd": ("ABCD", lambda t: t.role == "0" and t.path == "original"),
}


WEAK_IDS = ("task_id", "trial_id", "key", "dialogue_idx")  # of something that may have several conversations


TRAINING = "Training examples have this format too. Importing them as a dataset is not supported yet."


def dialogues(sample: FileSample, first: Object) -> RecognisedFile | None:
    found = next((turns_ for record in sample.first[:5] if (turns_ := turns.turns_in(record)) is not None), None)
    if found is None:
        return _exchanges(sample)
    format_, title = next(
        ((key, f"Dialogues ({name} format)") for key, (name, test) in NAMES.items() if test(found)),
        ("dialogues", "Dialogues"),
    )
    samples = values_by_path(
        [{name: value for name, value in record.items() if name != found.path.partition(".")[0]} for record in sample.first]
    )
    fields = guess.fields_of(samples, RowKind.CONVERSATIONS)
    fields.pop("title", None) if "title" in fields and _is_long(sample, fields["title"].path) else None
    if "id" in fields and names.plain(fields["id"].path) in WEAK_IDS:
        del fields["id"]
    take_key(fields, sample, "id")
    mapping = sample.mapping(RowKind.CONVERSATIONS, format=RecordShape.DIALOGUES, fields=fields, turns=found)
    notes = (
        (TRAINING,)
        if format_ == "openai_chat" and set(first) <= {"messages", "tools", "functions", "parallel_tool_calls"}
        else ()
    )
    return RecognisedFile(format_, title, RowKind.CONVERSATIONS, mapping, notes)


def take_key(fields: dict[str, FieldRule], sample: FileSample, field_name: str) -> None:
    """Let the keys of the records be their ids, where they have no others."""
    is_own = field_name in fields and fields[field_name].path != fields.get("email", FieldRule()).path
    if sample.records == "*" and not is_own:
        fields[field_name] = FieldRule(path=KEY)


def _is_long(sample: FileSample, path: str) -> bool:
    return any(len(values.text(value)) > 300 for value in told(sample.first, path))


def _is_unique(first: list[Object], path: str) -> bool:
    found = [values.text(value) for value in told(first, path)]
    return len(found) == len(first) and len(set(found)) >= len(found) * 0.9 and all(len(each) <= 128 for each in found)


def _exchanges(sample: FileSample) -> RecognisedFile | None:
    plain = {names.plain(path): path for path in sample.first[0]}
    asked, answered = (next((plain[name] for name in known if name in plain), None) for known in (names.ASKED, names.ANSWERED))
    if asked is None or answered is None or not _are_texts(sample.first, asked, answered):
        return None
    if not set(plain) & (
        unready.ASIDE | {"time", "date", "user", "session", "ts", "start_time", "chat_id", "latency_ms", "latency"}
    ):
        return None
    samples = values_by_path(sample.first)
    if set(guess.fields_of(samples, RowKind.AI_REQUESTS)) & {"input_tokens", "output_tokens"}:
        return None
    fields = guess.fields_of(
        {path: told for path, told in samples.items() if path not in (asked, answered)}, RowKind.CONVERSATIONS
    )
    mapping = sample.mapping(
        RowKind.CONVERSATIONS, format=RecordShape.EXCHANGES, fields=fields, turns=Turns(asked=asked, answered=answered)
    )
    return RecognisedFile("exchanges", "Question and answer pairs", RowKind.CONVERSATIONS, mapping)


def _are_texts(first: list[Object], *paths: str) -> bool:
    return all(
        any(isinstance(value, str) and not value.replace(".", "").isdecimal() for value in told(first, path)) for path in paths
    )


def single_turns(sample: FileSample, first: Object) -> RecognisedFile | None:
    del first
    samples = values_by_path(sample.first, sample.columns)
    plain = {names.plain(path): path for path in samples}
    role = next((plain[name] for name in names.ROLES if name in plain and _are_roles(name, samples[plain[name]])), None)
    said = next((plain[name] for name in names.TEXTS if name in plain and plain[name] != role), None)
    fields = guess.fields_of({path: found for path, found in samples.items() if path not in (role, said)}, RowKind.CONVERSATIONS)
    if role is None or said is None or "id" not in fields or names.plain(fields["id"].path) in ("id", "uuid", "message_id"):
        return None
    at = fields.pop("created_at", None)
    message_id = next(
        (
            plain[name]
            for name in ("message_id", "msg_id", "id", "utterance_id")
            if name in plain and _is_unique(sample.first, plain[name])
        ),
        None,
    )
    kept = {
        name: rule for name, rule in fields.items() if name in ("id", "user_id", "app", "environment", "release", "session_type")
    }
    turns_ = Turns(role=role, text=said, id=message_id, at=at)
    mapping = sample.mapping(RowKind.CONVERSATIONS, format=RecordShape.TURNS, fields=kept, turns=turns_)
    return RecognisedFile("turns", "Conversation messages, one per record", RowKind.CONVERSATIONS, mapping)


SURE_ROLES = frozenset(
    foreign.words("role speaker sender message_role speaker_role author_role sender_type") + foreign.words(foreign.ROLES)
)


MOST_ROLES = 6


def _are_roles(name: str, found: list[Any]) -> bool:
    """Whether values are roles. Where the name says so, a few may be unknown: they are asked about (meanings.py)."""
    words = {turns.role_word(values.text(value)) for value in found if not values.is_nothing(value)}
    if name in SURE_ROLES and 1 < len(words) <= MOST_ROLES and len(words) < len(found):
        return True
    return bool(words) and words <= set(turns.ROLES) and bool({turns.ROLES[word] for word in words} & {"user", "assistant"})
