"""Mappings: those kept under a name, and the one by which an import would read its file."""

from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.imports import queries
from core.imports.errors import MappingMissing, MappingOpen, MappingWrong, NotImportable
from core.imports.mapping import Mapping, RecordShape
from core.imports.models import Import, ImportMapping
from core.imports.recognition import questions
from core.imports.schemas import ImportStart, MappingView, NewMapping
from core.platform import clock
from core.platform.ids import new_id
from core.presentation.validation import message_of

LAYOUT = ("container", "records", "delimiter", "header")
START = ("start", "zero")


def save_mapping(session: Session, new_mapping: NewMapping, *, actor: Actor) -> MappingView:
    """Keep a mapping under a name; raise Forbidden, ImportMissing or MappingWrong."""
    require(actor, Permission.MANAGE_IMPORTS)
    columns, mapping = [], new_mapping.mapping
    if new_mapping.import_id is not None:
        row = queries.get_row(session, new_mapping.import_id)
        columns, mapping = sorted(column_names(row.recognition)), mapping or row.mapping
    if mapping is None:
        raise MappingWrong("mapping: give one, or the import whose mapping is to be kept.")
    # Separate IDs are of this file, which another environment holds
    kept = _checked(mapping | {"id_prefix": ""})
    values = {
        "mapping": kept.model_dump(mode="json", by_alias=True),
        "columns": columns,
        "created_by": actor.id,
    }
    stored = insert(ImportMapping).values(id=new_id(), name=new_mapping.name, **values)
    session.execute(
        stored.on_conflict_do_update(
            index_elements=["name"], set_={**values, "created_at": clock.now()}
        )
    )
    audit.record(session, "import.save_mapping", actor, targets={"name": new_mapping.name})
    return MappingView.model_validate(
        session.scalars(select(ImportMapping).where(ImportMapping.name == new_mapping.name)).one()
    )


def remove_mapping(session: Session, mapping_id: UUID, *, actor: Actor) -> None:
    """Remove a saved mapping; raise Forbidden or MappingMissing."""
    require(actor, Permission.MANAGE_IMPORTS)
    removed = delete(ImportMapping).where(ImportMapping.id == mapping_id)
    if session.scalar(removed.returning(ImportMapping.id)) is None:
        raise MappingMissing
    audit.record(session, "import.remove_mapping", actor, targets={"mapping_id": str(mapping_id)})


def mapping_for(session: Session, row: Import, start: ImportStart) -> dict[str, Any]:
    """Return how a file would be read; raise NotImportable, MappingWrong, MappingMissing or
    MappingOpen.
    """
    if row.recognition.get("not_yet"):
        raise NotImportable(row.recognition["not_yet"])
    mapping = start.mapping or row.mapping
    if start.mapping_id is not None:
        layout = layout_of({"mapping": row.mapping, "recognition": row.recognition}) or {}
        mapping = queries.get_mapping(session, start.mapping_id).mapping | layout
    if mapping is None:
        raise MappingOpen("Missing mapping. Send a mapping, or the ID of a saved one.")
    if (answers := start.answers) is not None:
        samples = {
            column["path"]: list(column["samples"]) for column in row.recognition.get("columns", [])
        }
        mapping = questions.answered(
            mapping, samples, columns=answers.columns, units=answers.units, values=answers.values
        )
        mapping |= answers.model_dump(
            mode="json", exclude_none=True, include={"zone", "start", "model"}
        )
    if start.separate is not None:
        mapping = mapping | {
            "id_prefix": f"{start.environment or row.environment}:" if start.separate else ""
        }
    return _checked(mapping).model_dump(mode="json", by_alias=True)


def layout_of(known: dict[str, Any]) -> dict[str, Any] | None:
    """Return how a file holds its records, whatever they are, and when they begin: a mapping that
    was kept for other files need not know it.
    """
    mapping = known.get("mapping") or known.get("recognition", {}).get("draft")
    if not mapping:
        return None
    # The rows of this week's file would else be dated from the start of last week's
    names = (*LAYOUT, *START) if mapping.get("start") else LAYOUT
    return {name: mapping[name] for name in names if name in mapping}


def missing_columns(mapping: dict[str, Any], recognition: dict[str, Any]) -> list[str]:
    """Return the columns that a mapping of tables reads and the first records of a file lack."""
    if mapping["format"] != RecordShape.TABLE:
        return []
    found = set(column_names(recognition))
    paths = dict.fromkeys(rule.get("path") for rule in mapping["fields"].values())
    return [path for path in paths if path and path not in found]


def column_names(recognition: dict[str, Any]) -> list[str]:
    return [column["path"] for column in recognition.get("columns", [])]


def _checked(mapping: dict[str, Any]) -> Mapping:
    try:
        return Mapping.model_validate(mapping)
    except ValidationError as wrong:
        errors = [
            {"field": ".".join(str(part) for part in each["loc"]), "message": message_of(each)}
            for each in wrong.errors()
        ]
        first = errors[0]
        raise MappingWrong(
            f"Invalid mapping: {first['field']}: {first['message']}", errors=errors
        ) from None
