"""A mapping compiled into a function that makes a row of each record, with little left to decide
for each.
"""

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.imports.cells import states, timestamps, values
from core.imports.containers.paths import getter, without
from core.imports.fields import NEEDED, REST
from core.imports.mapping import FieldRule, Mapping, ValueUnit
from core.imports.parsed import RowKind

Row = dict[str, Any]
MakeRow = Callable[[Any, int], Row]  # of a record and its position
MakeRows = Callable[[Any, int], list[Row]]


class RecordRefused(ValueError):
    """What is wrong with a record, the field first."""


def maker(mapping: Mapping, columns: list[str] | None) -> MakeRow:
    """Return what makes a row of cells in the order of the columns, or of an object where there are
    none.
    """
    steps = [
        (name, rule.path, values.reader(name, rule, mapping))
        for name, rule in mapping.fields.items()
        if rule.path
    ]
    status = mapping.fields.get("status")
    tells_errors = mapping.kind is RowKind.AI_REQUESTS and "error_type" not in mapping.fields
    if tells_errors and status is not None and status.path:
        steps.append(("error_type", status.path, _error_type_of(status, mapping)))
    constants = {
        name: rule.constant for name, rule in mapping.fields.items() if rule.constant is not None
    }
    taken = [*(rule.path for rule in mapping.fields.values() if rule.path), *mapping.ignored]
    fill = _of_objects(steps, taken) if columns is None else _of_cells(steps, taken, columns)
    finish, rest_name = _finisher(mapping), REST[mapping.kind]

    def make(record: Any, position: int) -> Row:  # noqa: ANN401  cells or an object
        row: Row = dict(constants)
        if rest := fill(row, record):
            row[rest_name] = {**rest, **row[rest_name]} if rest_name in row else rest
        finish(row, position)
        return row

    return make


def _error_type_of(rule: FieldRule, mapping: Mapping) -> values.Reader:
    """Return what reads the type of an error out of a status that names it, as `timeout` does; of
    others, nothing.
    """
    read = values.reader("status", rule, mapping)

    def error_type(value: Any) -> str:  # noqa: ANN401  a cell of any type
        word = values.word_of(value)
        return word[:500] if word not in states.NAMELESS and read(value) == "error" else ""

    return error_type


def _of_cells(steps: list[Any], taken: list[str], columns: list[str]) -> Callable[[Row, Any], Row]:
    place, width = {name: number for number, name in enumerate(columns)}, len(columns)
    cell_steps: list[Any] = [
        (name, place[path], None, read) for name, path, read in steps if path in place
    ]
    cell_steps += [  # a key of an object that stands in a cell as JSON
        (name, place[column], getter(inner), read)
        for name, path, read in steps
        for column, _, inner in [path.partition(".")]
        if path not in place and column in place
    ]
    rest = [(name, number) for name, number in place.items() if name not in taken]

    def fill(row: Row, cells: Any) -> Row:  # noqa: ANN401  a list of cells
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        elif len(cells) > width and any(cells[width:]):
            raise RecordRefused(
                f"the row has {len(cells)} cells, but the table has {width} columns"
            )
        for name, number, get, read in cell_steps:
            cell = cells[number]
            if get is not None:
                inner = values.decoded(cell)
                cell = get(inner) if isinstance(inner, dict) else None
            # Without a call for each of a million cells.
            if (
                (cell not in values.NOTHING)
                if isinstance(cell, str)
                else not values.is_nothing(cell)
            ):
                try:
                    row[name] = read(cell)
                except ValueError as error:
                    raise RecordRefused(f"{name}: {error}") from None
        return {
            name: values.plain(cell)
            for name, number in rest
            if (cell := cells[number]) != "" and cell is not None
        }

    return fill


def _of_objects(steps: list[Any], taken: list[str]) -> Callable[[Row, Any], Row]:
    getters = [(name, getter(path), read) for name, path, read in steps]
    paths = [path.split(".") for path in (*taken, "_key")]
    whole, parts = {".".join(path) for path in paths}, {path[0] for path in paths if len(path) > 1}

    def fill(row: Row, record: Any) -> Row:  # noqa: ANN401  an object
        for name, get, read in getters:
            if not values.is_nothing(value := get(record)):
                try:
                    row[name] = read(value)
                except ValueError as error:
                    raise RecordRefused(f"{name}: {error}") from None
        rest: Row = {}
        for name, value in record.items():
            if name in whole or value is None or value == "":
                continue
            if name in parts or "." in name or isinstance(value, dict | list):
                rest |= without({name: value}, paths)
            else:
                rest[name] = value
        return values.plain(rest) if rest else rest

    return fill


