"""Routes to sign in and out with a bearer token, valid for eight hours while its session lasts."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request
from pydantic import BaseModel, ConfigDict

from api import rate_limits
from api.access import sign_in_queue
from api.deps import ActorDep, CallerDep, SessionDep, person
from core.identity import queries
from core.identity.errors import WrongCredentials
from core.identity.schemas import AccountView, SessionKind, SignedIn
from core.identity.service import sessions

router = APIRouter(prefix="/admin/auth", tags=["Accounts"])


class Credentials(BaseModel):
    """An email and a password."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "admin@localhost", "password": "…"}}
    )

    email: str
    password: str


class Token(BaseModel):
    """A bearer token and its account."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105  the scheme's name
    expires_at: datetime
    admin: AccountView


@router.post("/login")
async def login(
    request: Request, credentials: Annotated[Credentials, Body()], caller: CallerDep
) -> Token:
    """Exchange an email and a password for a token."""
    signed_in = await sign_in_queue.sign_in(
        request, credentials.email, credentials.password, SessionKind.API, caller
    )
    if signed_in is None:
        raise WrongCredentials
    return _token(signed_in)


# Without a limit of calls: who wants to end a session that was stolen must not have to wait
@router.post("/logout", status_code=204, dependencies=[Depends(person)])
def logout(session: SessionDep, actor: ActorDep) -> None:
    """End this session, and so its token."""
    sessions.sign_out(session, actor=actor)


@router.post("/refresh", dependencies=[Depends(rate_limits.standard), Depends(person)])
def refresh(session: SessionDep, actor: ActorDep) -> Token:
    """Exchange this token for a new one, valid for eight more hours."""
    return _token(sessions.refresh(session, actor=actor))


@router.get("/me", dependencies=[Depends(rate_limits.standard), Depends(person)])
def me(session: SessionDep, actor: ActorDep) -> AccountView:
    """Return the account of the caller."""
    return queries.account_view(queries.get_account(session, actor.id))


def _token(signed_in: SignedIn) -> Token:
    return Token(
        access_token=signed_in.token, expires_at=signed_in.expires_at, admin=signed_in.account
    )
