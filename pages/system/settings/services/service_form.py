"""The form that adds or changes a service."""

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.services import check, service
from core.services.schemas import (
    NewService,
    ServiceChange,
    ServiceView,
)
from pages._ui import dialogs, guard, state

NAME, CHAT, UPLOAD, TOKEN, ACTIVE, PRODUCTION = (
    "services.name",
    "services.chat",
    "services.upload",
    "services.token",
    "services.active",
    "services.production",
)
MADE = "services.made"
WRONG = {
    "name": "Enter a name.",
    "chat_url": "Enter the chat address.",
    "upload_url": "The upload address is limited to 500 characters.",
    "token": "Enter the token, without spaces.",
}


def open_form(each: ServiceView | None) -> None:
    state.forget(NAME, CHAT, UPLOAD, TOKEN, ACTIVE, PRODUCTION, MADE)

    @st.dialog("Edit service" if each else "Add service")
    def form() -> None:
        st.text_input("Name", each.name if each else "", key=NAME, max_chars=100)
        st.text_input(
            "Chat address",
            each.chat_url if each else "",
            key=CHAT,
            placeholder="https://bot.example.com/chat",
        )
        st.text_input("Upload address (optional)", (each and each.upload_url) or "", key=UPLOAD)
        kept = "Leave empty to keep the current token" if each and each.has_valid_token else ""
        st.text_input("Token", key=TOKEN, type="password", autocomplete="off", placeholder=kept)
        st.toggle(
            "Answers messages in the playground",
            each.is_active if each else True,
            key=ACTIVE,
            help="At most one service is active: this one replaces it.",
        )
        st.toggle("Answers messages of production", bool(each and each.production), key=PRODUCTION)
        if each:
            st.caption("Changing an address clears the stored token.")
        save = (lambda: change(each)) if each else add
        dialogs.submit("Save" if each else "Add service", save, key="services")

    form()


def _fields() -> dict[str, object]:
    token = state.get(TOKEN, "").strip()
    return {
        "name": state.get(NAME, ""),
        "chat_url": state.get(CHAT, ""),
        "upload_url": state.get(UPLOAD, "").strip() or None,
        "is_active": state.get(ACTIVE, False),
        "production": state.get(PRODUCTION, False),
        **({"token": token} if token else {}),
    }


def add() -> None:
    try:
        given = NewService.model_validate(_fields())
    except ValidationError as wrong:
        raise Invalid(WRONG[str(wrong.errors()[0]["loc"][0])]) from None
    with guard.work() as (session, actor):
        made = service.add(session, given, actor=actor)
    state.put(MADE, made)
    # After the transaction: it sends a job, and reads the service that was stored.
    check.check_as(made.id, actor=actor)


def change(loaded: ServiceView) -> None:
    try:
        given = ServiceChange.model_validate(_fields())
    except ValidationError as wrong:
        raise Invalid(WRONG[str(wrong.errors()[0]["loc"][0])]) from None
    with guard.work() as (session, actor):
        service.change(session, loaded.id, given, actor=actor, loaded=loaded)
    state.toast("Service changed")
