"""Settings, API keys: what programs come in with. A key is shown once, when it is made."""

from datetime import timedelta
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.identity import keys
from core.identity.schemas import ApiKeyView, MadeApiKey, NewApiKey, Scope
from core.platform import clock
from pages._ui import errors, frame, guard, state, text

NAME, SCOPES, ENVIRONMENT, EXPIRY, MADE = "keys.name", "keys.scopes", "keys.environment", "keys.expiry", "keys.made"
WHAT_SCOPES_OPEN = {
    Scope.INGEST: "ingest: send data",
    Scope.READ: "read: metrics, no message text",
    Scope.READ_CONVERSATIONS: "read:conversations: messages and knowledge",
}
EXPIRIES = {"Never": None, "Expires in 30 days": 30, "Expires in 90 days": 90, "Expires in 1 year": 365}
WRONG = {
    "name": "Enter a name.",
    "scopes": "Choose at least one permission.",
    "environment": "Use letters, digits, dots, - and _ only.",
}


def draw() -> None:
    """List the keys, each with what can be done with it."""
    with guard.work() as (session, actor):
        present = keys.list_keys(session, actor=actor)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", width=760):
        with st.container(width="content"):
            frame.section("API keys", "shown once on creation · only a hash is stored")
        st.button("Create key", icon=":material/add:", on_click=_open_form)
    _show_made()
    if not present:
        frame.empty_state("key", "No API keys yet", "Create a key so your product can send data, or a script can read metrics.")
    for key in present:
        _draw_key(key)


def _show_made() -> None:
    """Show a fresh key until it has been taken away; it is nowhere else."""
    made: MadeApiKey | None = state.get(MADE, None)
    if made is None:
        return
    with st.container(border=True, width=760, gap="xsmall"):
        frame.section("Key for " + text.plain(made.name), "copy it now; it won't be shown again")
        st.code(made.key, language=None, wrap_lines=True)
        st.button("Done", key="keys.done", icon=":material/check:", on_click=state.forget, args=(MADE,))


def _draw_key(key: ApiKeyView) -> None:
    with st.container(border=True, width=760, gap="xsmall"):
        row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
        is_over = key.expires_at is not None and key.expires_at <= clock.now()
        badges = " ".join(f":gray-badge[{scope.value}]" for scope in key.scopes) + (" :orange-badge[Expired]" if is_over else "")
        row.markdown(f"**{text.plain(key.name)}**\u2002{badges}", width="content")
        row.button("Revoke", key=f"revoke-{key.id}", type="tertiary", icon=":material/block:", on_click=_ask, args=(key,))
        st.caption(_facts(key))


def _facts(key: ApiKeyView) -> str:
    facts = [f"`{keys.PREFIX}{key.key_id}`", text.plain(key.environment), f"created {text.since(key.created_at)}"]
    facts.append(f"used {text.since(key.last_used_at)}" if key.last_used_at else "never used")
    facts.append(f"expires {key.expires_at:%-d %b %Y}" if key.expires_at else "no expiry")
    return " · ".join(facts)


def _open_form() -> None:
    state.forget(NAME, SCOPES, ENVIRONMENT, EXPIRY, MADE)

    @st.dialog("Create API key")
    def form() -> None:
        st.text_input("Name", key=NAME, max_chars=200, help="For example: production backend.")
        st.multiselect("Permissions", list(Scope), [Scope.INGEST], key=SCOPES, format_func=WHAT_SCOPES_OPEN.__getitem__)
        st.text_input("Environment", "production", key=ENVIRONMENT, max_chars=64, help="Default for rows that don't set one.")
        st.selectbox("Expiry", list(EXPIRIES), key=EXPIRY)
        buttons, below = st.container(horizontal=True), st.container()
        wants_to_make = buttons.button("Create key", type="primary", key="keys.make")
        if buttons.button("Cancel", key="keys.cancel"):
            st.rerun()
        if wants_to_make:
            with errors.InForm(below):
                make()
            if state.get(MADE, None) is not None:
                st.rerun()

    form()


def make() -> None:
    """Make the key that the form describes."""
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
        made = keys.make(session, given, actor=actor)
    state.put(MADE, made)


def _ask(key: ApiKeyView) -> None:
    @st.dialog("Revoke this key?")
    def confirm() -> None:
        st.write(f"{text.plain(key.name)}: requests with this key will be rejected immediately. This can't be undone.")
        with st.container(horizontal=True):
            if st.button("Revoke key", type="primary", key="keys.confirm", on_click=revoke, args=(key.id,)):
                st.rerun()
            if st.button("Cancel", key="keys.keep"):
                st.rerun()

    confirm()


@errors.action
def revoke(key_id: UUID) -> None:
    """End a key."""
    with guard.work() as (session, actor):
        keys.revoke(session, key_id, actor=actor)
    state.toast("Key revoked")
