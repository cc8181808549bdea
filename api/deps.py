"""Dependencies of routes: the actor, a transaction, a window of a list."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import HTTPConnection, Request

from core.database.db import Database, Session, transaction
from core.database.paging import LARGEST_PAGE, Window
from core.database.query_slots import slots
from core.errors import Forbidden, NotSignedIn
from core.identity.schemas import Actor, Caller
from core.platform.config import Config, config


async def actor(request: HTTPConnection) -> Actor:
    """Return who is asking; raise NotSignedIn at an open door that needs somebody after all."""
    found = request.scope["state"].get("actor")
    if not isinstance(found, Actor):
        raise NotSignedIn
    return found


async def query_slot(request: Request, found: Annotated[Actor, Depends(actor)]) -> AsyncIterator[None]:
    """Hold back what reads very many rows until it is this account's turn; writes are short, and go ahead."""
    if request.method not in ("GET", "HEAD"):
        yield
        return
    async with slots.awaited(found.id):
        yield


async def person(found: Annotated[Actor, Depends(actor)]) -> None:
    """Refuse programs, where only people have something to do."""
    if found.is_program:
        raise Forbidden("API keys can't use this endpoint. Sign in instead.")


async def caller(request: HTTPConnection) -> Caller:
    """Return where the request comes from."""
    found = request.scope["state"]["caller"]
    return found if isinstance(found, Caller) else Caller()


def core_session() -> Iterator[Session]:
    """Open a transaction on `core` that commits before the response is sent.

    Use it by `SessionDep`: without `scope="function"` FastAPI commits after the response, and a failing commit still answers 200.
    """
    with transaction() as session:
        yield session


def ai_session() -> Iterator[Session]:
    """Open a transaction on `ai`, in the same manner: use it by `AiSessionDep`."""
    with transaction(Database.AI) as session:
        yield session


async def window(
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50, offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0
) -> Window:
    """Return the part of a list that is asked for."""
    return Window(limit, offset)


ActorDep = Annotated[Actor, Depends(actor)]
CallerDep = Annotated[Caller, Depends(caller)]
SessionDep = Annotated[Session, Depends(core_session, scope="function")]
AiSessionDep = Annotated[Session, Depends(ai_session, scope="function")]
WindowDep = Annotated[Window, Depends(window)]


async def _config() -> Config:
    return config()


# Coroutines, though they wait for nothing: a plain function would be sent to a thread for each request.
ConfigDep = Annotated[Config, Depends(_config)]
