"""Settings, API keys. A key is shown once, when it is created."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.identity.schemas import ApiKeyView, CreatedApiKey, NewApiKey, Scope
from core.identity.service import api_keys
from core.platform import clock
from pages._ui import dialogs, errors, frame, guard, links, state, tables, text
from pages.system.settings import cards

NAME, SCOPES, ENVIRONMENT, EXPIRY, MADE = (
    "keys.name",
    "keys.scopes",
    "keys.environment",
    "keys.expiry",
    "keys.made",
)
AT, SHOWN = "keys", 25
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


def draw() -> None:
    with guard.work() as (session, actor):
        present = api_keys.list_keys(session, actor=actor)
    note = "shown once on creation · only a hash is stored"
    row = frame.section_row("API keys", note, width=cards.WIDTH_PX)
    row.button("Create key", icon=":material/add:", on_click=_open_form)
    if links.begins("key"):
        _open_form()
    _show_made()
    if not present:
        frame.empty_state(
            "key",
            "No API keys yet",
            "Create a key so your product can send data, or a script can read metrics.",
            width=cards.WIDTH_PX,
        )
    page = tables.window(AT, SHOWN).page_of(present)
    for key in page.items:
        _draw_key(key)
    tables.draw_pages(page.total_count, SHOWN, AT)


def _show_made() -> None:
    """Show a new key until it is dismissed; it is stored nowhere else."""
    made: CreatedApiKey | None = state.get(MADE, None)
    if made is None:
        return
    with st.container(border=True, width=cards.WIDTH_PX, gap="xsmall"):
        frame.section("Key for " + text.plain(made.name), "copy it now; it won't be shown again")
        st.code(made.key, language=None, wrap_lines=True)
        st.caption(
            "Send it as `Authorization: Bearer` and the key. Every route has an example in the "
            "[API reference](/api/v1/docs)."
        )
        st.button(
            "Done", key="keys.done", icon=":material/check:", on_click=state.forget, args=(MADE,)
        )


def _draw_key(key: ApiKeyView) -> None:
    is_over = key.expires_at is not None and key.expires_at <= clock.now()
    badges = " ".join(f":gray-badge[{scope.value}]" for scope in key.scopes) + (
        " :orange-badge[Expired]" if is_over else ""
    )
    with cards.card(f"**{text.plain(key.name)}**\u2002{badges}", partial(_draw_button, key)):
        st.caption(_facts(key))


def _draw_button(key: ApiKeyView) -> None:
    cards.button("Revoke", "block", key=f"revoke-{key.id}", on_click=partial(_ask, key))


def _facts(key: ApiKeyView) -> str:
    facts = [
        f"`{api_keys.PREFIX}{key.key_id}`",
        text.plain(key.environment),
        f"created {text.since(key.created_at)}",
    ]
    facts.append(f"used {text.since(key.last_used_at)}" if key.last_used_at else "never used")
    facts.append(f"expires {key.expires_at:%-d %b %Y}" if key.expires_at else "no expiry")
    return " · ".join(facts)


def _open_form() -> None:
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


def _ask(key: ApiKeyView) -> None:
    body = (
        f"{text.plain(key.name)}: requests with this key will be rejected immediately. "
        "This can't be undone."
    )
    dialogs.confirm("Revoke this key?", body, "Revoke key", revoke, key.id, key="keys")


@errors.action
def revoke(key_id: UUID) -> None:
    with guard.work() as (session, actor):
        api_keys.revoke(session, key_id, actor=actor)
    state.toast("Key revoked")
