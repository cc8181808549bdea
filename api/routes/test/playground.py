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
from core.playground import queries, service
from core.playground.schemas import (
    NewPlaygroundMessage,
    PlaygroundMessageView,
    SentMessage,
    SessionSummary,
)
from core.prompts.service.default_prompt import read_default_prompt

router = APIRouter(prefix="/admin/playground", tags=["Playground"])
sockets = APIRouter(prefix="/admin/playground")


class History(BaseModel):
    """A session's messages in order."""

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


@router.post("/chat", status_code=202, responses=MODEL_CALL)
def chat(new_message: NewPlaygroundMessage, session: SessionDep, actor: ActorDep) -> SentMessage:
    """Send a message; the answer arrives over the websocket, and in the history."""
    return service.send(session, new_message, actor=actor)


@router.get("/history", responses=MISSING)
def history(
    session: SessionDep,
    actor: ActorDep,
    session_id: UUID,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> History:
    """Return the messages of one of the caller's sessions."""
    require(actor, Permission.RUN_MODELS)
    row = queries.get_session(session, session_id, owner=actor.id)
    messages = queries.list_messages(session, session_id, window=Window(limit, offset))
    return History(
        session_id=session_id,
        messages=messages,
        total_count=row.message_count,
        limit=limit,
        offset=offset,
    )


@router.get("/sessions")
def sessions(
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
    """Delete one of the caller's sessions with all its messages."""
    service.remove(session, session_id, actor=actor)


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
