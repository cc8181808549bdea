"""Exports read by pyarrow, which the `datasets` library uses: one schema fits a file, whatever
tools were called.
"""

import io
import json

import pytest
from pyarrow import json as arrow

from core.annotations.exports.examples import Example
from core.annotations.exports.formats import FORMATS, FormatName
from core.annotations.exports.transcripts import StoredTurn
from core.annotations.schemas import AnnotationType

# OpenAI's own files have schemas of tools as objects: those are for OpenAI.
TABLES = [
    name
    for name, form in FORMATS.items()
    if form.ending == "jsonl" and name not in ("openai_chat", "openai_dpo")
]
MIXED: list[dict[str, object]] = [
    {"order": 7},
    {"order": "7"},
    {"order": {"number": [7]}},
    {"order": None},
    {},
]
KINDS = {FormatName.TRL_PREFERENCE: AnnotationType.CORRECTION}


def example(name: FormatName, number: int) -> Example:
    arguments = MIXED[number % len(MIXED)]
    call = {"id": "c", "name": "find", "arguments": arguments}
    tool = {
        "name": "find",
        "parameters": {
            "type": "object",
            "properties": {key: {"default": arguments} for key in arguments},
        },
    }
    before = (
        StoredTurn("user", f"Where is {number}?"),
        StoredTurn("assistant", "", [call]),
        StoredTurn("tool", str(arguments), answers="c"),
    )
    kind = KINDS.get(name, AnnotationType.APPROVED)
    said = StoredTurn("assistant", "Here.", [call | {"result": arguments}] if number % 2 else ())
    return Example(
        kind, "There.", {"content": "x"}, said, before, tools=[tool] if number % 3 else None
    )


@pytest.mark.parametrize("name", TABLES)
def test_arguments_that_differ_from_call_to_call_fit_one_schema(name: FormatName) -> None:
    lines = [FORMATS[name].write(example(name, number)) for number in range(30)]
    written = [line for line in lines if isinstance(line, bytes)]
    assert len(written) == len(lines)
    table = arrow.read_json(io.BytesIO(b"".join(written)))
    assert table.num_rows == len(written)
    for row, line in zip(table.to_pylist(), written, strict=True):
        assert without_nothing(row) == without_nothing(json.loads(line))


def without_nothing(given: object) -> object:
    """Return the value without null fields: a table has all columns in all rows."""
    if isinstance(given, list):
        return [without_nothing(each) for each in given]
    if isinstance(given, dict):
        return {name: without_nothing(value) for name, value in given.items() if value is not None}
    return given
