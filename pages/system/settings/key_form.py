"""The form that creates an API key."""

from datetime import timedelta

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.identity.schemas import NewApiKey, Scope
from core.identity.service import api_keys
from core.platform import clock
from pages._ui import dialogs, guard, state

NAME, SCOPES, ENVIRONMENT, EXPIRY, MADE = (
    "keys.name",
    "keys.scopes",
    "keys.environment",
    "keys.expiry",
    "keys.made",
)
WHAT_SCOPES_OPEN = {
    Scope.INGEST: "ingest: send data",
    Scope.READ: "read: metrics, no message text",
    Scope.READ_CONVERSATIONS: "read:conversations: messages and knowledge",
    Scope.EXECUTE: "execute: call models and public prompts",
}
EXPIRIES = {
    "Never": None,
    "Expires in 30 days": 30,
    "Expires in 90 days": 90,
    "Expires in 1 year": 365,
}
WRONG = {
    "name": "Enter a name.",
    "scopes": "Choose at least one permission.",
    "environment": "Use letters, digits, dots, - and _ only.",
}


def open_form() -> None:
    state.forget(NAME, SCOPES, ENVIRONMENT, EXPIRY, MADE)

    @st.dialog("Create API key")
    def form() -> None:
        st.text_input("Name", key=NAME, max_chars=200, help="For example: production backend.")
        st.multiselect(
            "Permissions",
            list(Scope),
            [Scope.INGEST],
            key=SCOPES,
            format_func=WHAT_SCOPES_OPEN.__getitem__,
        )
        st.text_input(
            "Environment",
            "production",
            key=ENVIRONMENT,
            max_chars=64,
            help="Default for rows that don't set one.",
        )
        st.selectbox("Expiry", list(EXPIRIES), key=EXPIRY)
        dialogs.submit("Create key", make, key="keys")

    form()


def make() -> None:
    days = EXPIRIES[state.get(EXPIRY, "Never")]
    try:
        given = NewApiKey(
            name=state.get(NAME, ""),
            scopes=frozenset(state.get(SCOPES, [])),
            environment=state.get(ENVIRONMENT, "").strip(),
            expires_at=clock.now() + timedelta(days=days) if days else None,
        )
    except ValidationError as wrong:
        raise Invalid(WRONG[str(wrong.errors()[0]["loc"][0])]) from None
    with guard.work() as (session, actor):
        made = api_keys.create(session, given, actor=actor)
    state.put(MADE, made)
