"""What the columns of a table are likely to be: guessed by their names, and by what stands in them."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from core.imports.cells import states, units, values
from core.imports.fields import FIELDS
from core.imports.mapping import As, FieldRule, ValueUnit
from core.imports.parsed import RowKind
from core.imports.recognition import foreign, names

Samples = dict[str, list[Any]]  # values by path
LONG_TEXT = 80
MOST_STATES, LONGEST_STATE = 8, 30
PRESENT = 0.3  # of the records have what is looked for within their objects
OWN = ("id", "batch_run_id")  # are never found within another object: that has ids of its own


def fields_of(samples: Samples, kind: RowKind) -> dict[str, FieldRule]:
    """Return which fields of a kind are likely to come from where."""
    plain = {path: names.plain(path) for path in samples}
    most = max(map(len, samples.values()), default=0)
    within = [path for path, found in samples.items() if "." in path and len(found) >= most * PRESENT]
    short = {path: names.plain(".".join(path.split(".")[-2:])) for path in within}
    last = {path: names.plain(path.rpartition(".")[2]) for path in within}
    bare = {path: units.without_unit(name) for path, name in plain.items()}
    fields: dict[str, FieldRule] = {}
    taken: set[str] = set()
    for field, known in names.NAMES[kind].items():
        for path in _candidates(known, (plain,) if field in OWN else (plain, short, last, bare), taken):
            if (rule := _rule(field, path, samples[path], kind)) is not None:
                fields[field] = rule
                taken.add(path)
                break
    _find_by_values(fields, samples, kind, taken)
    return _sorted_out(fields, samples, kind)


def _find_by_values(fields: dict[str, FieldRule], samples: Samples, kind: RowKind, taken: set[str]) -> None:
    """Find a model by what models are called, and a user by a name that speaks of one, where no column is named as they are."""
    for field, fits in (("model", _are_models), ("user_id", _are_users)):
        if field in FIELDS[kind] and field not in fields:
            path = next((path for path, found in samples.items() if path not in taken and fits(path, found)), None)
            if path is not None:
                fields[field] = FieldRule(path=path, as_=As.TEXT)
                taken.add(path)
    if "first_token_ms" in fields and not _has_long_texts(samples):  # a benchmark of a model: its lengths are tokens
        for field, path in length_columns(samples, taken).items():
            fields.setdefault(field, FieldRule(path=path, as_=As.COUNT))


def _has_long_texts(samples: Samples) -> bool:
    return any(isinstance(value, str) and len(value) > LONG_TEXT for cells in samples.values() for value in cells)


def _are_models(_path: str, found: list[Any]) -> bool:
    told = [value for value in found if not values.is_nothing(value)]
    return bool(told) and all(isinstance(value, str) and len(value) <= 200 and MODELS.match(value) for value in told)


def _are_users(path: str, found: list[Any]) -> bool:
    parts = names.plain(path).split("_")
    told = [value for value in found if not values.is_nothing(value)]
    are_short = bool(told) and all(isinstance(value, str | int) and len(str(value)) <= 128 for value in told)
    return parts[-1] in ID_WORDS and are_short and any(part.startswith(USER_STEMS) for part in parts[:-1])


MODELS = re.compile(
    r"^(?:[a-z0-9_.-]+[/.:])?(?:gpt|chatgpt|o[1-9](?:$|-)|claude|gemini|gemma|(?:meta-)?llama|mi[sx]tral|codestral|ministral|"
    r"qwen|deepseek|command-|grok|phi-|text-embedding|text-davinci|nova-|titan-|jamba|falcon|glm-|kimi|sonar|yi-)",
    re.IGNORECASE,
)
ID_WORDS = frozenset(
    ("id", "nr", "no", "num", "number", "nummer", "key", "uuid", "ref", "code", "kennung", "numero", "identifiant")
)
USER_STEMS = (
    *(
        "user",
        "nutzer",
        "benutzer",
        "kunde",
        "anwender",
        "customer",
        "member",
        "employee",
        "mitarbeiter",
        "utilisateur",
        "usager",
    ),
    *("client", "usuario", "cliente", "utente", "gebruiker", "klant", "subscriber", "account"),
)


def time_columns(samples: Samples, taken: set[str]) -> dict[str, ValueUnit]:
    """Return the other columns that hold nothing but times, and their units."""
    most = max(map(len, samples.values()), default=0)
    found: dict[str, ValueUnit] = {}
    for path, cells in samples.items():
        told = [value for value in cells if not values.is_nothing(value)]
        is_plain = not any(isinstance(value, dict | list | bool) for value in told)
        if path not in taken and is_plain and len(told) >= max(most * 0.8, 1):
            unit = units.time(told)
            if unit is not None and unit is not ValueUnit.SECONDS_SINCE_START:
                found[path] = unit
    return found


def length_columns(samples: Samples, taken: set[str]) -> dict[str, str]:
    """Return columns that may count tokens, or something else such as characters, by the field that they would be."""
    found: dict[str, str] = {}
    texts = [cells for cells in samples.values() if any(isinstance(value, str) and len(value) > LONG_TEXT for value in cells)]
    for path, cells in samples.items():
        parts = set(re.split(r"_|(?<=prompt)(?=len)|(?<=output)(?=len)|(?<=input)(?=len)", names.plain(path)))
        if path in taken or not parts & foreign.LENGTHS or parts & foreign.NOT_TOKENS or _are_lengths(cells, texts):
            continue
        side = "output_tokens" if parts & foreign.ANSWER_WORDS else "input_tokens" if parts & foreign.ASKED_WORDS else None
        if (
            side is not None
            and side not in found
            and _all_read(values.count, [value for value in cells if not values.is_nothing(value)], 1)
        ):
            found[side] = path
    return found


def _are_lengths(cells: list[Any], texts: list[list[Any]]) -> bool:
    """Whether numbers are the lengths of the texts of another column in characters."""
    for column in texts:
        pairs = [(str(cell), len(text)) for cell, text in zip(cells, column, strict=False) if isinstance(text, str)]
        if pairs and all(cell == str(length) for cell, length in pairs):
            return True
    return False


def _candidates(known: tuple[str, ...], ways: Sequence[dict[str, str]], taken: set[str]) -> list[str]:
    found = []
    for way in ways:
        by_name: dict[str, str] = {}
        for path, name in way.items():
            if path not in taken:
                by_name.setdefault(name, path)
        found += [by_name[name] for name in known if name in by_name]
    return found


def _rule(field: str, path: str, found: list[Any], kind: RowKind) -> FieldRule | None:
    """Return how a column is read as a field; None when what stands in it does not fit."""
    as_ = As(FIELDS[kind][field])
    told = [value for value in found if not values.is_nothing(value)]
    match as_:
        case As.TIME:
            unit = units.time(told)
            return FieldRule(path=path, as_=as_, unit=unit) if unit is not None and not units.is_due(path) else None
        case As.DURATION | As.COUNT | As.MONEY | As.NUMBER:
            return _number_rule(as_, path, told)
        case As.STATUS:
            return _state_rule(field, path, told, kind)
        case As.RATING:
            return _rating_rule(path, told)
        case As.OBJECT | As.OBJECTS:
            return (
                FieldRule(path=path, as_=as_) if any(isinstance(values.decoded(value), dict | list) for value in told) else None
            )
        case As.TEXT if any(isinstance(value, dict | list) for value in told):
            return None
        case _:
            return FieldRule(path=path, as_=as_)


def _number_rule(as_: As, path: str, told: list[Any]) -> FieldRule | None:
    comma, plain = units.has_decimal_comma(told), names.plain(path)
    match as_:
        case As.DURATION if _all_read(values.number, told, 0.5) or _suffixed(told):
            return FieldRule(path=path, as_=as_, unit=units.duration(path, told), decimal_comma=comma)
        case As.COUNT if _counts_tokens(plain) and _all_read(partial(values.count, comma=comma), told, 0.5):
            return FieldRule(path=path, as_=as_, decimal_comma=comma)
        case As.MONEY if not units.is_other_money(path, told) and _all_read(values.money, told, 0.5):
            unit = ValueUnit.CENTS if plain.endswith("cents") else ValueUnit.DOLLARS
            return FieldRule(path=path, as_=as_, unit=unit, decimal_comma=comma)
        case As.NUMBER:
            return FieldRule(path=path, as_=as_, decimal_comma=comma)
        case _:
            return None


def _counts_tokens(plain: str) -> bool:
    return not foreign.NOT_TOKENS & set(plain.split("_"))


def rule_for(field: str, path: str, found: list[Any], kind: RowKind) -> FieldRule:
    """Return how a column is read as the field that a person has chosen for it, whatever its name says."""
    guessed = _rule(field, path, found, kind)
    as_ = As(FIELDS[kind][field])
    if guessed is not None:
        return guessed
    told = [value for value in found if not values.is_nothing(value)]
    unit = {As.TIME: units.time(told), As.MONEY: ValueUnit.DOLLARS, As.DURATION: units.duration(path, told)}.get(as_)
    return FieldRule(path=path, as_=as_, unit=unit, decimal_comma=as_ is not As.TEXT and units.has_decimal_comma(told))


def _all_read(read: Any, told: list[Any], share: float) -> bool:  # noqa: ANN401  a reader of cells
    good = 0
    for value in told:
        try:
            read(value)
            good += 1
        except (ValueError, TypeError):
            continue
    return good >= len(told) * share


def _suffixed(told: list[Any]) -> bool:
    return any(isinstance(value, str) and (values.SUFFIXED.match(value) or values.CLOCK.match(value)) for value in told)


def _state_rule(field: str, path: str, told: list[Any], kind: RowKind) -> FieldRule | None:
    name = names.plain(path.rpartition(".")[2])
    words = {values.word_of(value) for value in told if not isinstance(value, dict | list)}
    if name in ("is_error", "failed") and kind is RowKind.AI_REQUESTS:
        is_flag = words <= {"true", "false", "0", "1", "yes", "no"}
        meanings = {"true": "error", "1": "error", "yes": "error", "false": "ok", "0": "ok", "no": "ok"}
        return FieldRule(path=path, as_=As.STATUS, values=meanings) if is_flag else None
    if name in ("success", "ok"):
        best = "ok" if kind is RowKind.AI_REQUESTS else "completed"
        worst = "error" if kind is RowKind.AI_REQUESTS else "failed"
        return FieldRule(
            path=path,
            as_=As.STATUS,
            values=dict.fromkeys(("true", "1", "yes"), best) | dict.fromkeys(("false", "0", "no"), worst),
        )
    if kind is RowKind.BATCH_RUNS and name == "exit_code":
        return FieldRule(path=path, as_=As.STATUS, values={"0": "completed"} | {word: "failed" for word in sorted(words - {"0"})})
    known = states.STATES.get(kind, {})
    if kind in (RowKind.AI_REQUESTS, RowKind.BATCH_RUNS):
        fits = [word for word in words if word in known or (len(word) == 3 and word.isdecimal())]
        # A few words that nobody knows are asked about (meanings.py); many are texts.
        is_enumerated = len(words) <= MOST_STATES and all(0 < len(word) <= LONGEST_STATE for word in words)
        return FieldRule(path=path, as_=As.STATUS) if not words or fits or is_enumerated or kind is RowKind.BATCH_RUNS else None
    return FieldRule(path=path, as_=As.STATUS) if words <= set(known) else None


def _rating_rule(path: str, told: list[Any]) -> FieldRule | None:
    words = {values.text(value).strip().lower().replace(" ", "_") for value in told if not isinstance(value, dict | list)}
    if words and words <= states.THUMBS_UP | states.THUMBS_DOWN:
        return FieldRule(path=path, as_=As.RATING, unit=ValueUnit.THUMBS)
    if not _all_read(values.number, told, 0.8):
        return None
    most = max((values.number(value) for value in told if _all_read(values.number, [value], 1)), default=0)
    return FieldRule(path=path, as_=As.RATING, unit=ValueUnit.TEN if 5 < most <= 10 else ValueUnit.FIVE) if most <= 10 else None


def _sorted_out(fields: dict[str, FieldRule], samples: Samples, kind: RowKind) -> dict[str, FieldRule]:
    """Mend what single names cannot tell."""
    # A column `error` may hold a text or a flag.
    if kind is RowKind.AI_REQUESTS and "error_message" in fields:
        told = [values.word_of(value) for value in samples[fields["error_message"].path] if not values.is_nothing(value)]
        if told and set(told) <= {"true", "false", "0", "1"}:
            meanings = {"true": "error", "1": "error", "false": "ok", "0": "ok"}
            fields["status"] = FieldRule(path=fields.pop("error_message").path, as_=As.STATUS, values=meanings)
    # Whoever has no other id is known by his address.
    if kind is RowKind.USERS and "id" not in fields and "email" in fields:
        fields["id"] = fields["email"].model_copy()
    if kind is RowKind.EVENTS and "event_type" in fields and not _is_telling(samples[fields["event_type"].path]):
        del fields["event_type"]
    return fields


def _is_telling(found: list[Any]) -> bool:
    return any(isinstance(value, str) and not units.is_number(value) and len(value) <= 200 for value in found)
