"""Settings, API keys. A key is shown once, when it is created."""

from functools import partial
from uuid import UUID

import streamlit as st

from core.identity.schemas import ApiKeyView, CreatedApiKey
from core.identity.service import api_keys
from core.platform import clock
from pages._ui import dialogs, errors, frame, guard, links, state, tables, text
from pages.system.settings import cards, key_form

AT, SHOWN = "keys", 25


def draw() -> None:
    with guard.work() as (session, actor):
        present = api_keys.list_keys(session, actor=actor)
    note = "shown once on creation · only a hash is stored"
    row = frame.section_row("API keys", note, width=cards.WIDTH_PX)
    row.button("Create key", icon=":material/add:", on_click=key_form.open_form)
    if links.begins("key"):
        key_form.open_form()
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
    made: CreatedApiKey | None = state.get(key_form.MADE, None)
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
            "Done",
            key="keys.done",
            icon=":material/check:",
            on_click=state.forget,
            args=(key_form.MADE,),
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
