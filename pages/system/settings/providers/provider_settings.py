"""Settings, Providers: where models come from, their status and write-only keys."""

from functools import partial
from uuid import UUID

import streamlit as st

from core.presentation import formatting
from core.providers import check
from core.providers.provider_schemas import ProviderSource, ProviderStatus, ProviderView
from core.providers.queries import configured
from core.providers.schemas import ProviderKind
from core.providers.service import providers as service
from pages._ui import dialogs, errors, frame, guard, links, state, text
from pages.system.settings import cards
from pages.system.settings.providers import provider_form

BADGES = {
    ProviderStatus.WORKING: ":green-badge[Working]",
    ProviderStatus.FAILING: ":red-badge[Failing]",
    ProviderStatus.UNTESTED: ":gray-badge[Untested]",
}
SOURCES = {
    ProviderSource.PACKAGED: "included",
    ProviderSource.ENVIRONMENT: "from environment variables",
    ProviderSource.SETTINGS: "added here",
}


def draw() -> None:
    with guard.work() as (session, _):
        providers = configured.list_providers(session)
    note = "API keys are encrypted and never shown again"
    row = frame.section_row("Providers", note, width=cards.WIDTH_PX)
    row.button(
        "Add provider", icon=":material/add:", on_click=provider_form.open_form, args=(None,)
    )
    if links.begins("provider"):
        provider_form.open_form(None)
    if not providers:
        frame.empty_state(
            "key",
            "No providers yet",
            "Add an OpenAI or Anthropic API key, or the base URL of your own server.",
            width=cards.WIDTH_PX,
        )
    for provider in providers:
        _draw_provider(provider)


def _draw_provider(provider: ProviderView) -> None:
    title = f"**{text.plain(provider.name)}**\u2002{BADGES[provider.status]}"
    with cards.card(title, partial(_draw_buttons, provider)):
        st.caption(_facts(provider))
        if provider.status is ProviderStatus.FAILING:
            cards.draw_problem(provider.status_detail)


def _draw_buttons(provider: ProviderView) -> None:
    if cards.button("Test connection", "sync", key=f"test-{provider.name}"):
        with st.spinner("Testing connection…", show_time=True), errors.InWords("Connection test"):
            check.check_as(provider.name, actor=guard.enter())
        st.rerun()
    if provider.id is None:
        return
    is_own, edit = (
        provider.source is ProviderSource.SETTINGS,
        partial(provider_form.open_form, provider),
    )
    name, icon = ("Edit", "edit") if is_own else ("Limits", "speed")
    cards.button(name, icon, key=f"change-{provider.name}", on_click=edit)
    if is_own:
        ask = partial(_ask_to_remove, provider)
        cards.button("Remove", "delete", key=f"remove-{provider.name}", on_click=ask)


def _facts(provider: ProviderView) -> str:
    facts = [SOURCES[provider.source]]
    if provider.base_url:
        facts.append(text.code(provider.base_url))
    if provider.kind in (ProviderKind.OPENAI, ProviderKind.ANTHROPIC):
        facts.append("API key set" if provider.has_secret else "no API key")
    if provider.model_count:
        facts.append(formatting.count(provider.model_count, "model"))
    if provider.max_concurrent:
        facts.append(f"at most {formatting.count(provider.max_concurrent, 'call')} at a time")
    if provider.calls_per_minute:
        facts.append(f"at most {formatting.count(provider.calls_per_minute, 'call')} per minute")
    if provider.checked_at:
        facts.append(f"tested {text.since(provider.checked_at)}")
    return " · ".join(facts)


def _ask_to_remove(provider: ProviderView) -> None:
    name = text.plain(provider.name)
    body = f"{name} and its API key will be removed. Existing answers are kept."
    label, id_ = "Remove provider", provider.id
    dialogs.confirm("Remove this provider?", body, label, remove, id_, key="providers")


@errors.action
def remove(provider_id: UUID) -> None:
    with guard.work() as (session, actor):
        service.remove(session, provider_id, actor=actor)
    state.toast("Provider removed")
