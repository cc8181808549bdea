"""Settings, API keys: what programs come in with. A key is shown once, when it is made."""

from datetime import timedelta
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core import clock
from core.errors import Invalid
from core.identity import keys
from core.identity.schemas import ApiKeyView, MadeApiKey, NewApiKey, Scope
from pages._ui import errors, frame, guard, state, text

NAME, SCOPES, ENVIRONMENT, EXPIRY, MADE = "keys.name", "keys.scopes", "keys.environment", "keys.expiry", "keys.made"
WHAT_SCOPES_OPEN = {
    Scope.INGEST: "ingest: sends rows in",
    Scope.READ: "read: figures, no message text",
    Scope.READ_CONVERSATIONS: "read:conversations: what users and models say, and knowledge",
}
EXPIRIES = {"Never": None, "In 30 days": 30, "In 90 days": 90, "In a year": 365}
WRONG = {
    "name": "A name is needed.",
    "scopes": "Choose what the key may do.",
    "environment": "An environment has letters, digits, dots, - and _.",
}


def draw() -> None:
    """List the keys, each with what can be done with it."""
    with guard.work() as (session, actor):
        present = keys.list_keys(session, actor=actor)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", width=760):
        with st.container(width="content"):
            frame.section("API keys", "for programs: each is shown once, and only a hash of it is stored")
        st.button("Make a key", icon=":material/add:", on_click=_open_form)
    _show_made()
    if not present:
        frame.empty_state(
            "key", "No API key yet", "A key lets your product send events and AI requests in, or a program read figures."
        )
    for key in present:
        _draw_key(key)


def _show_made() -> None:
    """Show a fresh key until it has been taken away; it is nowhere else."""
    made: MadeApiKey | None = state.get(MADE, None)
    if made is None:
        return
    with st.container(border=True, width=760, gap="xsmall"):
        frame.section("Key for " + text.plain(made.name), "shown this once")
        st.code(made.key, language=None, wrap_lines=True)
        st.button("Done", key="keys.done", icon=":material/check:", on_click=state.forget, args=(MADE,))


def _draw_key(key: ApiKeyView) -> None:
    with st.container(border=True, width=760, gap="xsmall"):
        row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
        is_over = key.expires_at is not None and key.expires_at <= clock.now()
        badges = " ".join(f":gray-badge[{scope.value}]" for scope in key.scopes) + (" :orange-badge[Over]" if is_over else "")
        row.markdown(f"**{text.plain(key.name)}**\u2002{badges}", width="content")
        row.button("Revoke", key=f"revoke-{key.id}", type="tertiary", icon=":material/block:", on_click=_ask, args=(key,))
        st.caption(_facts(key))


def _facts(key: ApiKeyView) -> str:
    facts = [f"`{keys.PREFIX}{key.key_id}`", text.plain(key.environment), f"made {text.since(key.created_at)}"]
    facts.append(f"used {text.since(key.last_used_at)}" if key.last_used_at else "never used")
    facts.append(f"good until {key.expires_at:%-d %b %Y}" if key.expires_at else "does not expire")
    return " · ".join(facts)


def _open_form() -> None:
    state.forget(NAME, SCOPES, ENVIRONMENT, EXPIRY, MADE)

    @st.dialog("Make a key")
    def form() -> None:
        st.text_input("Name", key=NAME, max_chars=200, help="Which program it is for.")
        st.multiselect("It may", list(Scope), [Scope.INGEST], key=SCOPES, format_func=WHAT_SCOPES_OPEN.__getitem__)
        st.text_input("Environment", "production", key=ENVIRONMENT, max_chars=64, help="Of rows that name none themselves.")
        st.selectbox("Expires", list(EXPIRIES), key=EXPIRY)
        buttons, below = st.container(horizontal=True), st.container()
        wants_to_make = buttons.button("Make the key", type="primary", key="keys.make")
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
        st.write(f"{text.plain(key.name)}: what uses it is refused from now on. It cannot be taken back.")
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
