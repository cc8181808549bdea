"""Undo of an import and removal of its file, each after a confirmation."""

from uuid import UUID

from core.demo.queries import FORMAT
from core.imports.schemas import ImportView
from core.imports.service import imports
from pages import demo_banner
from pages._ui import dialogs, errors, guard, state, text
from pages.system.settings.imports import import_labels


def ask(found: ImportView) -> None:
    if (found.mapping or {}).get("format") == FORMAT:
        demo_banner.ask()  # it says what else goes with the demo
        return
    body = (
        f"{text.plain(found.name)}: {text.plain(import_labels.brought(found))}.\n\n"
        "Deletes the rows that only this file provided and everything derived from them: "
        "daily metrics, funnel steps and users that appear nowhere else. Users, "
        "conversations, messages, batch runs, ratings and documents that other files also "
        "provide are kept as those files describe them.\n\n"
        "Unchanged duplicates belong to the import that stored them first: events and AI "
        "requests repeated by a later file, and rows sent again through the API unchanged, "
        "are deleted too."
    )
    dialogs.confirm("Undo this import?", body, "Undo import", undo, found.id, key="imports")


@errors.action
def undo(import_id: UUID) -> None:
    with guard.work() as (session, actor):
        imports.undo(session, import_id, actor=actor)
    state.toast("Undoing import")


def ask_for_file(found: ImportView) -> None:
    body = (
        f"{text.plain(found.name)}: deletes the uploaded file from the data folder. "
        "Imported rows are kept."
    )
    dialogs.confirm("Remove this file?", body, "Remove file", remove_file, found.id, key="imports")


@errors.action
def remove_file(import_id: UUID) -> None:
    with guard.work() as (session, actor):
        imports.remove_file(session, import_id, actor=actor)
    state.toast("File removed")
