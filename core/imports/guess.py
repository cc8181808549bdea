"""What the columns of a table are likely to be: guessed by their names, and by what stands in them."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from core.imports import moments, names, states, values
from core.imports.fields import FIELDS
from core.imports.mapping import As, Rule, Unit
from core.imports.parsed import Kind

Samples = dict[str, list[Any]]  # values by path
LONG_TEXT = 80
PRESENT = 0.3  # of the records have what is looked for within their objects
OWN = ("id", "batch_run_id")  # are never found within another object: that has ids of its own
MS_WORDS, S_WORDS = ("ms", "msec", "millis", "milliseconds"), ("s", "sec", "secs", "seconds")
US_WORDS, NS_WORDS = ("us", "micros", "microseconds"), ("ns", "nanos", "nanoseconds")


def kind_of(samples: Samples) -> Kind | None:
    """Return the kind of the rows of a table; None where nothing speaks for any."""
    found = {names.plain(path) for path in samples} | {names.plain(path.rpartition(".")[2]) for path in samples}
    has = {kind: set(fields_of(samples, kind)) for kind in Kind}
    requests, runs, times = has[Kind.AI_REQUESTS], has[Kind.BATCH_RUNS], "created_at" in has[Kind.EVENTS]
    if requests & {"input_tokens", "output_tokens"} or ("model" in requests and requests & MODEL_FIGURES):
        return Kind.AI_REQUESTS
    if "started_at" in runs and runs & {"completed_at", "total_jobs", "failed_jobs"} and "status" in runs and _is_job(found):
        return Kind.BATCH_RUNS
    if "batch_run_id" in found and "started_at" in runs:
        return Kind.BATCH_RUNS
    if found & names.RATING_WORDS and has[Kind.FEEDBACK] & {"message_id", "conversation_id", "user_id", "comment"}:
        return Kind.FEEDBACK
    if found & names.MEMORY_WORDS and "content" in has[Kind.MEMORIES]:
        return Kind.MEMORIES
    if times and found & names.EVENT_WORDS:
        return Kind.EVENTS
    if _is_article(samples, has[Kind.DOCUMENTS]):
        return Kind.DOCUMENTS
    if "email" in has[Kind.USERS] or (has[Kind.USERS] >= {"id", "display_name"} and found & USER_WORDS):
        return Kind.USERS
    return Kind.EVENTS if times else None


USER_WORDS = {"username", "signup_date", "signed_up_at", "signup_at", "date_joined", "joined_at", "last_login"}
MODEL_FIGURES = {"total_latency_ms", "first_token_ms", "cost_usd", "status", "total_tokens", "finish_reason"}
JOB_WORDS = {
    "job",
    "job_name",
    "batch_job",
    "workflow",
    "workflow_name",
    "pipeline",
    "pipeline_name",
    "dag_id",
    "run_id",
    "batch_run_id",
}


def _is_job(found: set[str]) -> bool:
    return bool(
        found & (JOB_WORDS | {"task", "task_name", "total_jobs", "failed_jobs", "conclusion", "name", "build_id"})
    ) and not (found & {"user_id", "session_id", "conversation_id"})


def _is_article(samples: Samples, fields: set[str]) -> bool:
    path = next((path for path in samples if names.plain(path) in names.NAMES[Kind.DOCUMENTS]["content"]), None)
    if path is None or "title" not in fields:
        return False
    texts = [value for value in samples[path] if isinstance(value, str) and value]
    return bool(texts) and median(len(value) for value in texts) >= LONG_TEXT


def fields_of(samples: Samples, kind: Kind) -> dict[str, Rule]:
    """Return which fields of a kind are likely to come from where."""
    plain = {path: names.plain(path) for path in samples}
    most = max(map(len, samples.values()), default=0)
    within = [path for path, found in samples.items() if "." in path and len(found) >= most * PRESENT]
    short = {path: names.plain(".".join(path.split(".")[-2:])) for path in within}
    last = {path: names.plain(path.rpartition(".")[2]) for path in within}
    fields: dict[str, Rule] = {}
    taken: set[str] = set()
    for field, known in names.NAMES[kind].items():
        for path in _candidates(known, (plain,) if field in OWN else (plain, short, last), taken):
            if (rule := _rule(field, path, samples[path], kind)) is not None:
                fields[field] = rule
                taken.add(path)
                break
    _find_times(fields, samples, kind, taken)
    return _sorted_out(fields, samples, kind)


def _find_times(fields: dict[str, Rule], samples: Samples, kind: Kind, taken: set[str]) -> None:
    """Take the first column that holds nothing but times, where none is called like one."""
    field = "started_at" if kind is Kind.BATCH_RUNS else "created_at"
    if field in fields or kind in (Kind.USERS, Kind.DOCUMENTS, Kind.CONVERSATIONS):
        return
    most = max(map(len, samples.values()), default=0)
    for path, found in samples.items():
        told = [value for value in found if not values.is_nothing(value)]
        if (
            path not in taken
            and len(told) >= max(most * 0.8, 1)
            and not any(isinstance(value, dict | list | bool) for value in told)
        ):
            unit = time_unit(told)
            if unit is not None and unit is not Unit.SECONDS_SINCE_START:
                fields[field] = Rule(path=path, as_=As.TIME, unit=unit)
                return


def _candidates(known: tuple[str, ...], ways: Sequence[dict[str, str]], taken: set[str]) -> list[str]:
    found = []
    for way in ways:
        by_name: dict[str, str] = {}
        for path, name in way.items():
            if path not in taken:
                by_name.setdefault(name, path)
        found += [by_name[name] for name in known if name in by_name]
    return found


def _rule(field: str, path: str, found: list[Any], kind: Kind) -> Rule | None:
    """Return how a column is read as a field; None when what stands in it does not fit."""
    as_ = As(FIELDS[kind][field])
    told = [value for value in found if not values.is_nothing(value)]
    match as_:
        case As.TIME:
            unit = time_unit(told)
            return Rule(path=path, as_=as_, unit=unit) if unit is not None else None
        case As.DURATION:
            return (
                Rule(path=path, as_=as_, unit=duration_unit(path, told))
                if _all_read(values.number, told, 0.5) or _suffixed(told)
                else None
            )
        case As.COUNT:
            return Rule(path=path, as_=as_) if _all_read(values.count, told, 0.5) else None
        case As.MONEY:
            unit = Unit.CENTS if names.plain(path).endswith("cents") else Unit.DOLLARS
            return Rule(path=path, as_=as_, unit=unit) if _all_read(values.money, told, 0.5) else None
        case As.STATUS:
            return _state_rule(field, path, told, kind)
        case As.RATING:
            return _rating_rule(path, told)
        case As.OBJECT | As.OBJECTS:
            return Rule(path=path, as_=as_) if any(isinstance(values.decoded(value), dict | list) for value in told) else None
        case As.TEXT if any(isinstance(value, dict | list) for value in told):
            return None
        case _:
            return Rule(path=path, as_=as_)


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


def _state_rule(field: str, path: str, told: list[Any], kind: Kind) -> Rule | None:
    name = names.plain(path.rpartition(".")[2])
    words = {values.word_of(value) for value in told if not isinstance(value, dict | list)}
    if name in ("is_error", "failed") and kind is Kind.AI_REQUESTS:
        is_flag = words <= {"true", "false", "0", "1", "yes", "no"}
        meanings = {"true": "error", "1": "error", "yes": "error", "false": "ok", "0": "ok", "no": "ok"}
        return Rule(path=path, as_=As.STATUS, values=meanings) if is_flag else None
    if name in ("success", "ok"):
        best = "ok" if kind is Kind.AI_REQUESTS else "completed"
        worst = "error" if kind is Kind.AI_REQUESTS else "failed"
        return Rule(
            path=path,
            as_=As.STATUS,
            values=dict.fromkeys(("true", "1", "yes"), best) | dict.fromkeys(("false", "0", "no"), worst),
        )
    if kind is Kind.BATCH_RUNS and name == "exit_code":
        return Rule(path=path, as_=As.STATUS, values={"0": "completed"} | {word: "failed" for word in sorted(words - {"0"})})
    known = states.STATES.get(kind, {})
    if kind in (Kind.AI_REQUESTS, Kind.BATCH_RUNS):
        fits = [word for word in words if word in known or (len(word) == 3 and word.isdecimal())]
        return Rule(path=path, as_=As.STATUS) if not words or fits or kind is Kind.BATCH_RUNS else None
    return Rule(path=path, as_=As.STATUS) if words <= set(known) else None


def _rating_rule(path: str, told: list[Any]) -> Rule | None:
    words = {values.text(value).strip().lower().replace(" ", "_") for value in told if not isinstance(value, dict | list)}
    if words and words <= states.THUMBS_UP | states.THUMBS_DOWN:
        return Rule(path=path, as_=As.RATING, unit=Unit.THUMBS)
    if not _all_read(values.number, told, 0.8):
        return None
    most = max((values.number(value) for value in told if _all_read(values.number, [value], 1)), default=0)
    return Rule(path=path, as_=As.RATING, unit=Unit.TEN if 5 < most <= 10 else Unit.FIVE) if most <= 10 else None


# Units


def time_unit(told: list[Any]) -> Unit | None:
    """Return in what times are written; None when they are none."""
    if not told:
        return Unit.ISO
    numbers = [float(value) for value in told if _is_number(value)]
    if len(numbers) >= len(told) * 0.8:
        return _unit_of_numbers(numbers)
    texts = [value for value in told if isinstance(value, str)]
    if len(texts) < len(told):
        return Unit.ISO if all(hasattr(value, "isoformat") for value in told if not isinstance(value, str)) else None
    best = max((Unit.ISO, Unit.DAY_FIRST, Unit.MONTH_FIRST), key=lambda unit: _times_read(texts, unit))
    return best if _times_read(texts, best) >= len(texts) * 0.4 else None


def _unit_of_numbers(numbers: list[float]) -> Unit | None:
    middle = median(numbers)
    if (unit := moments.unit_of_epoch(middle)) is not None:
        return unit
    return Unit.SECONDS_SINCE_START if min(numbers) >= 0 and middle < moments.EARLIEST_EPOCH else None


def _is_number(value: Any) -> bool:  # noqa: ANN401  a cell of any type
    if isinstance(value, bool):
        return False
    try:
        float(value)
    except (ValueError, TypeError):
        return False
    return True


def _times_read(texts: list[str], unit: Unit) -> int:
    return sum(1 for each in texts if moments.naive_or_aware(each, unit) is not None)


def is_zoneless(told: list[Any], unit: Unit | None) -> bool:
    """Whether times are written without a zone."""
    if unit not in (Unit.ISO, Unit.DAY_FIRST, Unit.MONTH_FIRST):
        return False
    found = [moments.naive_or_aware(value, unit) if isinstance(value, str) else value for value in told]
    return any(at is not None and getattr(at, "tzinfo", None) is None for at in found)


def duration_unit(path: str, told: list[Any]) -> Unit:
    """Return in what durations are written: their name says it, or else how large they are and whether they have fractions."""
    words = names.plain(path).split("_")
    for unit, known in (
        (Unit.MILLISECONDS, MS_WORDS),
        (Unit.MICROSECONDS, US_WORDS),
        (Unit.NANOSECONDS, NS_WORDS),
        (Unit.SECONDS, S_WORDS),
    ):
        if any(word in known for word in words[1:] or words):
            return unit
    numbers = [abs(float(value)) for value in told if _is_number(value)]
    if not numbers:
        return Unit.MILLISECONDS
    middle, has_fractions = median(numbers), any(not each.is_integer() for each in numbers)
    if middle >= 10_000_000:
        return Unit.NANOSECONDS
    return Unit.SECONDS if middle < (120 if has_fractions else 20) else Unit.MILLISECONDS


def _sorted_out(fields: dict[str, Rule], samples: Samples, kind: Kind) -> dict[str, Rule]:
    """Mend what single names cannot tell."""
    # A column `error` may hold a text or a flag.
    if kind is Kind.AI_REQUESTS and "error_message" in fields:
        told = [values.word_of(value) for value in samples[fields["error_message"].path] if not values.is_nothing(value)]
        if told and set(told) <= {"true", "false", "0", "1"}:
            meanings = {"true": "error", "1": "error", "false": "ok", "0": "ok"}
            fields["status"] = Rule(path=fields.pop("error_message").path, as_=As.STATUS, values=meanings)
    # Whoever has no other id is known by his address.
    if kind is Kind.USERS and "id" not in fields and "email" in fields:
        fields["id"] = fields["email"].model_copy()
    if kind is Kind.EVENTS and "event_type" in fields and not _is_telling(samples[fields["event_type"].path]):
        del fields["event_type"]
    return fields


def _is_telling(found: list[Any]) -> bool:
    return any(isinstance(value, str) and not _is_number(value) and len(value) <= 200 for value in found)
