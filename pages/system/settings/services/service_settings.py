"""Settings, Services: external programs that answer by callback, and their write-only secrets."""

import streamlit as st

from core.platform.config import config
from core.services import check, queries
from core.services.schemas import CALLBACK_PATH, CreatedService, ServiceView
from pages._ui import errors, frame, guard, state, text
from pages.system.settings.services import service_actions, service_form

WIDTH = 760


def draw() -> None:
    with guard.work() as (session, actor):
        services = queries.list_services(session, actor=actor)
    row = frame.section_row("Services", "external programs that answer by callback", width=WIDTH)
    row.button("Add service", icon=":material/add:", on_click=service_form.open_form, args=(None,))
    _show_made()
    if not services:
        frame.empty_state(
            "hub",
            "No services yet",
            "Add one, and it answers messages in the playground instead of a model.",
            width=WIDTH,
        )
    for each in services:
        _draw_service(each)


def _show_made() -> None:
    """Show a new callback secret until it is dismissed; it is never shown again."""
    made: CreatedService | None = state.get(service_form.MADE, None)
    if made is None:
        return
    with st.container(border=True, width=WIDTH, gap="xsmall"):
        frame.section(
            f"Callback secret of {text.plain(made.name)}", "copy it now; it won't be shown again"
        )
        st.code(made.callback_secret, language=None, wrap_lines=True)
        st.caption(
            f"The service signs its callbacks with it (Standard Webhooks) and posts them to "
            f"`{config().address}{CALLBACK_PATH}`."
        )
        st.button(
            "Done",
            key="services.done",
            icon=":material/check:",
            on_click=state.forget,
            args=(service_form.MADE,),
        )


def _draw_service(each: ServiceView) -> None:
    with st.container(border=True, width=WIDTH, gap="xsmall"):
        colour, words = text.SERVICE_STATES[each.status]
        badges = [f":{colour}-badge[{words}]"]
        badges += [":blue-badge[Active]"] if each.is_active else []
        badges += [":gray-badge[Production]"] if each.production else []
        st.markdown(f"**{text.plain(each.name)}**\u2002{' '.join(badges)}")
        st.caption("  \n".join(_addresses(each)))
        st.caption(_facts(each))
        if each.status_detail:
            st.markdown(f":red[:material/error:] :small[{text.plain(each.status_detail)}]")
        with st.container(horizontal=True, gap="small"):
            _draw_buttons(each)


def _addresses(each: ServiceView) -> list[str]:
    upload = f"Upload {text.code(each.upload_url)}" if each.upload_url else "No upload address"
    return [f"Chat {text.code(each.chat_url)}", upload]


def _facts(each: ServiceView) -> str:
    facts = ["token set" if each.has_valid_token else "no valid token"]
    facts.append(f"changed {text.since(each.updated_at)}")
    if each.checked_at:
        facts.append(f"last job {text.since(each.checked_at)}")
    last = each.last_callback_at
    facts.append(f"last callback {text.since(last)}" if last else "no callback yet")
    if each.previous_secret_until is not None:
        until = text.clock_time(each.previous_secret_until, frame.time_zone())
        facts.append(f"old secret accepted until {until}")
    return " · ".join(facts)


def _draw_buttons(each: ServiceView) -> None:
    if st.button("Test", key=f"services.test-{each.id}", type="tertiary", icon=":material/sync:"):
        with st.spinner("Sending a test job…", show_time=True), errors.InWords("Test"):
            check.check_as(each.id, actor=guard.enter())
        st.rerun()
    st.button(
        "Deactivate" if each.is_active else "Activate",
        key=f"services.activate-{each.id}",
        type="tertiary",
        icon=":material/toggle_off:" if each.is_active else ":material/toggle_on:",
        on_click=service_actions.activate,
        args=(each.id, not each.is_active),
    )
    actions = (
        ("Edit", "edit", service_form.open_form),
        ("Rotate secret", "key", service_actions.ask_to_rotate),
        ("Remove", "delete", service_actions.ask_to_remove),
    )
    if each.previous_secret_until is not None:
        st.button(
            "End old secret",
            key=f"services.end-{each.id}",
            type="tertiary",
            icon=":material/key_off:",
            help="Refuse callbacks that are signed with the replaced secret from now on.",
            on_click=service_actions.end_previous,
            args=(each.id,),
        )
    for label, icon, act in actions:
        st.button(
            label,
            key=f"services.{icon}-{each.id}",
            type="tertiary",
            icon=f":material/{icon}:",
            on_click=act,
            args=(each,),
        )
