"""Tables of promptfoo: a column for each variable, and `__expected` columns of assertions."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.datasets.files.assertions import ASKS_FOR_JUDGE, KINDS, AssertionRefused, scorer_of
from core.datasets.files.parsed import ParsedCases
from core.datasets.files.promptfoo_vars import CaseVariablesRefused, messages_of
from core.datasets.import_schemas import CaseFormat

EXPECTED = "__expected"
# `not-similar(0.8): text`
WRITTEN = re.compile(
    r"^(?P<type>[a-z][a-z-]*)(?:\((?P<threshold>[^)]*)\))?\s*(?::(?P<value>.*))?$", re.DOTALL
)
OTHER_NAMES = {
    "grade": "llm-rubric",
    "fn": "javascript",
    "eval": "javascript",
    "file": "javascript",
}
REFUSED = {"javascript", "python", "webhook"}
WITHOUT_VALUE = {"is-json", "latency", "cost"}


def is_of_promptfoo(names: Sequence[str]) -> bool:
    """Whether a table has a column of assertions."""
    return any(name.startswith(EXPECTED) for name in names)


def read(rows: Sequence[tuple[int, Mapping[str, str]]]) -> ParsedCases:
    """Return the cases of a table's rows with their line numbers."""
    parsed = ParsedCases(CaseFormat.PROMPTFOO_CSV)
    for name in rows[0][1] if rows else ():
        if name.startswith("__") and not name.startswith(EXPECTED) and name != "__description":
            parsed.leave_out(1, f"column {name}", "This column has no counterpart.")
    for line, row in rows:
        variables = {name: value for name, value in row.items() if not name.startswith("__")}
        scorers, unsupported = [], []
        for name, written in row.items():
            if not name.startswith(EXPECTED) or not written.strip():
                continue
            try:
                scorers.append(scorer_of(_assertion(written.strip())))
            except AssertionRefused as error:
                kind = written.partition(":")[0]
                unsupported.append(parsed.leave_out(line, f"{name}, {kind}", f"{error}."))
        try:
            messages = messages_of(None, variables)
        except CaseVariablesRefused as error:
            parsed.leave_out(line, f"Row {line}", f"Not imported: {error}.")
            continue
        parsed.add(
            line,
            f"Row {line}",
            messages=messages,
            context=variables,
            assertions=scorers,
            external_id=row.get("__description") or None,
            unsupported=unsupported,
        )
    return parsed


def _assertion(written: str) -> dict[str, Any]:
    """Return an assertion as it is in a configuration; a text of no type must be equal."""
    found = WRITTEN.match(written)
    kind = found["type"] if found else ""
    bare = OTHER_NAMES.get(kind, kind).removeprefix("not-")
    is_known = bare in KINDS or bare in ASKS_FOR_JUDGE or bare in REFUSED
    is_written = found is not None and (found["value"] is not None or bare in WITHOUT_VALUE)
    if found is None or not is_known or not is_written:
        if found is not None and found["value"] is not None and found["threshold"] is not None:
            raise AssertionRefused("there is no scorer of this type")
        return {"type": "equals", "value": written}
    assertion: dict[str, Any] = {"type": OTHER_NAMES.get(kind, kind)}
    if found["value"] is not None:
        assertion["value"] = found["value"].strip()
    if found["threshold"]:
        try:
            assertion["threshold"] = float(found["threshold"])
        except ValueError:
            raise AssertionRefused("its threshold is not a number") from None
    return assertion
