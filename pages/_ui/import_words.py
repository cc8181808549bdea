"""What is said of an import wherever it is shown."""

from core.imports.schemas import ImportView, Status
from core.imports.stores import STORES
from core.words import count as counted

STATES = {
    Status.READY: ("blue", "Ready"),
    Status.CHECKING: ("blue", "Trying"),
    Status.QUEUED: ("blue", "Waiting"),
    Status.RUNNING: ("blue", "Importing"),
    Status.COMPLETED: ("green", "Imported"),
    Status.CANCELLED: ("orange", "Stopped"),
    Status.FAILED: ("red", "Failed"),
    Status.UNDOING: ("orange", "Undoing"),
    Status.UNDONE: ("gray", "Undone"),
}


def badge(found: ImportView) -> str:
    """Return where an import is as a chip."""
    if found.recognition.get("not_yet"):
        return ":orange-badge[Not yet]"
    colour, words = STATES[found.status]
    return f":{colour}-badge[{words}]"


def size(size_bytes: int) -> str:
    """Return a size in one unit."""
    for unit, times in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= times:
            return f"{size_bytes / times:.1f} {unit}"
    return f"{size_bytes} bytes"


def brought(found: ImportView) -> str:
    """Return what an import has brought, in words."""
    parts = [counted(count.accepted, *STORES[kind].words) for kind, count in found.counts.items() if count.accepted]
    known = sum(count.duplicates for count in found.counts.values())
    parts += [f"{known:,} known before"] if known else []
    rejected = sum(count.rejected for count in found.counts.values())
    return ", ".join([*parts, *([f"{rejected:,} refused"] if rejected else [])]) or "nothing yet"
