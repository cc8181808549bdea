"""Routes of the caller's own sessions, the same as those of the playground's page."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep, WindowDep, query_slot
from api.reference import CONFLICT, MODEL_CALL
from api.routes.test import playground, templates
from core.attachments import queries as attachments
from core.database.paging import LARGEST_PAGE, Items, Page, Window
from core.executions import queries as executions
from core.executions.views import ExecutionDetails
from core.identity.permissions import Permission, require
from core.imports.schemas import ImportedSessions
from core.imports.service import playground_sessions
from core.playground import queries as playground_queries
from core.playground.branches.schemas import BranchChoice, NewAnswer
from core.playground.schemas import (
    AnswerFeedback,
    AnswerRating,
    PlaygroundMessageView,
    PlaygroundSessionView,
    SentMessage,
    SessionDetails,
    SessionSummary,
    TrashedSession,
    UnsentMessage,
)
from core.playground.service import (
    branches,
    ratings,
    session_search,
    session_transfer,
    session_trash,
    sessions,
    sharing,
)
from core.playground.session_files import FORMAT, SessionFormat
from core.playground.sharing import queries as readable
from core.playground.sharing.schemas import SessionReader, SessionReaders

router = APIRouter(prefix="/sessions", tags=["Playground"])

FILES = {
    SessionFormat.JSON: ("application/json", "json"),
    SessionFormat.MARKDOWN: ("text/markdown; charset=utf-8", "md"),
    SessionFormat.CSV: ("text/csv; charset=utf-8", "csv"),
}

EXAMPLE = {
    "format": FORMAT,
    "details": {"name": "Refund tone"},
    "messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi!", "status": "completed"},
    ],
}
LINE = '{"conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi!"}]}'
CONTENT = {
    "application/json": {"schema": {"type": "object", "example": EXAMPLE}},
    "text/plain": {"schema": {"type": "string", "example": LINE}},
}
FILE: dict[str, Any] = {"requestBody": {"required": True, "content": CONTENT}}


class FoundSessionList(BaseModel):
    """The sessions that were found, and how many older ones the search left out."""

    sessions: list[TrashedSession | SessionSummary]
    total_count: int
    limit: int
    offset: int
    unsearched_count: int


@router.get("", dependencies=[Depends(query_slot, scope="function")])
def list_sessions(
    session: SessionDep,
    actor: ActorDep,
    q: Annotated[
        str, Query(max_length=200, description="Words of a message, name, description or tag.")
    ] = "",
    feedback: Annotated[
        AnswerFeedback | None, Query(description="Those with an answer that has it.")
    ] = None,
    trash: Annotated[
        bool, Query(description="Those in the trash, which neither `q` nor `feedback` narrow.")
    ] = False,
    shared: Annotated[
        bool,
        Query(
            description="Those that others share with the caller, which neither `q` nor "
            "`feedback` narrow."
        ),
    ] = False,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 20,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> FoundSessionList:
    """List the caller's sessions; `q` searches the newest 500 of them."""
    require(actor, Permission.RUN_MODELS)
    window = Window(limit, offset)
    if shared:
        return _list(readable.list_shared(session, account=actor.id, window=window))
    if trash:
        return _list(session_trash.list_trash(session, owner=actor.id, window=window))
    found = session_search.find(session, q, owner=actor.id, window=window, feedback=feedback)
    return _list(found, found.unsearched_count)


def _list(
    page: Page[TrashedSession] | Page[SessionSummary], unsearched_count: int = 0
) -> FoundSessionList:
    return FoundSessionList(
        sessions=[*page.items],
        total_count=page.total_count,
        limit=page.limit,
        offset=page.offset,
        unsearched_count=unsearched_count,
    )


@router.post("", status_code=201)
def create(details: SessionDetails, session: SessionDep, actor: ActorDep) -> PlaygroundSessionView:
    """Create an empty session."""
    return sessions.create(session, details, actor=actor)


@router.post("/import", status_code=201, openapi_extra=FILE)
def import_sessions(
    content: Annotated[bytes, Depends(templates.body)], session: SessionDep, actor: ActorDep
) -> ImportedSessions:
    """Create a session from an export, or up to 100 from a file of chats (up to 2 MiB): ShareGPT,
    OpenAI chat as JSON or JSONL, and what else an import takes for conversations.
    """
    return playground_sessions.import_file(session, content, actor=actor)


@router.get("/{session_id}")
def read(session_id: UUID, session: SessionDep, actor: ActorDep) -> PlaygroundSessionView:
    """Return a session of the caller's, or one shared with them, without its messages."""
    require(actor, Permission.RUN_MODELS)
    return readable.get(session, session_id, account=actor.id)


@router.patch("/{session_id}")
def change(
    session_id: UUID, details: SessionDetails, session: SessionDep, actor: ActorDep
) -> PlaygroundSessionView:
    """Change name, description, project, tags or metadata; fields that are left out stay."""
    return sessions.change_details(session, session_id, details, actor=actor)


