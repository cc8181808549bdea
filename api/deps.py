"""Dependencies of routes: the actor, a transaction, the window of a list."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from inspect import iscoroutinefunction
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import HTTPConnection, Request

from core.database.connections.query_slots import QuerySlots, slots
from core.database.db import Database, Session, read_session, transaction
from core.database.paging import LARGEST_PAGE, Window
from core.errors import Forbidden, NotSignedIn
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor, Caller
from core.platform.config import Config, config

READS = ("GET", "HEAD")
# FastAPI answers in 40 threads, which one account's files or imports would hold for minutes; the
# others are for sign-ins, and for reads that have a query slot
_threads = QuerySlots(at_once=32, of_one_account=20)


async def actor(request: HTTPConnection) -> Actor:
    """Return the authenticated actor; raise NotSignedIn on a public route without one."""
    signed_in = request.scope["state"].get("actor")
    if not isinstance(signed_in, Actor):
        raise NotSignedIn
    return signed_in


async def query_slot(
    request: Request, found: Annotated[Actor, Depends(actor)]
) -> AsyncIterator[None]:
    """Wait for a query slot of this account before a read that may take long."""
    if request.method not in READS:
        yield
        return
    async with slots.awaited(found.id):
        yield


async def thread(request: Request, found: Annotated[Actor, Depends(actor)]) -> AsyncIterator[None]:
    """Wait until this account's requests leave threads for a route that is no coroutine."""
    async with _thread_slot(request, found.id):
        yield


async def query_slot_or_thread(
    request: Request, found: Annotated[Actor, Depends(actor)]
) -> AsyncIterator[None]:
    """Wait for a query slot before a read, and for a thread before any other request."""
    # Never for a thread with a query slot: requests that have a thread wait for query slots
    is_read = request.method in READS
    async with slots.awaited(found.id) if is_read else _thread_slot(request, found.id):
        yield


def _thread_slot(request: Request, account: UUID) -> AbstractAsyncContextManager[None]:
    is_coroutine = iscoroutinefunction(request.scope["endpoint"])
    return nullcontext() if is_coroutine else _threads.awaited(account)


async def person(found: Annotated[Actor, Depends(actor)]) -> None:
    """Raise Forbidden for API keys."""
    if found.is_program:
        raise Forbidden("API keys can't use this endpoint. Sign in instead.")


async def runner(found: Annotated[Actor, Depends(actor)]) -> None:
    """Raise Forbidden for API keys that may not call models."""
    if found.is_program and not may(found, Permission.RUN_MODELS):
        raise Forbidden("This API key can't call models. Create one with the scope execute.")


async def caller(request: HTTPConnection) -> Caller:
    """Return where the request comes from."""
    known_caller = request.scope["state"]["caller"]
    return known_caller if isinstance(known_caller, Caller) else Caller()


def core_session(request: Request) -> Iterator[Session]:
    """Open a session on `core`: for GET without a transaction, else one that commits before the
    response is sent.

    Use `SessionDep`: without `scope="function"`, FastAPI commits after the response, so that a
    failed commit would still return 200.
    """
    with (read_session if request.method in READS else transaction)() as session:
        yield session


def ai_session(request: Request) -> Iterator[Session]:
    """Open a session on `ai` in the same way; use `AiSessionDep`."""
    with (read_session if request.method in READS else transaction)(Database.AI) as session:
        yield session


CursorText = Annotated[
    str | None, Query(max_length=4000, description="`next_cursor` of the page before.")
]


async def window(
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Window:
    """Return the requested part of a list."""
    return Window(limit, offset)


ActorDep = Annotated[Actor, Depends(actor)]
CallerDep = Annotated[Caller, Depends(caller)]
SessionDep = Annotated[Session, Depends(core_session, scope="function")]
AiSessionDep = Annotated[Session, Depends(ai_session, scope="function")]
WindowDep = Annotated[Window, Depends(window)]


async def _config() -> Config:
    return config()


# Coroutines, because FastAPI runs a plain function in a thread for each request.
ConfigDep = Annotated[Config, Depends(_config)]
