"""Batch runs of an import: those that nobody else has reported on go; the others are as the others have reported."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.database.staging import driver
from core.imports.undoing.three_way import RUNS, Image
from core.imports.undoing.told_rows import Told, Trace

AT_ONCE = 1000
TOLD = Told("batch_run_history", RUNS)


def take_some(session: Session, import_id: UUID) -> tuple[int, int]:
    """Take some runs back; return how many were looked at, and how many are gone."""
    connection = driver(session)
    ids, traces = TOLD.some(connection, import_id, at_once=AT_ONCE)
    owners = TOLD.owners(connection, import_id, traces)
    rows = {each.id: _row(each, owners[each.id]) for each in traces}
    gone = {each.id for each in traces if each.before is None and not rows[each.id]["told"]}
    TOLD.delete(connection, list(gone))
    TOLD.write(connection, [row for id_, row in rows.items() if id_ not in gone])
    TOLD.settle(connection, import_id, ids, traces, {id_: {"import_id": owner} for id_, owner in owners.items()})
    return len(ids), len(gone)


def _row(trace: Trace, owner: str | None) -> Image:
    fields = trace.left(RUNS)
    whole = {"attributes": fields["attributes"] or None, "phase_order": _order(trace, fields), "import_id": owner}
    return {"id": trace.id, **fields, **whole}


def _order(trace: Trace, fields: Image) -> list[str] | None:
    """Return the phases that are left, as ingest has put them: those of an earlier report first."""
    stood = dict.fromkeys([*(trace.present["phase_order"] or ()), *fields["phase_durations"]])
    left = [name for name in stood if name in fields["phase_durations"]]
    return sorted(left, key=lambda name: fields["told"].get(f"phase_durations.{name}", [])) or None
