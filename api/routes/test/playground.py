"""Routes of the caller's own playground sessions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, WebSocket
from pydantic import BaseModel

from api.access import tickets
from api.deps import ActorDep, SessionDep
from api.reference import MISSING, MODEL_CALL
from api.routes.test import playground_feed
from core.database.paging import LARGEST_PAGE, Window
from core.identity.permissions import Permission, require
from core.playground import queries
from core.playground.branches import queries as shown
from core.playground.schemas import (
    NewPlaygroundMessage,
    PlaygroundMessageView,
    SentMessage,
    SessionSummary,
)
from core.playground.service import answers, sessions
from core.playground.sharing import queries as readable
from core.prompts.service.default_prompt import read_default_prompt
from core.services import queries as service_queries
from core.services.schemas import ActiveService

router = APIRouter(prefix="/admin/playground", tags=["Playground"])
# Apart: dependencies of the others take a Request, which a websocket does not have
sockets = APIRouter(prefix="/admin/playground")


class History(BaseModel):
    """The messages of a session's shown branch in order."""

    session_id: UUID
    messages: list[PlaygroundMessageView]
    total_count: int
    limit: int
    offset: int


class SessionList(BaseModel):
    """The caller's sessions, most recent message first."""

    sessions: list[SessionSummary]
    total_count: int
    limit: int
    offset: int


class DefaultPrompt(BaseModel):
    """The system prompt that is used unless a message has its own."""

    default_prompt: str


class SocketTicket(BaseModel):
    """A short-lived ticket that authenticates a websocket in its address, instead of a cookie."""

    ticket: str
    expires_at: datetime


@router.get("/active-service", responses=MISSING)
def active_service(session: SessionDep, actor: ActorDep) -> ActiveService:
    """Return the service that answers messages without a model, without its secrets."""
    return service_queries.get_active(session, actor=actor)


@router.post("/chat", status_code=202, responses=MODEL_CALL)
def chat(new_message: NewPlaygroundMessage, session: SessionDep, actor: ActorDep) -> SentMessage:
    """Send a message; the answer arrives over the websocket, and in the history.

    `model` answers it; without one, the active service, else the default model. With `edits`, the
    session goes on from there on a new branch.
    """
    return answers.send(session, new_message, actor=actor)


@router.get("/history", responses=MISSING)
def history(
    session: SessionDep,
    actor: ActorDep,
    session_id: UUID,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> History:
    """Return the messages of the shown branch of a session of the caller's, or one shared with
    them.
    """
    require(actor, Permission.RUN_MODELS)
    readable.get(session, session_id, account=actor.id)
    page = shown.page_shown(session, session_id, Window(limit, offset))
    return History(
        session_id=session_id,
        messages=page.items,
        total_count=page.total_count,
        limit=limit,
        offset=offset,
    )


@router.get("/sessions")
def list_sessions(
    session: SessionDep,
    actor: ActorDep,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 20,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> SessionList:
    """List the caller's sessions."""
    require(actor, Permission.RUN_MODELS)
    page = queries.list_sessions(session, owner=actor.id, window=Window(limit, offset))
    return SessionList(
        sessions=page.items, total_count=page.total_count, limit=limit, offset=offset
    )


@router.delete("/session/{session_id}", status_code=204)
def delete(session_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Move one of the caller's sessions to the trash, with all its messages."""
    sessions.remove(session, session_id, actor=actor)


@router.get("/default-prompt")
def default_prompt(session: SessionDep, actor: ActorDep) -> DefaultPrompt:
    """Return the system prompt that is used unless a message has its own."""
    return DefaultPrompt(default_prompt=read_default_prompt(session, actor=actor))


@router.post("/ws-ticket", status_code=201)
def ws_ticket(actor: ActorDep) -> SocketTicket:
    """Create a ticket for the websocket, valid for half a minute."""
    require(actor, Permission.RUN_MODELS)
    ticket, expires_at = tickets.issue(actor)
    return SocketTicket(ticket=ticket, expires_at=expires_at)


@sockets.websocket("/ws")
async def follow(
    websocket: WebSocket, session_id: UUID, after: int | None = None, ticket: str | None = None
) -> None:
    """Follow a session by numbered messages; those after the number `after` are repeated."""
    actor = websocket.scope["state"].get("actor") or await tickets.redeem(
        ticket, websocket.scope["state"]["caller"]
    )
    await playground_feed.serve(websocket, session_id, after=after, actor=actor)