# What a row needs beside what the file says


def _finisher(mapping: Mapping) -> Callable[[Row, int], None]:
    kind, time_of, needed = mapping.kind, _time_of(mapping), NEEDED.get(mapping.kind, ())
    is_request, is_run = kind is RowKind.AI_REQUESTS, kind is RowKind.BATCH_RUNS
    has_no_status = "status" not in mapping.fields
    rating = mapping.fields.get("rating") if kind is RowKind.FEEDBACK else None
    # Without its scale, a 1 of 5 would be thumbs up
    has_stars = rating is not None and rating.unit in (ValueUnit.FIVE, ValueUnit.TEN)
    id_name = None if is_request or kind is RowKind.EVENTS else "batch_run_id" if is_run else "id"

    def finish(row: Row, position: int) -> None:
        for name in needed:
            if name not in row:
                raise RecordRefused(f"{name}: missing in this row")
        if id_name is not None and id_name not in row:
            row[id_name] = made_id(row, position)
        if is_run:
            _finish_duration(row)
        if is_run and isinstance(phases := row.get("phase_durations"), dict):
            row["phase_durations"] = {
                str(name): values.plain(took) for name, took in phases.items()
            }
        if not is_run and kind is not RowKind.USERS and "created_at" not in row:
            row["created_at"] = row.get("updated_at") or time_of(position)
        if has_stars and row["rating"] > 0:
            row.setdefault("scale", "five")
        if is_request:
            row.setdefault("model", mapping.model or "unknown")
            _finish_status(row, has_no_status)

    return finish


def _finish_duration(row: Row) -> None:
    """Replace the duration of a run by its end, where the file has none."""
    took_ms = row.pop("duration_ms", None)
    if took_ms is not None and "completed_at" not in row and row["status"] != "running":
        try:
            end = datetime.fromisoformat(row["started_at"]) + timedelta(milliseconds=took_ms)
        except OverflowError:
            raise RecordRefused("duration_ms: too long") from None
        row["completed_at"] = end.isoformat()


def _finish_status(row: Row, has_no_status: bool) -> None:
    if not row.get("error_type", True):
        del row["error_type"]
    if has_no_status and ("error_type" in row or "error_message" in row):
        row["status"] = "error"


def _time_of(mapping: Mapping) -> Callable[[int], str]:
    """Return what tells the time of a record that has none: they follow each other from the start,
    a millisecond apart.
    """
    if "created_at" in mapping.fields:
        return _refuse_without_time
    read = timestamps.reader(
        ValueUnit.MILLISECONDS_SINCE_START, zone=None, start=mapping.start, zero=0
    )
    return lambda position: read(position)


def _refuse_without_time(_position: int) -> str:
    raise RecordRefused("created_at: missing in this row")


def made_id(record: Any, position: int) -> str:  # noqa: ANN401  any JSON
    """Return an id for a record that has none: the same for the same record in the same place."""
    # With its place: rows that are alike are as many rows as there are.
    content = msgspec.json.encode(values.plain(record)) + str(position).encode()
    return f"import-{hashlib.blake2b(content, digest_size=12).hexdigest()}"


def with_ids(messages: list[Any]) -> list[Any]:
    """Return the messages of a conversation with an ID each: one without its own has its place."""
    given = [each.get("id") if isinstance(each, dict) else None for each in messages]
    taken = {str(id_) for id_ in given if id_ is not None}
    return [
        {**each, "id": _id_of(place, taken)} if isinstance(each, dict) and id_ is None else each
        for place, (each, id_) in enumerate(zip(messages, given, strict=True))
    ]


def _id_of(place: int, taken: Collection[str]) -> str:
    # Two messages of one ID would become one
    return f"place-{place}" if str(place) in taken else str(place)
