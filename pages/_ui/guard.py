"""The signed-in account, checked again in each run and each action, so that a revoked session can
do nothing. A fragment's rerun runs neither the main script nor the page's guard, but uses `work`
too.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.database.db import Database, Session, transaction
from core.errors import Forbidden, NotSignedIn
from core.identity.errors import SessionExpired
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor, Caller
from core.identity.service import sessions
from core.platform.config import config
from pages._ui import state


def cookie() -> str | None:
    """Return the session token of this tab's websocket."""
    # As api/access/credentials.py has it, which pages must not import
    name = "__Host-attune" if config().behind_tls else "attune"
    return st.context.cookies.get(name)


def caller() -> Caller:
    """Return the address, browser and request ID of this tab."""
    headers = st.context.headers
    # Headers that the gate has set, in place of any that the client sent
    return Caller(
        headers.get("X-Attune-Client"), headers.get("User-Agent"), headers.get("X-Attune-Request")
    )


@contextmanager
def work() -> Iterator[tuple[Session, Actor]]:
    """Open a transaction on `core` as the signed-in account; it commits at the end. Raises
    SessionExpired. Call no `st.*` inside: a rerun would silently roll it back.
    """
    token = cookie()
    if token is None:
        raise SessionExpired
    with transaction() as session:
        yield session, sessions.authenticate(session, token, caller())


@contextmanager
def ai_work() -> Iterator[tuple[Session, Actor]]:
    """Open a transaction on the AI database as the signed-in account. Raises SessionExpired."""
    with work_on_both() as (_, ai, actor):
        yield ai, actor


@contextmanager
def work_on_both() -> Iterator[tuple[Session, Session, Actor]]:
    """Open transactions on `core` and the AI database as the signed-in account. Raises
    SessionExpired.

    Two at once by `work` and `ai_work` would wait for each other: both note when the account was
    seen last.
    """
    with work() as (session, actor), transaction(Database.AI) as ai:
        yield session, ai, actor


def enter() -> Actor:
    """Return the signed-in account, and drop what another account left in this tab. Raises
    SessionExpired.
    """
    try:
        with work() as (_, actor):
            found = actor
    except NotSignedIn:
        # So that no outage shows the navigation of a session that has ended
        state.forget(state.ACTOR)
        raise
    state.belong_to(found.id)
    state.put(state.ACTOR, found)
    return found


def last_actor() -> Actor | None:
    """Return the last account of this tab, for the navigation during a database outage; it grants
    nothing.
    """
    return state.get(state.ACTOR, None)


def page(permission: Permission | None = None) -> Actor:
    """Return the actor, first in every page; raise Forbidden when the role may not open it."""
    actor = enter()
    if permission is not None and not may(actor, permission):
        raise Forbidden
    return actor
