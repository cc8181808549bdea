"""The keys of what is chosen for a file. They change when it is read again: a browser goes on
showing what was entered in a field whose key stays.
"""

from uuid import UUID

from pages._ui import state


def key(name: str, import_id: UUID) -> str:
    return f"imports.{name}-{import_id}-{state.get(_reading(import_id), 0)}"


def renew(import_id: UUID) -> None:
    """Forget the choices of the previous reading, from a callback."""
    state.put(_reading(import_id), state.get(_reading(import_id), 0) + 1)


def _reading(import_id: UUID) -> str:
    return f"imports.reading-{import_id}"
