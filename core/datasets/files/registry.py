"""Registries of OpenAI evals: they name samples in other files, so that no case is in them."""

from collections.abc import Mapping
from typing import Any

from core.datasets.files.parsed import ParsedCases
from core.datasets.files.yaml_documents import YamlDocument
from core.datasets.import_schemas import CaseFormat


def is_registry(value: object) -> bool:
    """Whether a document has entries with a class, or an ID and metrics."""
    if not isinstance(value, Mapping) or not value:
        return False
    return all(
        isinstance(entry, Mapping) and ("class" in entry or {"id", "metrics"} <= entry.keys())
        for entry in value.values()
    )


def read(document: YamlDocument) -> ParsedCases:
    """Name each entry, with the file whose samples it uses."""
    parsed = ParsedCases(CaseFormat.OPENAI_REGISTRY)
    for name, entry in document.value.items():
        parsed.leave_out(document.line(name), str(name), _reason(entry))
    return parsed


def _reason(entry: Mapping[str, Any]) -> str:
    arguments = entry.get("args")
    samples = arguments.get("samples_jsonl") if isinstance(arguments, Mapping) else None
    if samples is not None:
        return f"Its samples are in another file, {samples}. Import that file."
    if "class" in entry:
        return "It has no samples: its class is code, which is not run."
    return f"It is a name for {entry.get('id')}."
