"""Settings, Providers: where models come from, whether they answer, and the keys that go in and never come out."""

from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.providers import check, queries, service
from core.providers.schemas import (
    NewProvider,
    ProviderChange,
    ProviderKind,
    ProviderSource,
    ProviderStatus,
    ProviderView,
)
from pages._ui import errors, frame, guard, state, text

NAME, ADDRESS, SECRET, KIND = "providers.name", "providers.address", "providers.secret", "providers.kind"
VENDORS = {
    "OpenAI": (ProviderKind.OPENAI, "openai"),
    "Anthropic": (ProviderKind.ANTHROPIC, "anthropic"),
    "Other, with OpenAI's protocol": (ProviderKind.OPENAI, "ollama"),
}
OTHER = "Other, with OpenAI's protocol"
STATES = {
    ProviderStatus.WORKING: ("green", "Working"),
    ProviderStatus.FAILING: ("red", "Failing"),
    ProviderStatus.UNTESTED: ("gray", "Untested"),
}
SOURCES = {
    ProviderSource.PACKAGED: "comes with Attune",
    ProviderSource.ENVIRONMENT: "set in the environment",
    ProviderSource.SETTINGS: "set here",
}


def draw() -> None:
    """List the providers, each with what can be done with it."""
    with guard.work() as (session, _):
        providers = queries.list_providers(session)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", width=760):
        with st.container(width="content"):
            frame.section("Providers", "keys are stored encrypted and never shown again")
        st.button("Add provider", icon=":material/add:", on_click=_open_form, args=(None,))
    if not providers:
        frame.empty_state("key", "No provider yet", "Add a key of OpenAI or Anthropic, or the address of your own server.")
    for provider in providers:
        _draw_provider(provider)


def _draw_provider(provider: ProviderView) -> None:
    with st.container(border=True, width=760, gap="xsmall"):
        row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
        colour, words = STATES[provider.status]
        row.markdown(f"**{text.plain(provider.name)}**\u2002:{colour}-badge[{words}]", width="content")
        with row.container(horizontal=True, width="content", gap="xsmall"):
            _draw_buttons(provider)
        st.caption(_facts(provider))
        if provider.status is ProviderStatus.FAILING and provider.status_detail:
            st.markdown(f":red[:material/error:] :small[{text.plain(provider.status_detail)}]")


def _draw_buttons(provider: ProviderView) -> None:
    if st.button("Test connection", key=f"test-{provider.name}", type="tertiary", icon=":material/sync:"):
        with st.spinner("Asking", show_time=True), errors.InWords("The test"):
            check.check_as(provider.name, actor=guard.enter())
        st.rerun()
    if provider.source is ProviderSource.SETTINGS and provider.id is not None:
        st.button(
            "Change",
            key=f"change-{provider.name}",
            type="tertiary",
            icon=":material/edit:",
            on_click=_open_form,
            args=(provider,),
        )
        st.button(
            "Remove",
            key=f"remove-{provider.name}",
            type="tertiary",
            icon=":material/delete:",
            on_click=_ask_to_remove,
            args=(provider,),
        )


def _facts(provider: ProviderView) -> str:
    facts = [SOURCES[provider.source]]
    if provider.base_url:
        facts.append(text.plain(provider.base_url))
    if provider.kind in (ProviderKind.OPENAI, ProviderKind.ANTHROPIC):
        facts.append("with a key" if provider.has_secret else "without a key")
    if provider.model_count:
        facts.append(text.count(provider.model_count, "model") + " listed")
    if provider.checked_at:
        facts.append(
            f"tested {text.ago(provider.checked_at)} ago" if text.ago(provider.checked_at) != "now" else "tested just now"
        )
    return " · ".join(facts)


def _open_form(provider: ProviderView | None) -> None:
    state.forget(NAME, ADDRESS, SECRET, KIND)

    @st.dialog("Change provider" if provider else "Add provider")
    def form() -> None:
        vendor = OTHER if provider else st.selectbox("Kind", list(VENDORS), key=KIND)
        if provider is None:
            st.text_input(
                "Name",
                VENDORS[vendor][1],
                key=NAME,
                max_chars=40,
                help="Short, in lower case: it stands before the names of its models.",
            )
        if vendor == OTHER:
            st.text_input(
                "Address",
                (provider.base_url if provider else None) or "",
                key=ADDRESS,
                placeholder="http://127.0.0.1:11434/v1",
            )
        st.text_input(
            "Key",
            key=SECRET,
            type="password",
            autocomplete="off",
            placeholder="Leave empty to keep the present one" if provider and provider.has_secret else "",
        )
        if provider:
            st.caption("A new address clears the key that was meant for the old one.")
        _draw_submit(provider, vendor)

    form()


def _draw_submit(provider: ProviderView | None, vendor: str) -> None:
    with st.container(horizontal=True):
        if st.button("Save and test", type="primary", key="providers.save"):
            name = _save(provider, vendor)
            if name is not None:
                with st.spinner("Asking", show_time=True):
                    check.check_as(name, actor=guard.enter())
                st.rerun()
        if st.button("Cancel", key="providers.cancel"):
            st.rerun()


def _save(provider: ProviderView | None, vendor: str) -> str | None:
    """Store what the form holds and return the provider's name; show why not, and return None."""
    address, secret = state.get(ADDRESS, "").strip() or None, state.get(SECRET, "").strip() or None
    try:
        with errors.InWords("The provider"):
            return _store(provider, vendor, address, secret)
    except ValidationError as wrong:
        fields = {str(error["loc"][0]) for error in wrong.errors() if error["loc"]}
        words = "A name has small letters, digits, - and _." if "name" in fields else "The key has characters that no key has."
        st.error(words)
    return None


def _store(provider: ProviderView | None, vendor: str, address: str | None, secret: str | None) -> str:
    if provider is None or provider.id is None:
        kind = VENDORS[vendor][0]
        given = NewProvider.model_validate(
            {"name": state.get(NAME, "").strip(), "kind": kind, "base_url": address, "secret": secret}
        )
        with guard.work() as (session, actor):
            return service.add(session, given, actor=actor).name
    change = {"base_url": address} | ({"secret": secret} if secret else {})
    with guard.work() as (session, actor):
        return service.change(session, provider.id, ProviderChange.model_validate(change), actor=actor).name


def _ask_to_remove(provider: ProviderView) -> None:
    @st.dialog("Remove this provider?")
    def confirm() -> None:
        st.write(f"{text.plain(provider.name)} and its key will be removed. What its models have answered stays.")
        with st.container(horizontal=True):
            if st.button("Remove provider", type="primary", key="providers.confirm", on_click=remove, args=(provider.id,)):
                st.rerun()
            if st.button("Cancel", key="providers.keep"):
                st.rerun()

    confirm()


@errors.action
def remove(provider_id: UUID) -> None:
    """Remove a provider."""
    with guard.work() as (session, actor):
        service.remove(session, provider_id, actor=actor)
    state.toast("Provider removed")
