"""Our own file: a line about the dataset, and a line for each case."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from core.datasets.files.parsed import ParsedCases
from core.datasets.files.records import Record
from core.datasets.import_schemas import CaseFormat
from core.datasets.schemas import CaseSplit, CaseTexts, DatasetCase, DatasetView

FORMAT = "attune-dataset"
TEXTS = set(CaseTexts.model_fields)
OTHERS = {"id", "tags", "split", "origin", "conversation_id"}


def lines(dataset: DatasetView, version: int, cases: Iterable[DatasetCase]) -> Iterator[str]:
    """Yield the lines of a version's file."""
    about = dataset.model_dump(mode="json", include={"name", "description", "tags"})
    yield _line({"format": FORMAT, **about, "version": version})
    for case in cases:
        content = case.content.model_dump(mode="json")
        yield _line(
            {
                "id": str(case.id),
                **{name: value for name, value in content.items() if value not in (None, [])},
                **({"conversation_id": str(case.conversation_id)} if case.conversation_id else {}),
            }
        )


def read(records: Iterable[Record]) -> ParsedCases:
    """Return the cases of the lines after the first."""
    parsed = ParsedCases(CaseFormat.ATTUNE)
    for line, record in records:
        for name in sorted({str(name) for name in record} - TEXTS - OTHERS):
            parsed.leave_out(line, f"field {name}", "This field is unknown.")
        fields = {name: record[name] for name in TEXTS & record.keys()}
        try:
            rest = _rest(record)
        except ValueError:
            parsed.leave_out(line, f"Line {line}", "Not imported: its split or ID is invalid.")
            continue
        parsed.add(line, f"Line {line}", **fields, **rest)
    return parsed


def _rest(record: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    tags = record.get("tags") or ()
    split, conversation_id = record.get("split"), record.get("conversation_id")
    return {
        "tags": tuple(map(str, tags)) if isinstance(tags, list | tuple) else (),
        "split": CaseSplit(split) if split else None,
        "conversation_id": UUID(str(conversation_id)) if conversation_id else None,
    }


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
