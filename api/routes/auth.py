"""Sign in and out with a bearer token: valid for eight hours, and only while its session is."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request
from pydantic import BaseModel, ConfigDict

from api import limits, sign_in_queue
from api.deps import ActorDep, CallerDep, SessionDep, person
from core.identity import queries, service
from core.identity.errors import WrongCredentials
from core.identity.schemas import AccountView, SessionKind, SignedIn

router = APIRouter(prefix="/admin/auth", tags=["Accounts"])


class Credentials(BaseModel):
    """Who, and the proof."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "admin@localhost", "password": "…"}})

    email: str
    password: str


class Token(BaseModel):
    """A bearer token and whose it is."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105  the scheme's name
    expires_at: datetime
    admin: AccountView


@router.post("/login")
async def login(request: Request, given: Annotated[Credentials, Body()], caller: CallerDep) -> Token:
    """Exchange e-mail and password for a token."""
    signed_in = await sign_in_queue.sign_in(request, given.email, given.password, SessionKind.API, caller)
    if signed_in is None:
        raise WrongCredentials
    return _token(signed_in)


@router.post("/logout", status_code=204, dependencies=[Depends(person)])
def logout(session: SessionDep, actor: ActorDep) -> None:
    """End this session; its token is dead from now on."""
    service.sign_out(session, actor=actor)


@router.post("/refresh", dependencies=[Depends(limits.standard), Depends(person)])
def refresh(session: SessionDep, actor: ActorDep) -> Token:
    """Exchange this token for a new one, good for eight hours more."""
    return _token(service.refresh(session, actor=actor))


@router.get("/me", dependencies=[Depends(limits.standard), Depends(person)])
def me(session: SessionDep, actor: ActorDep) -> AccountView:
    """Return the account that is asking."""
    return queries.account_view(queries.get_account(session, actor.id))


def _token(signed_in: SignedIn) -> Token:
    return Token(access_token=signed_in.token, expires_at=signed_in.expires_at, admin=signed_in.account)
