"""Which session this tab shows: that of the address, else the last one."""

from uuid import UUID

import streamlit as st

from pages._ui import state

SESSION = "playground.session"


def find() -> UUID | None:
    """Return the session of the address, else the last of this tab."""
    named = st.query_params.get("session") or state.get(SESSION, "")
    try:
        return UUID(named)
    except ValueError:
        return None


def show(session_id: UUID) -> None:
    """Make a session that of this tab and its address."""
    state.put(SESSION, str(session_id))
    st.query_params["session"] = str(session_id)


def stay() -> None:
    """Keep the session of this tab: news arrives with the address from before a switch."""
    if present := state.get(SESSION, ""):
        st.query_params["session"] = present
