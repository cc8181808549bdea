"""Shapes of conversations: a dialogue in a record, one turn in a record, questions with their
answers.
"""

from collections.abc import Callable
from typing import Any

from core.imports.cells import values
from core.imports.containers.json_files import KEY
from core.imports.fields import words
from core.imports.formats import turns
from core.imports.mapping import FieldRule, RecordShape, TurnPaths
from core.imports.parsed import RowKind
from core.imports.recognition import inference, names, unsupported
from core.imports.recognition.result import Recognition
from core.imports.recognition.samples import FileSample, Samples, values_at, values_by_path

FORMATS: dict[str, tuple[str, Callable[[TurnPaths], bool]]] = {
    "sharegpt": ("ShareGPT", lambda t: t.role == "from" and t.text == "value"),
    "openai_chat": (
        "OpenAI chat",
        lambda t: t.role == "role" and t.text == "content" and t.path == "messages",
    ),
    "taskmaster": ("Taskmaster", lambda t: t.path == "utterances" and t.role == "speaker"),
    "abcd": ("ABCD", lambda t: t.role == "0" and t.path == "original"),
}
# Of something that may have several conversations
WEAK_IDS = ("task_id", "trial_id", "key", "dialogue_idx")
TRAINING_COLUMNS = {"messages", "tools", "functions", "parallel_tool_calls"}
TRAINING = "Training examples have this format too. To import them as cases, open Datasets."
LOGGED = unsupported.LOGGED | set(
    words("time date user session ts start_time chat_id latency_ms latency")
)
LONGEST_TITLE, LONGEST_ID = 300, 128
MOST_ROLES = 6
ROLE_COLUMNS = {
    *words("role speaker sender message_role speaker_role author_role sender_type"),
    *names.TRANSLATIONS["roles"],
}
MESSAGE_IDS = ("message_id", "msg_id", "id", "utterance_id")
OF_CONVERSATIONS = ("id", "user_id", "app", "environment", "release", "session_type")


def dialogues(sample: FileSample) -> Recognition | None:
    """Return records with a list of turns each, or with a question and its answer."""
    found = next(
        (turns_ for record in sample.first[:5] if (turns_ := turns.turns_in(record)) is not None),
        None,
    )
    if found is None:
        return _exchanges(sample)
    name, title = next(
        ((name, title) for name, (title, fits) in FORMATS.items() if fits(found)), ("dialogues", "")
    )
    column = found.path.partition(".")[0]
    others = [
        {name: value for name, value in record.items() if name != column} for record in sample.first
    ]
    fields = inference.fields_of(values_by_path(others), RowKind.CONVERSATIONS)
    titles = values_at(sample.first, fields["title"].path) if "title" in fields else []
    if any(len(values.text(each)) > LONGEST_TITLE for each in titles):
        del fields["title"]
    if "id" in fields and names.plain(fields["id"].path) in WEAK_IDS:
        del fields["id"]
    take_key(fields, sample)
    notes = (
        (TRAINING,) if name == "openai_chat" and set(sample.first[0]) <= TRAINING_COLUMNS else ()
    )
    title = f"Conversations ({title} format)" if title else "Conversations"
    kind, shape = RowKind.CONVERSATIONS, RecordShape.DIALOGUES
    return sample.recognized(title, kind, shape, name=name, notes=notes, fields=fields, turns=found)


def take_key(fields: dict[str, FieldRule], sample: FileSample) -> None:
    """Make the keys of the records their ids, where they have no others."""
    is_own = "id" in fields and fields["id"].path != fields.get("email", FieldRule()).path
    if sample.records == "*" and not is_own:
        fields["id"] = FieldRule(path=KEY)


def _exchanges(sample: FileSample) -> Recognition | None:
    plain = {names.plain(path): path for path in sample.first[0]}
    asked, answered = (
        next((plain[name] for name in known if name in plain), "")
        for known in (names.ASKED, names.ANSWERED)
    )
    if not plain.keys() & LOGGED or not all(
        path and _are_texts(values_at(sample.first, path)) for path in (asked, answered)
    ):
        return None
    samples = values_by_path(sample.first)
    if {"input_tokens", "output_tokens"} & inference.fields_of(samples, RowKind.AI_REQUESTS).keys():
        return None
    fields = inference.fields_of(_without(samples, asked, answered), RowKind.CONVERSATIONS)
    turns_ = TurnPaths(asked=asked, answered=answered)
    kind, shape = RowKind.CONVERSATIONS, RecordShape.EXCHANGES
    return sample.recognized("Question and answer pairs", kind, shape, fields=fields, turns=turns_)


def _without(samples: Samples, *paths: str) -> Samples:
    return {path: cells for path, cells in samples.items() if path not in paths}


def _are_texts(cells: list[Any]) -> bool:
    return any(isinstance(cell, str) and not cell.replace(".", "").isdecimal() for cell in cells)


def single_turns(sample: FileSample) -> Recognition | None:
    """Return records that are one message each, and say to which conversation it belongs."""
    samples = values_by_path(sample.first, sample.columns)
    plain = {names.plain(path): path for path in samples}
    role = next(
        (
            plain[name]
            for name in names.ROLES
            if name in plain and _are_roles(name, samples[plain[name]])
        ),
        None,
    )
    said = next(
        (plain[name] for name in names.TEXTS if name in plain and plain[name] != role), None
    )
    if role is None or said is None:
        return None
    fields = inference.fields_of(_without(samples, role, said), RowKind.CONVERSATIONS)
    if "id" not in fields or names.plain(fields["id"].path) in ("id", "uuid", "message_id"):
        return None
    message_id = next(
        (plain[name] for name in MESSAGE_IDS if name in plain and _is_unique(sample, plain[name])),
        None,
    )
    turns_ = TurnPaths(role=role, text=said, id=message_id, at=fields.get("created_at"))
    kept = {name: rule for name, rule in fields.items() if name in OF_CONVERSATIONS}
    title = "Conversation messages, one per record"
    return sample.recognized(
        title, RowKind.CONVERSATIONS, RecordShape.TURNS, fields=kept, turns=turns_
    )


def _is_unique(sample: FileSample, path: str) -> bool:
    found = [values.text(value) for value in values_at(sample.first, path)]
    are_ids = all(len(each) <= LONGEST_ID for each in found)
    return len(found) == len(sample.first) and len(set(found)) >= len(found) * 0.9 and are_ids


def _are_roles(name: str, cells: list[Any]) -> bool:
    """Whether values are roles. Where the name says so, a few may be unknown: the page asks about
    them.
    """
    roles = {values.word_of(value) for value in cells if not values.is_nothing(value)}
    if name in ROLE_COLUMNS and 1 < len(roles) <= MOST_ROLES and len(roles) < len(cells):
        return True
    return roles <= set(turns.ROLES) and bool(
        {turns.ROLES[role] for role in roles} & {"user", "assistant"}
    )
