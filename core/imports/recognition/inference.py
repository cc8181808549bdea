"""What the columns of a table are likely to be: guessed by their names, and by what stands
in them.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from core.imports.cells import units, values
from core.imports.fields import FIELDS, words
from core.imports.mapping import TIMES_BY_NAME, FieldRule, ValueType, ValueUnit
from core.imports.parsed import RowKind
from core.imports.recognition import field_rules, names
from core.imports.recognition.samples import Samples

LONG_TEXT = 80
PRESENT = 0.3  # of the records have what is looked for within their objects
FILLED = 0.8  # of the records have a time in a column that may be theirs
OWN = ("id", "batch_run_id")  # are never found within another object: that has ids of its own


def fields_of(samples: Samples, kind: RowKind) -> dict[str, FieldRule]:
    """Return which fields of a kind are likely to come from where."""
    plain = {path: names.plain(path) for path in samples}
    most = max(map(len, samples.values()), default=0)
    within = [
        path for path, found in samples.items() if "." in path and len(found) >= most * PRESENT
    ]
    short = {path: names.plain(".".join(path.split(".")[-2:])) for path in within}
    last = {path: names.plain(path.rpartition(".")[2]) for path in within}
    bare = {path: units.without_unit(name) for path, name in plain.items()}
    ways = [_paths_by_name(way) for way in (plain, short, last, bare)]
    fields: dict[str, FieldRule] = {}
    taken: set[str] = set()
    for field, known in names.NAMES[kind].items():
        for path in _candidates(known, ways[:1] if field in OWN else ways, taken):
            if (rule := field_rules.find(field, path, samples[path], kind)) is not None:
                fields[field] = rule
                taken.add(path)
                break
    _add_fields_by_value(fields, samples, kind, taken)
    return _resolve_conflicts(fields, samples, kind)


def _add_fields_by_value(
    fields: dict[str, FieldRule], samples: Samples, kind: RowKind, taken: set[str]
) -> None:
    """Find a model by what models are called, and a user by a name that speaks of one, where no
    column is named as they are.
    """
    for field, fits in (("model", _are_models), ("user_id", _are_users)):
        if field in FIELDS[kind] and field not in fields:
            path = next(
                (
                    path
                    for path, found in samples.items()
                    if path not in taken and fits(path, found)
                ),
                None,
            )
            if path is not None:
                fields[field] = FieldRule(path=path, as_=ValueType.TEXT)
                taken.add(path)
    # A benchmark: its lengths are tokens
    if "first_token_ms" in fields and not any(map(_has_long_text, samples.values())):
        for field, path in length_columns(samples, taken).items():
            fields.setdefault(field, FieldRule(path=path, as_=ValueType.COUNT))


def _has_long_text(cells: list[Any]) -> bool:
    return any(isinstance(value, str) and len(value) > LONG_TEXT for value in cells)


def _are_models(_path: str, found: list[Any]) -> bool:
    told = field_rules.present(found)
    return bool(told) and all(
        isinstance(value, str) and len(value) <= 200 and MODELS.match(value) for value in told
    )


def _are_users(path: str, found: list[Any]) -> bool:
    parts = names.plain(path).split("_")
    told = field_rules.present(found)
    are_short = bool(told) and all(
        isinstance(value, str | int) and len(str(value)) <= 128 for value in told
    )
    return (
        parts[-1] in ID_WORDS
        and are_short
        and any(part.startswith(USER_STEMS) for part in parts[:-1])
    )


MODELS = re.compile(
    r"^(?:[a-z0-9_.-]+[/.:])?(?:gpt|chatgpt|o[1-9](?:$|-)|claude|gemini|gemma|(?:meta-)?llama|mi[sx]tral|codestral|ministral|"
    r"qwen|deepseek|command-|grok|phi-|text-embedding|text-davinci|nova-|titan-|jamba|falcon|glm-|kimi|sonar|yi-)",
    re.IGNORECASE,
)
ID_WORDS = frozenset(
    words("id nr no num number nummer key uuid ref code kennung numero identifiant")
)
USER_STEMS = words(
    "user nutzer benutzer kunde anwender customer member employee mitarbeiter utilisateur usager "
    "client usuario cliente utente gebruiker klant subscriber account"
)


def time_columns(
    samples: Samples, taken: set[str], *, filled: float = FILLED
) -> dict[str, ValueUnit]:
    """Return the other columns that hold nothing but times, in this share of the records or more,
    and their units.
    """
    most = max(map(len, samples.values()), default=0)
    found: dict[str, ValueUnit] = {}
    for path, cells in samples.items():
        told = field_rules.present(cells)
        is_plain = not any(isinstance(value, dict | list | bool) for value in told)
        if path not in taken and is_plain and len(told) >= max(most * filled, 1):
            unit = units.of_times(told)
            if unit is not None and unit not in TIMES_BY_NAME:
                found[path] = unit
    return found


def length_columns(samples: Samples, taken: set[str]) -> dict[str, str]:
    """Return columns that may count tokens, or something else such as characters, by the field that
    they would be.
    """
    found: dict[str, str] = {}
    texts = [cells for cells in samples.values() if _has_long_text(cells)]
    for path, cells in samples.items():
        parts = set(
            re.split(
                r"_|(?<=prompt)(?=len)|(?<=output)(?=len)|(?<=input)(?=len)", names.plain(path)
            )
        )
        if (
            path in taken
            or not parts & names.LENGTHS
            or parts & names.NOT_TOKENS
            or _are_lengths(cells, texts)
        ):
            continue
        side = (
            "output_tokens"
            if parts & names.ANSWERED_SIDE
            else "input_tokens"
            if parts & names.ASKED_SIDE
            else None
        )
        if (
            side is not None
            and side not in found
            and field_rules.all_read(values.count, field_rules.present(cells), 1)
        ):
            found[side] = path
    return found


def _are_lengths(cells: list[Any], texts: list[list[Any]]) -> bool:
    """Whether numbers are the lengths of the texts of another column in characters."""
    columns = (
        [
            (str(cell), len(text))
            for cell, text in zip(cells, column, strict=False)
            if isinstance(text, str)
        ]
        for column in texts
    )
    return any(pairs and all(cell == str(length) for cell, length in pairs) for pairs in columns)


def _paths_by_name(way: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path, name in way.items():
        found[name].append(path)
    return found


def _candidates(
    known: tuple[str, ...], ways: Sequence[dict[str, list[str]]], taken: set[str]
) -> list[str]:
    """Return for each way and known name the first path that is not taken."""
    free = (
        next((path for path in way.get(name, ()) if path not in taken), None)
        for way in ways
        for name in known
    )
    return [path for path in free if path is not None]


def _resolve_conflicts(
    fields: dict[str, FieldRule], samples: Samples, kind: RowKind
) -> dict[str, FieldRule]:
    """Mend what single names cannot tell."""
    # A column `error` may hold a text or a flag.
    if kind is RowKind.AI_REQUESTS and "error_message" in fields:
        told = [
            values.word_of(value)
            for value in samples[fields["error_message"].path]
            if not values.is_nothing(value)
        ]
        if told and set(told) <= {"true", "false", "0", "1"}:
            fields["status"] = field_rules.flag(
                fields.pop("error_message").path, yes="error", no="ok"
            )
    # Users without another id are known by their address.
    if kind is RowKind.USERS and "id" not in fields and "email" in fields:
        fields["id"] = fields["email"].model_copy()
    if kind is RowKind.EVENTS and "event_type" in fields:
        types = [
            each
            for each in samples[fields["event_type"].path]
            if isinstance(each, str) and len(each) <= 200
        ]
        if all(units.number_of(each) is not None for each in types):
            del fields["event_type"]
    return fields
