"""The form that adds or changes a provider, and tests its connection."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.providers import check
from core.providers.provider_schemas import (
    NewProvider,
    ProviderChange,
    ProviderSource,
    ProviderView,
)
from core.providers.schemas import MAX_CALLS_PER_MINUTE, MAX_CONCURRENT, ProviderKind
from core.providers.service import providers as service
from pages._ui import errors, guard, state

NAME, ADDRESS, SECRET, KIND, CONCURRENT, PER_MINUTE = (
    f"providers.{name}"
    for name in ("name", "address", "secret", "kind", "concurrent", "per_minute")
)
VENDORS = {
    "OpenAI": (ProviderKind.OPENAI, "openai"),
    "Anthropic": (ProviderKind.ANTHROPIC, "anthropic"),
    "OpenAI-compatible": (ProviderKind.OPENAI, "ollama"),
}
OTHER = "OpenAI-compatible"
WRONG = {
    "name": "Use lower-case letters, digits, - and _ only.",
    "base_url": "The base URL is limited to 500 characters.",
    "": "The API key contains invalid characters.",
}


def open_form(provider: ProviderView | None) -> None:
    state.forget(NAME, ADDRESS, SECRET, KIND, CONCURRENT, PER_MINUTE)
    state.put(NAME, next(iter(VENDORS.values()))[1])

    @st.dialog("Edit provider" if provider else "Add provider")
    def form() -> None:
        vendor = OTHER
        if provider is None or provider.source is ProviderSource.SETTINGS:
            vendor = _draw_connection(provider)
        _draw_limits(provider)
        _draw_submit(provider, vendor)

    form()


def _draw_connection(provider: ProviderView | None) -> str:
    vendor = OTHER
    if provider is None:
        vendor = st.selectbox("Type", list(VENDORS), key=KIND, on_change=_suggest_name)
        help_ = "Lower case. Used as a prefix for its model names."
        st.text_input("Name", key=NAME, max_chars=40, help=help_)
    if vendor == OTHER:
        st.text_input(
            "Base URL",
            (provider.base_url if provider else None) or "",
            key=ADDRESS,
            placeholder="http://127.0.0.1:11434/v1",
        )
    hint = "Leave empty to keep the current key" if provider and provider.has_secret else ""
    st.text_input("API key", key=SECRET, type="password", autocomplete="off", placeholder=hint)
    if provider:
        st.caption("Changing the base URL clears the stored API key.")
    return vendor


def _draw_limits(provider: ProviderView | None) -> None:
    concurrent, per_minute = st.columns(2)
    limit = partial(st.number_input, min_value=1, step=1, placeholder="No limit")
    with concurrent:
        value = provider.max_concurrent if provider else None
        limit("Calls at a time", value=value, max_value=MAX_CONCURRENT, key=CONCURRENT)
    with per_minute:
        value = provider.calls_per_minute if provider else None
        limit("Calls per minute", value=value, max_value=MAX_CALLS_PER_MINUTE, key=PER_MINUTE)
    st.caption("Calls beyond a limit wait in a queue.")


def _suggest_name() -> None:
    suggested = {name for _, name in VENDORS.values()}
    # A name that was typed stays
    if state.get(NAME, "") in suggested:
        state.put(NAME, VENDORS[state.get(KIND, OTHER)][1])


def _draw_submit(provider: ProviderView | None, vendor: str) -> None:
    buttons, below = st.container(horizontal=True), st.container()
    wants_to_save = buttons.button("Save and test", type="primary", key="providers.save")
    if buttons.button("Cancel", key="providers.cancel"):
        st.rerun()
    if not wants_to_save:
        return
    name: str | None = None
    with errors.InForm(below):
        name = _store(provider, vendor)
    # Saved first: a provider that does not answer now is kept, with the reason
    if name is not None:
        with below, st.spinner("Testing connection…", show_time=True), errors.InForm(below):
            check.check_as(name, actor=guard.enter())
        st.rerun()


def _store(provider: ProviderView | None, vendor: str) -> str:
    """Save the form, and return the provider's name."""
    limits: dict[str, object] = {
        "max_concurrent": state.get(CONCURRENT, None),
        "calls_per_minute": state.get(PER_MINUTE, None),
    }
    if provider and provider.id and provider.source is not ProviderSource.SETTINGS:
        return _change(provider.id, limits, provider)
    address, secret = state.get(ADDRESS, "").strip() or None, state.get(SECRET, "").strip() or None
    is_elsewhere = vendor == OTHER if provider is None else provider.base_url is not None
    if is_elsewhere and address is None:
        raise Invalid("Enter a base URL.")
    try:
        if provider is None or provider.id is None:
            return _add(vendor, {"base_url": address, "secret": secret, **limits})
        # Left out, the stored key stays
        secrets = {"secret": secret} if secret else {}
        return _change(provider.id, {"base_url": address, **secrets, **limits}, provider)
    except ValidationError as wrong:
        fields = {str(error["loc"][0]) for error in wrong.errors() if error["loc"]}
        raise Invalid(
            next(words for field, words in WRONG.items() if field in fields or not field)
        ) from None


def _add(vendor: str, values: Mapping[str, object]) -> str:
    name = state.get(NAME, "").strip()
    given = NewProvider.model_validate({"name": name, "kind": VENDORS[vendor][0], **values})
    with guard.work() as (session, actor):
        return service.add(session, given, actor=actor).name


def _change(provider_id: UUID, values: Mapping[str, object], loaded: ProviderView) -> str:
    change = ProviderChange.model_validate(values)
    with guard.work() as (session, actor):
        return service.change(session, provider_id, change, actor=actor, loaded=loaded).name