@router.put("/{session_id}/unsent-message", status_code=204)
def save_unsent(
    session_id: UUID, unsent: UnsentMessage, session: SessionDep, actor: ActorDep
) -> None:
    """Store what is typed and not sent yet: the console's field has it on the next visit."""
    sessions.save_unsent(session, session_id, unsent, actor=actor)


@router.get("/{session_id}/history")
def history(
    session_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> playground.History:
    """Return the messages of the shown branch of a session that the caller may read."""
    return playground.history(session, actor, session_id, limit, offset)


@router.get("/{session_id}/executions", dependencies=[Depends(query_slot, scope="function")])
def list_executions(
    session_id: UUID, session: SessionDep, actor: ActorDep, window: WindowDep
) -> Page[ExecutionDetails]:
    """List the calls of a session of the caller's with their input: of its chat and of the API."""
    require(actor, Permission.RUN_MODELS)
    playground_queries.get_row(session, session_id, owner=actor.id)
    return executions.list_in_session(session, session_id, window)


@router.post("/{session_id}/regenerate", status_code=202, responses=MODEL_CALL)
def regenerate(
    session_id: UUID, new_answer: NewAnswer, session: SessionDep, actor: ActorDep
) -> SentMessage:
    """Answer the last message of the shown branch again; the earlier answer is kept on its own."""
    return branches.regenerate(session, session_id, new_answer, actor=actor)


@router.post("/{session_id}/branch", responses=CONFLICT)
def show_branch(
    session_id: UUID, choice: BranchChoice, session: SessionDep, actor: ActorDep
) -> PlaygroundSessionView:
    """Show the newest branch with a message: the history is that branch, and models read it."""
    return branches.show(session, session_id, choice.message_id, actor=actor)


@router.get("/{session_id}/share")
def list_readers(session_id: UUID, session: SessionDep, actor: ActorDep) -> Items[SessionReader]:
    """List the accounts that one of the caller's sessions is shared with."""
    require(actor, Permission.RUN_MODELS)
    return Items(items=readable.list_readers(session, session_id, owner=actor.id))


@router.post("/{session_id}/share")
def share(
    session_id: UUID, readers: SessionReaders, session: SessionDep, actor: ActorDep
) -> Items[SessionReader]:
    """Share one of the caller's sessions with these accounts, and no others; they read it, or fork
    it.
    """
    return Items(items=sharing.share(session, session_id, readers, actor=actor))


@router.post("/{session_id}/fork", status_code=201)
def fork(session_id: UUID, session: SessionDep, actor: ActorDep) -> PlaygroundSessionView:
    """Copy a session of the caller's, or one shared with them, to a new one with all branches."""
    return sharing.fork(session, session_id, actor=actor)


@router.put("/{session_id}/messages/{message_id}/rating")
def rate(
    session_id: UUID, message_id: UUID, rating: AnswerRating, session: SessionDep, actor: ActorDep
) -> PlaygroundMessageView:
    """Rate an answer with 1 (thumbs up) or -1, or write a note on it; null takes either back."""
    return ratings.rate(session, session_id, message_id, rating, actor=actor)


@router.delete("/{session_id}", status_code=204, responses=CONFLICT)
def delete(
    session_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    permanently: Annotated[bool, Query(description="Also out of the trash.")] = False,
) -> None:
    """Move one of the caller's sessions to the trash, or delete it for good."""
    (session_trash.erase if permanently else sessions.remove)(session, session_id, actor=actor)


@router.post("/{session_id}/restore")
def restore(session_id: UUID, session: SessionDep, actor: ActorDep) -> PlaygroundSessionView:
    """Take one of the caller's sessions out of the trash."""
    return session_trash.restore(session, session_id, actor=actor)


@router.get(
    "/{session_id}/export",
    response_class=Response,
    responses={200: {"content": {media: {} for media, _ in FILES.values()}}},
    dependencies=[Depends(query_slot, scope="function")],
)
def export(
    session_id: UUID,
    session: SessionDep,
    actor: ActorDep,
    format: Annotated[
        SessionFormat, Query(description="JSON has the settings, too; all can be imported.")
    ] = SessionFormat.JSON,
) -> Response:
    """Download one of the caller's sessions with its messages.

    Only super admins download replays of conversations.
    """
    name, text = session_transfer.export(session, session_id, format, actor=actor)
    media, ending = FILES[format]
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return Response(text, media_type=media, headers=disposition)


@router.get(
    "/{session_id}/attachments/{attachment_id}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "application/octet-stream": {}}}},
    dependencies=[Depends(query_slot, scope="function")],
)
def attachment(
    session_id: UUID, attachment_id: UUID, session: SessionDep, actor: ActorDep
) -> Response:
    """Return an attached image as models are sent it, or download another file."""
    require(actor, Permission.RUN_MODELS)
    readable.get(session, session_id, account=actor.id)
    shown = attachments.get_shown(session, session_id, attachment_id)
    if shown.is_image:
        return Response(shown.content, media_type="image/jpeg")
    # A download without a type of its own: HTML of a file would run as a page of the console
    disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(shown.name)}"}
    return Response(shown.content, media_type="application/octet-stream", headers=disposition)
