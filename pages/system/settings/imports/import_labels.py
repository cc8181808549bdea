"""Descriptions of an import, wherever it is shown."""

from core.imports.ingest.stores import STORES
from core.imports.schemas import ImportStatus, ImportView
from core.presentation.formatting import count as counted

STATES = {
    ImportStatus.READY: ("blue", "Ready"),
    ImportStatus.CHECKING: ("blue", "Dry run"),
    ImportStatus.QUEUED: ("blue", "Queued"),
    ImportStatus.RUNNING: ("blue", "Importing"),
    ImportStatus.COMPLETED: ("green", "Imported"),
    ImportStatus.CANCELLED: ("orange", "Stopped"),
    ImportStatus.FAILED: ("red", "Failed"),
    ImportStatus.UNDOING: ("orange", "Undoing"),
    ImportStatus.UNDONE: ("gray", "Undone"),
}


def badge(found: ImportView) -> str:
    """Return an import's status as a badge."""
    if found.recognition.get("not_yet"):
        return ":orange-badge[Not supported]"
    if found.status is ImportStatus.COMPLETED and _is_mostly_refused(found):
        return ":orange-badge[Mostly rejected]"
    if found.status is ImportStatus.COMPLETED and any(each.is_file_end for each in found.problems):
        return ":orange-badge[Incomplete file]"
    colour, words = STATES[found.status]
    return f":{colour}-badge[{words}]"


def _is_mostly_refused(found: ImportView) -> bool:
    counts = found.counts.values()
    return sum(each.rejected for each in counts) > sum(
        each.accepted + each.duplicates for each in counts
    )


def nothing_new(found: ImportView) -> str | None:
    """Return why an import added no rows; None if it did."""
    counts = found.counts.values()
    if any(each.accepted for each in counts) or not any(each.duplicates for each in counts):
        return None
    other = next((same for same in found.same_file if same.environment != found.environment), None)
    if other is None:
        return (
            "No new rows: every row has an ID that is already stored, from an earlier import or "
            "from the API."
        )
    return (
        f"No new rows: this file was already imported into {other.environment}, and an ID is "
        f"stored only once across environments. To add the rows to {found.environment}, undo this "
        "import and import the file with separate IDs."
    )


def size(size_bytes: int) -> str:
    for unit, times in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= times:
            return f"{size_bytes / times:.1f} {unit}"
    return f"{size_bytes} bytes"


def brought(found: ImportView) -> str:
    """Return the imported, duplicate and rejected rows in words."""
    parts = [
        counted(count.accepted, *STORES[kind].words)
        for kind, count in found.counts.items()
        if count.accepted
    ]
    known = sum(count.duplicates for count in found.counts.values())
    parts += [counted(known, "duplicate")] if known else []
    rejected = sum(count.rejected for count in found.counts.values())
    return (
        ", ".join([*parts, *([f"{rejected:,} rejected"] if rejected else [])]) or "no rows imported"
    )
