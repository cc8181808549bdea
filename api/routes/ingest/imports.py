"""Routes of imported files: upload, dry run, import in the background, undo."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.deps import ActorDep, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_by_window
from api.reference import CONFLICT, MISSING
from api.request_bodies import decompression, uploads
from api.watch_parameters import note_list
from core.database.db import Session
from core.database.paging import Page, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.imports import queries
from core.imports.schemas import (
    LONGEST_NAME,
    ImportStart,
    ImportView,
    MappingView,
    NewMapping,
    ReadAs,
)
from core.imports.service import files, imports, mappings
from core.imports.uploads import Upload
from core.platform.ids import new_id

router = APIRouter(prefix="/imports", tags=["Data in: files"])

AS_IS = ImportStart()
NOT_IN_CSV = frozenset({"recognition", "mapping", "dry_run", "problems", "same_file"})
COLUMNS = tuple(name for name in ImportView.model_fields if name not in NOT_IN_CSV)
BINARY = {"type": "string", "format": "binary"}
CSV = "id,created_at,event_type\n1,2026-11-20T09:30:00Z,chat.session_start\n"
FORM = {"type": "object", "properties": {"file": BINARY}, "example": {"file": "events.csv"}}
CONTENT = {
    "application/octet-stream": {"schema": {**BINARY, "example": CSV}},
    "multipart/form-data": {"schema": FORM},
}
BODY: dict[str, Any] = {"requestBody": {"required": True, "content": CONTENT}}


@router.post("", status_code=201, openapi_extra=BODY)
async def upload(
    request: Request,
    actor: ActorDep,
    name: Annotated[str | None, Query(min_length=1, max_length=LONGEST_NAME)] = None,
) -> ImportView:
    """Upload a file, raw with `?name=` or as a multipart form, and return what was recognized;
    nothing is imported yet.

    CSV, TSV, Parquet, JSON and JSONL, each optionally compressed by gzip.
    """
    require(actor, Permission.MANAGE_IMPORTS)
    import_id = new_id()
    content_length = request.headers.get("content-length", "")
    announced = int(content_length) if content_length.isdigit() else 0
    # Before the body is read: a file whose Content-Length is too large is rejected at once.
    new_upload = await run_in_threadpool(lambda: Upload(import_id, announced=announced))
    with new_upload:
        file_name, stored_file = await uploads.receive(request, new_upload, name)
    async with decompression.LARGE_BODIES.taken(1):  # the first records are decoded all at once
        return await run_in_threadpool(
            lambda: files.add(import_id, file_name, stored_file, actor=actor)
        )


@router.get("", response_model=Page[ImportView])
def list_all(
    session: SessionDep,
    actor: ActorDep,
    window: WindowDep,
    format: Format = "json",
) -> Page[ImportView] | StreamingResponse:
    """List imports; as CSV, all of them."""
    if format == "csv":
        require(actor, Permission.MANAGE_IMPORTS)
        note_list(session, "imports", actor, None)
        return csv_response("imports", COLUMNS, _all_imports(actor))
    return queries.list_imports(session, window=window, actor=actor)


@router.get("/mappings")
def list_mappings(session: SessionDep, actor: ActorDep, window: WindowDep) -> Page[MappingView]:
    """List saved mappings."""
    return queries.list_mappings(session, window=window, actor=actor)


@router.post("/mappings", status_code=201, responses=MISSING | CONFLICT)
def save_mapping(new_mapping: NewMapping, session: SessionDep, actor: ActorDep) -> MappingView:
    """Save a mapping under a name; it is suggested for files with the same columns."""
    return mappings.save_mapping(session, new_mapping, actor=actor)


@router.delete("/mappings/{mapping_id}", status_code=204)
def remove_mapping(mapping_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove a saved mapping."""
    mappings.remove_mapping(session, mapping_id, actor=actor)


@router.get("/{import_id}")
def one(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportView:
    """Return an import: what was recognized, the dry run, the progress and the result."""
    return queries.get_import(session, import_id, actor=actor)


@router.post("/{import_id}/dry-run", status_code=202, responses=CONFLICT)
def dry_run(
    import_id: UUID, session: SessionDep, actor: ActorDep, start: ImportStart = AS_IS
) -> ImportView:
    """Check the whole file without storing; `dry_run` has the result at status `ready`."""
    return imports.check(session, import_id, start, actor=actor)


@router.post("/{import_id}/start", status_code=202, responses=CONFLICT)
def start(import_id: UUID, actor: ActorDep, start: ImportStart = AS_IS) -> ImportView:
    """Start the import, or continue one that was stopped or failed.

    409 `most_refused` when most rows would be rejected; `accept_refused` imports the rest.
    """
    return imports.start(import_id, start, actor=actor)


@router.post("/{import_id}/recognise", responses=CONFLICT)
def recognise(import_id: UUID, actor: ActorDep, read_as: ReadAs) -> ImportView:
    """Read the file as another type than was recognized."""
    return files.recognize_again(import_id, read_as, actor=actor)


@router.post("/{import_id}/cancel", responses=CONFLICT)
def cancel(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportView:
    """Stop a dry run or an import; rows imported so far stay until it is undone."""
    return imports.cancel(session, import_id, actor=actor)


@router.post("/{import_id}/undo", status_code=202, responses=CONFLICT)
def undo(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportView:
    """Remove exactly what the import added; the status says when that is done."""
    return imports.undo(session, import_id, actor=actor)


@router.delete("/{import_id}", status_code=202, responses=CONFLICT)
def remove(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportView:
    """Undo the import and delete its file; the import stays in the list."""
    return imports.undo(session, import_id, with_file=True, actor=actor)


@router.delete("/{import_id}/file", responses=CONFLICT)
def remove_file(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportView:
    """Delete the uploaded file; imported rows stay."""
    return imports.remove_file(session, import_id, actor=actor)


def _all_imports(actor: Actor) -> Iterator[ImportView]:
    def read(session: Session, window: Window) -> list[ImportView]:
        return queries.list_imports(session, window=window, actor=actor).items

    return rows_by_window(read)
