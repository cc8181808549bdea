"""Refusal of an import of which most rows would be rejected, before it begins."""

from uuid import UUID

from core.database.db import read_session
from core.imports import queries, uploads
from core.imports.containers.files import FileUnreadable
from core.imports.errors import MostRefused
from core.imports.ingest import dry_run, generators
from core.imports.ingest.reading import read
from core.imports.mapping import Mapping
from core.imports.schemas import STARTABLE, DryRun, ImportStart
from core.imports.service import mappings


def refuse_mostly_rejected(import_id: UUID, start: ImportStart) -> None:
    """Raise MostRefused where the dry run, or else the first rows, say that most rows would be
    rejected.
    """
    with read_session() as session:
        row = queries.get_row(session, import_id)
        if row.position or row.status not in STARTABLE or row.file_removed_at is not None:
            return
        mapping = mappings.mapping_for(session, row, start)
        if generators.find(mapping) is not None:
            return
        identity = queries.get_identity(session, row)
    if row.dry_run is not None and mapping == row.mapping:
        dry = DryRun.model_validate(row.dry_run)
        found = dry_run.refusal(
            sum(dry.counts.values()), dry.rejected, dry.problems[0].error if dry.problems else ""
        )
    elif mapping["open"]:
        return  # the questions come first
    else:
        rows = read(uploads.path_of(import_id), Mapping.model_validate(mapping).dated(identity.at))
        try:
            found = dry_run.refusal_of_first(rows, identity)
        except FileUnreadable:
            return  # the worker says so: the import has failed then, and its file can be looked at
    if found is not None:
        raise MostRefused(found)
