"""Undo of an import's batch runs: runs of this import only are deleted, the others keep the values
of their other sources.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from core.batches import ingest
from core.database.staging import driver
from core.imports.service.undo.reported_rows import KEPT, Image, MergedTable, RemainingRow

AT_ONCE = 1000
REQUIRED = dict.fromkeys(("status", "environment", "started_at"), KEPT)
UNKNOWN = dict.fromkeys(
    ("triggered_by", "error_summary", ingest.IS_OBJECT, "completed_at", *ingest.COUNTS)
)
RUNS = MergedTable(
    "batch_run_history",
    ingest.lock,
    REQUIRED
    | UNKNOWN
    | {"batch_job": ingest.NO_JOB, "app": "", "phase_durations": {}, "attributes": {}},
)


def take_some(session: Session, import_id: UUID) -> dict[str, int] | None:
    """Take some runs back; return how many are gone, None when there were none."""
    connection = driver(session)
    ids, runs = RUNS.some(connection, import_id, at_once=AT_ONCE)
    images = {run.id: _image(run, import_id) for run in runs if run.is_reported}
    return RUNS.settle(connection, import_id, ids, images) if ids else None


def _image(run: RemainingRow, import_id: UUID) -> Image:
    image = RUNS.image(run)
    phases = image["phase_durations"]
    stood = [name for name in run.present[ingest.ORDER] or () if name in phases]
    return image | {
        "attributes": image["attributes"] or None,
        ingest.ORDER: ingest.ordered(dict.fromkeys([*stood, *phases]), image["told"]),
        "import_id": run.owner(import_id),
    }
