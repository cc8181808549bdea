"""Who is at the console, asked again in every run, and each time that something is done: a revoked session can do nothing more.

A fragment's rerun runs neither the main script nor the page's own guard; it comes through `work` all the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.database.db import Session, transaction
from core.errors import Forbidden, NotSignedIn
from core.identity import sessions
from core.identity.errors import SessionOver
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor, Caller
from core.platform.config import config
from pages._ui import state


def cookie() -> str | None:
    """Return the session token that this tab's websocket was opened with."""
    name = "__Host-attune" if config().behind_tls else "attune"
    return st.context.cookies.get(name)


def caller() -> Caller:
    """Return where this tab is, as the gate has found out."""
    headers = st.context.headers
    return Caller(headers.get("X-Attune-Client"), headers.get("User-Agent"), headers.get("X-Attune-Request"))


@contextmanager
def work() -> Iterator[tuple[Session, Actor]]:
    """Open a transaction on `core` in the name of who is signed in; it commits at the end.

    Raises SessionOver when nobody is. No `st.*` belongs inside: a rerun in there would roll back in silence.
    """
    token = cookie()
    if token is None:
        raise SessionOver
    with transaction() as session:
        yield session, sessions.enter(session, token, caller())


def enter() -> Actor:
    """Return who is signed in; what another account has left in this tab's memory is dropped.

    Raises SessionOver when nobody is.
    """
    try:
        with work() as (_, actor):
            found = actor
    except NotSignedIn:
        state.forget(state.ACTOR)
        raise
    state.belong_to(found.id)
    state.put(state.ACTOR, found)
    return found


def last_actor() -> Actor | None:
    """Return who this tab has been, for what grants nothing: the names of pages while the database does not answer."""
    return state.get(state.ACTOR, None)


def page(permission: Permission | None = None) -> Actor:
    """Stand first in every page: return the actor, or raise Forbidden when the role may not be here."""
    actor = enter()
    if permission is not None and not may(actor, permission):
        raise Forbidden
    return actor
