"""A mapping compiled: what turns one record after another into a row, with as little as possible left to decide for each."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from core.imports.cells import moments, values
from core.imports.containers.paths import Get, getter, without
from core.imports.fields import REST
from core.imports.mapping import Mapping, ValueUnit
from core.imports.parsed import RowKind

Row = dict[str, Any]
Make = Callable[[Any, int], Row]  # of a record and its position
Step = tuple[str, Get, Callable[[Any], Any]]


class RecordRefused(ValueError):
    """What is wrong with a record, the field first."""


def maker(mapping: Mapping, columns: list[str] | None) -> Make:
    """Return what makes rows: of cells, in the order of the columns, or of objects where there are none."""
    finish = _finisher(mapping)
    constants = {name: rule.constant for name, rule in mapping.fields.items() if rule.constant is not None}
    if columns is None:
        return _of_objects(mapping, constants, finish)
    return _of_cells(mapping, columns, constants, finish)


def _steps(mapping: Mapping) -> list[tuple[str, str, Callable[[Any], Any]]]:
    """Return which field is read from which path by what; a state that tells of trouble is its type, where no column is."""
    steps = [(name, rule.path, values.reader(name, rule, mapping)) for name, rule in mapping.fields.items() if rule.path]
    status = mapping.fields.get("status")
    if mapping.kind is RowKind.AI_REQUESTS and status is not None and status.path and "error_type" not in mapping.fields:
        steps.append(("error_type", status.path, values.trouble(status, mapping)))
    return steps


def _of_cells(mapping: Mapping, columns: list[str], constants: Row, finish: Callable[[Row, int], None]) -> Make:
    place = {name: number for number, name in enumerate(columns)}
    every = _steps(mapping)
    steps = [(name, place[path], read) for name, path, read in every if path in place]
    nested = [
        (name, getter(path.partition(".")[2]), place[path.partition(".")[0]], read)
        for name, path, read in every
        if path not in place and path.partition(".")[0] in place
    ]
    taken = {rule.path for rule in mapping.fields.values()} | set(mapping.ignored)
    rest = [(name, number) for name, number in place.items() if name not in taken]
    rest_name, width, nothing = REST[mapping.kind], len(columns), values.NOTHING

    def make(cells: Any, position: int) -> Row:  # noqa: ANN401  a list of cells
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        elif len(cells) > width and any(cells[width:]):
            raise RecordRefused(f"the row has {len(cells)} cells, but the table has {width} columns")
        row = dict(constants)
        for name, number, read in steps:
            cell = cells[number]
            if (cell not in nothing) if isinstance(cell, str) else not values.is_nothing(cell):
                try:
                    row[name] = read(cell)
                except ValueError as error:
                    raise RecordRefused(f"{name}: {error}") from None
        if nested:
            _add_nested(row, nested, cells)
        left = {name: values.plain(cell) for name, number in rest if (cell := cells[number]) != "" and cell is not None}
        if left:
            row[rest_name] = {**left, **row[rest_name]} if rest_name in row else left
        finish(row, position)
        return row

    return make


def _add_nested(row: Row, nested: list[Any], cells: list[Any]) -> None:
    for name, get, number, read in nested:
        inner = values.decoded(cells[number])
        found = get(inner) if isinstance(inner, dict) else None
        _read_into(row, name, found, read)


def _of_objects(mapping: Mapping, constants: Row, finish: Callable[[Row, int], None]) -> Make:
    steps = [(name, getter(path), read) for name, path, read in _steps(mapping)]
    taken = [rule.path.split(".") for rule in mapping.fields.values() if rule.path] + [
        path.split(".") for path in mapping.ignored
    ]
    rest = _rest([*taken, ["_key"]])
    rest_name = REST[mapping.kind]

    def make(record: Any, position: int) -> Row:  # noqa: ANN401  an object
        row = dict(constants)
        for name, get, read in steps:
            _read_into(row, name, get(record), read)
        if left := rest(record):
            row[rest_name] = {**left, **row[rest_name]} if rest_name in row else left
        finish(row, position)
        return row

    return make


def _rest(taken: list[list[str]]) -> Callable[[Any], Row]:
    """Return what leaves out of an object what was taken, and what is empty."""
    whole, parts = {".".join(path) for path in taken}, {path[0] for path in taken if len(path) > 1}

    def rest(record: Any) -> Row:  # noqa: ANN401  an object
        left: Row = {}
        for name, value in record.items():
            if name in whole or value is None or value == "":
                continue
            if name in parts or "." in name or isinstance(value, dict | list):
                left |= without({name: value}, taken)
            else:
                left[name] = value
        return values.plain(left) if left else left

    return rest


def _read_into(row: Row, name: str, value: Any, read: Callable[[Any], Any]) -> None:  # noqa: ANN401  any JSON
    if values.is_nothing(value):
        return
    try:
        row[name] = read(value)
    except ValueError as error:
        raise RecordRefused(f"{name}: {error}") from None


# What a row needs beside what the file says


def _finisher(mapping: Mapping) -> Callable[[Row, int], None]:
    match mapping.kind:
        case RowKind.AI_REQUESTS:
            return _finish_request(mapping)
        case RowKind.EVENTS:
            return _finish_event(mapping)
        case RowKind.BATCH_RUNS:
            return _finish_run
        case kind:
            return _finish_named(mapping, kind)


def _finish_request(mapping: Mapping) -> Callable[[Row, int], None]:
    model, at, status = mapping.model or "unknown", _start_of(mapping), mapping.fields.get("status")

    def finish(row: Row, position: int) -> None:
        if "model" not in row:
            row["model"] = model
        if "created_at" not in row:
            row["created_at"] = at(position)
        if not row.get("error_type", True):
            del row["error_type"]
        if row.get("status") == "error" and "error_type" not in row:
            row["error_type"] = "error"
        elif status is None and ("error_type" in row or "error_message" in row):
            row["status"] = "error"
            row.setdefault("error_type", "error")

    return finish


def _finish_event(mapping: Mapping) -> Callable[[Row, int], None]:
    at = _start_of(mapping)

    def finish(row: Row, position: int) -> None:
        if "event_type" not in row:
            raise RecordRefused("event_type: missing in this row")
        if "created_at" not in row:
            row["created_at"] = at(position)

    return finish


def _finish_run(row: Row, position: int) -> None:
    for name in ("started_at", "status"):
        if name not in row:
            raise RecordRefused(f"{name}: missing in this row")
    if "batch_run_id" not in row:
        row["batch_run_id"] = made_id(row, position)
    if isinstance(phases := row.get("phase_durations"), dict):
        row["phase_durations"] = {str(name): values.plain(took) for name, took in phases.items()}


def _finish_named(mapping: Mapping, kind: RowKind) -> Callable[[Row, int], None]:
    at, needs_time = _start_of(mapping), kind is not RowKind.USERS
    needed = {RowKind.FEEDBACK: "rating", RowKind.USERS: "id"}.get(kind, "content")

    def finish(row: Row, position: int) -> None:
        if needed not in row and kind is not RowKind.CONVERSATIONS:
            raise RecordRefused(f"{needed}: missing in this row")
        if "id" not in row:
            row["id"] = made_id(row, position)
        if needs_time and "created_at" not in row:
            row["created_at"] = row.get("updated_at") or at(position)

    return finish


def _start_of(mapping: Mapping) -> Callable[[int], str]:
    """Return what tells the time of a record that has none: they follow each other from the start, a millisecond apart."""
    if "created_at" in mapping.fields:
        return _no_time
    read = moments.reader(ValueUnit.MILLISECONDS_SINCE_START, zone=None, start=mapping.start, zero=0)
    return lambda position: read(position)


def _no_time(position: int) -> str:
    del position
    raise RecordRefused("created_at: missing in this row")


def made_id(record: Any, position: int) -> str:  # noqa: ANN401  any JSON
    """Return an id for a record that has none: the same for the same record in the same place."""
    # With its place: rows that are alike are as many rows as there are.
    told = msgspec.json.encode(values.plain(record)) + str(position).encode()
    return f"import-{hashlib.blake2b(told, digest_size=12).hexdigest()}"
