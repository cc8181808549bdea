"""Scores as other tools export them: Langfuse's, Label Studio's, and tables with a column for each
annotator.

Langfuse: `{id, timestamp, name, dataType (NUMERIC, CATEGORICAL, BOOLEAN), value, stringValue,
source (API, EVAL, ANNOTATION), traceId, observationId, sessionId, comment, authorUserId}`, as its
API and its tables write them; its API adds `trace {userId, tags, environment, sessionId}`. Label
Studio: tasks `{id, data, annotations: [{id, completed_by, created_at, result: [{from_name, type,
value}]}], predictions: [{model_version, ...}]}`, as its JSON export.
"""

import re
from collections.abc import Iterator
from typing import Any

from core.ai_metrics.otlp import outcomes
from core.imports import row_makers
from core.imports.cells import values
from core.imports.formats.spans import nanoseconds, written
from core.imports.mapping import Mapping
from core.imports.parsed import RowKind
from core.imports.recognition import names
from core.imports.row_makers import MakeRows, RecordRefused, Row, made_id

LONGEST_LABEL = 200
SUBJECTS = ("message_id", "conversation_id", "ai_request_id")
SOURCES = {"api": "api", "eval": "judge", "annotation": "person"}
CHOSEN = ("choices", "labels", "selected", "taxonomy")
ANNOTATOR = re.compile(r"^(annotator|annotation|rater|reviewer|coder)_?(\d+|[a-e])$")


def is_langfuse(record: Row) -> bool:
    found = {names.plain(name) for name in record}
    return (
        {"name", "data_type", "source"} <= found
        and bool(found & {"trace_id", "session_id"})
        and bool(found & {"value", "string_value"})
    )


def is_label_studio(record: Row) -> bool:
    annotations = record.get("annotations")
    return (
        isinstance(record.get("data"), dict)
        and isinstance(annotations, list)
        and all(isinstance(each, dict) and "result" in each for each in annotations)
    )


def annotators(record: Row) -> list[str]:
    """Return the columns of annotators, if there are at least two."""
    found = [name for name in record if ANNOTATOR.match(names.plain(name))]
    return found if len(found) > 1 else []


def langfuse_maker(mapping: Mapping) -> MakeRows:
    return lambda record, _: [_of_langfuse(_plain(record), mapping.zone or "UTC")]


def label_studio_maker(mapping: Mapping) -> MakeRows:
    def make(record: Row, _position: int) -> list[Row]:
        if not is_label_studio(record):  # only the first records were looked at
            raise RecordRefused("a task needs data, an object, and annotations with their results")
        return list(_of_task(record, mapping.zone or "UTC"))

    return make


def annotators_maker(mapping: Mapping) -> MakeRows:
    make_row = row_makers.maker(mapping, None)

    def make(record: Row, position: int) -> list[Row]:
        told = {name: record.get(name) for name in mapping.ignored}
        common = make_row(record, position)
        return [
            common
            | _value_or_label(value)
            | {"id": f"{common['id']}-{names.plain(name)}", "source": "person", "evaluator": name}
            for name, value in told.items()
            if not values.is_nothing(value)
        ]

    return make


def _plain(record: Row) -> Row:
    return {
        names.plain(name): value for name, value in record.items() if not values.is_nothing(value)
    }


def _of_langfuse(given: Row, zone: str) -> Row:
    source = SOURCES.get(values.word_of(given.pop("source", "api")), "api")
    row: Row = {"source": source, "created_at": _moment(given, zone)}
    if values.word_of(given.pop("data_type", "")) == "categorical":
        # The number of a category is its place in a list.
        number, label = given.pop("value", None), given.pop("string_value", None)
        row |= _value_or_label(values.text(number if label is None else label), is_label=True)
    else:
        row |= _value_or_label(given.pop("value", None))
        if "string_value" in given:
            row["label"] = values.text(given.pop("string_value"), LONGEST_LABEL)
    session = given.pop("session_id", None) or _session_of_trace(given.get("trace"))
    row["conversation_id"] = session or given.get("trace_id")
    fields = {
        "id": "id",
        "name": "name",
        "ai_request_id": "observation_id",
        "comment": "comment",
        "evaluator": "author_user_id",
        "environment": "environment",
    }
    row |= {name: given.pop(path) for name, path in fields.items() if path in given}
    return _with_texts(row) | {"extra": values.plain(given)}


def _session_of_trace(given: Any) -> Any:  # noqa: ANN401  any JSON
    """Return the session that a score's trace is in: a score of a trace names none itself."""
    trace = written(given)
    return _plain(trace).get("session_id") if isinstance(trace, dict) else None


def _of_task(task: Row, zone: str) -> Iterator[Row]:
    subject = _subject(task["data"])
    done = [each for each in task["annotations"] if not each.get("was_cancelled")]
    given = [(each, "person") for each in done]
    predicted = task.get("predictions")
    if isinstance(predicted, list):
        given += [(each, "judge") for each in predicted if isinstance(each, dict)]
    for annotation, source in given:
        evaluator = annotation.get("completed_by") or annotation.get("model_version")
        if isinstance(evaluator, dict):
            evaluator = evaluator.get("email") or evaluator.get("id")
        common = {
            **subject,
            "source": source,
            "evaluator": evaluator,
            "created_at": _moment(annotation, zone),
        }
        key = annotation.get("id") or made_id(annotation, 0)
        for number, said in enumerate(_results(annotation)):
            yield _with_texts({**common, "id": f"{source}-{key}-{number}", **said})


def _results(annotation: Row) -> list[Row]:
    """Return the names with their values or labels; texts are comments on all of them."""
    found, comments = [], []
    results = annotation.get("result")
    for result in results if isinstance(results, list) else ():
        value = result.get("value") if isinstance(result, dict) else None
        if not isinstance(value, dict):
            continue
        name = result.get("from_name")
        for chosen in (value[each] for each in CHOSEN if each in value):
            labels = chosen if isinstance(chosen, list) else [chosen]
            found += [
                {"name": name, **_value_or_label(values.text(each), is_label=True)}
                for each in labels
            ]
        found += [
            {"name": name, **_value_or_label(value[each])}
            for each in ("rating", "number")
            if each in value
        ]
        texts = value.get("text")
        comments += texts if isinstance(texts, list) else []
    comment = "\n".join(map(values.text, comments))
    return [{**each, "comment": comment or None} for each in found]


def _subject(data: Row) -> Row:
    plain = _plain(data)
    found = {
        field: next(plain[name] for name in names.NAMES[RowKind.SCORES][field] if name in plain)
        for field in SUBJECTS
        if any(name in plain for name in names.NAMES[RowKind.SCORES][field])
    }
    if not found:
        raise RecordRefused("a task needs a message_id, conversation_id or request_id in its data")
    return found


def _value_or_label(value: Any, *, is_label: bool = False) -> Row:  # noqa: ANN401  a cell of any type
    if value is None:
        return {}
    if not is_label:
        word = values.word_of(value)
        if word in ("true", "false"):
            return {"value": float(word == "true")}
        try:
            return {"value": values.number(value)}
        except ValueError:
            pass
    return {"label": values.text(value, LONGEST_LABEL)}


def _moment(given: Row, zone: str) -> str:
    at = given.pop("timestamp", None) or given.pop("created_at", None)
    if values.is_nothing(at):
        raise RecordRefused("created_at: missing in this record")
    return outcomes.moment(nanoseconds(at, zone)).isoformat()


def _with_texts(row: Row) -> Row:
    """Return a row without missing values, with ids and names as texts."""
    return {
        name: value if name == "value" else values.text(value)
        for name, value in row.items()
        if value is not None
    }
