"""Import files: upload, dry run, import in the background, undo."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api import decompression, uploads
from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT, MISSING
from core.identity.permissions import Permission, require
from core.imports import flows, queries, service
from core.imports.schemas import LONGEST_NAME, ImportView, MappingView, NewMapping, ReadAs, Start
from core.imports.uploads import Upload
from core.platform.ids import new_id

router = APIRouter(prefix="/imports", tags=["Data in: files"])

AS_IS = Start()
BINARY = {"type": "string", "format": "binary"}
CSV = "id,created_at,event_type\n1,2026-11-20T09:30:00Z,chat.session_start\n"
FORM = {"type": "object", "properties": {"file": BINARY}, "example": {"file": "events.csv"}}
CONTENT = {"application/octet-stream": {"schema": {**BINARY, "example": CSV}}, "multipart/form-data": {"schema": FORM}}
BODY: dict[str, Any] = {"requestBody": {"required": True, "content": CONTENT}}


class ImportList(BaseModel):
    """Imports, the latest first."""

    items: list[ImportView]
    total_count: int
    limit: int
    offset: int


class MappingList(BaseModel):
    """Saved mappings by name."""

    items: list[MappingView]
    total_count: int
    limit: int
    offset: int


@router.post("", status_code=201, openapi_extra=BODY)
async def upload(
    request: Request, actor: ActorDep, name: Annotated[str | None, Query(min_length=1, max_length=LONGEST_NAME)] = None
) -> ImportView:
    """Take a file, raw under `?name=` or as a multipart form, and say what was recognised; nothing of it is stored yet.

    CSV, TSV, Parquet, JSON and JSONL, each also packed by gzip.
    """
    require(actor, Permission.MANAGE_IMPORTS)
    import_id = new_id()
    announced = request.headers.get("content-length", "")
    # Said before the body is read: a file that is announced as too large is not waited for.
    begun = await run_in_threadpool(lambda: Upload(import_id, announced=int(announced) if announced.isdigit() else 0))
    with begun:
        called, kept = await uploads.receive(request, begun, name)
    async with decompression.LARGE_ONES.taken(1):  # the first records are objects, all at once
        return await run_in_threadpool(lambda: flows.take(import_id, called, kept, actor=actor))


@router.get("")
def list_all(session: SessionDep, actor: ActorDep, window: WindowDep) -> ImportList:
    """List imports."""
    found = queries.list_imports(session, window=window, actor=actor)
    return ImportList(items=found.items, total_count=found.total_count, limit=window.limit, offset=window.offset)


@router.get("/mappings")
def list_mappings(session: SessionDep, actor: ActorDep, window: WindowDep) -> MappingList:
    """List saved mappings."""
    found = queries.list_mappings(session, window=window, actor=actor)
    return MappingList(items=found.items, total_count=found.total_count, limit=window.limit, offset=window.offset)


@router.post("/mappings", status_code=201, responses=MISSING | CONFLICT)
def save_mapping(given: NewMapping, session: SessionDep, actor: ActorDep) -> MappingView:
    """Keep a mapping under a name, or replace the one that has it; files with the same columns are offered it."""
    return service.save_mapping(session, given, actor=actor)


@router.delete("/mappings/{mapping_id}", status_code=204)
def remove_mapping(mapping_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove a saved mapping."""
    service.remove_mapping(session, mapping_id, actor=actor)


@router.get("/{import_id}")
def one(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportView:
    """Return an import: what was recognised, its dry run, its progress, what it has brought."""
    return queries.get_import(session, import_id, actor=actor)


@router.post("/{import_id}/dry-run", status_code=202, responses=CONFLICT)
def dry_run(import_id: UUID, session: SessionDep, actor: ActorDep, given: Start = AS_IS) -> ImportView:
    """Read the whole file and store nothing; `dry_run` has the result once the status is `ready` again."""
    return service.check(session, import_id, given, actor=actor)


@router.post("/{import_id}/start", status_code=202, responses=CONFLICT)
def start(import_id: UUID, actor: ActorDep, given: Start = AS_IS) -> ImportView:
    """Begin the import, or go on with one that was stopped or has failed.

    409 `most_refused` where most rows would be refused; `accept_refused` imports the rest.
    """
    return flows.start(import_id, given, actor=actor)


@router.post("/{import_id}/recognise", responses=CONFLICT)
def recognise(import_id: UUID, actor: ActorDep, given: ReadAs) -> ImportView:
    """Recognise the file once more, read as another type than it was taken for."""
    return flows.recognise_again(import_id, given, actor=actor)


@router.post("/{import_id}/cancel", responses=CONFLICT)
def cancel(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportView:
    """Stop a dry run or an import; what it has brought until now stays until it is undone."""
    return service.cancel(session, import_id, actor=actor)


@router.post("/{import_id}/undo", status_code=202, responses=CONFLICT)
def undo(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportView:
    """Take back exactly what the import has brought, rows and what is made of them; the status says when that is done."""
    return service.undo(session, import_id, actor=actor)


@router.delete("/{import_id}", status_code=202, responses=CONFLICT)
def remove(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportView:
    """Take back what the import has brought, and remove its file; the import itself stays in the list."""
    return service.undo(session, import_id, with_file=True, actor=actor)


@router.delete("/{import_id}/file", responses=CONFLICT)
def remove_file(import_id: UUID, session: SessionDep, actor: ActorDep) -> ImportView:
    """Remove the uploaded file; what was imported of it stays."""
    return service.remove_file(session, import_id, actor=actor)
