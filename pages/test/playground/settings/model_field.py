"""The choice beside the chat of what answers: a model, or a service."""

from collections.abc import Callable, Iterable
from uuid import UUID

import streamlit as st

from core.playground.schemas import Draft
from core.providers.schemas import ModelView
from core.services.schemas import ServiceView
from pages._ui import state, text

SERVICE = ""  # the choice of the active service


class ModelField:
    """The field of a session; `key` is the widget's."""

    def __init__(
        self,
        key: str,
        active: ServiceView | None,
        models: Iterable[ModelView],
        others: Iterable[ServiceView],
    ) -> None:
        services = (*([active] if active else []), *others)
        self._key = key
        self._services = {_choice(each): each for each in services}
        self._models = {model.id: model for model in models}
        self._missing: str | None = None

    @property
    def _choices(self) -> list[str]:
        """The active service, if there is one, other services, and the models."""
        return [*self._services, *self._models]

    @property
    def _chosen(self) -> str:
        return state.get(self._key, SERVICE)

    @property
    def model(self) -> ModelView | None:
        """The chosen model, None for a service."""
        return self._models.get(self._chosen)

    @property
    def service(self) -> ServiceView | None:
        """The chosen service, None for a model."""
        return self._services.get(self._chosen)

    @property
    def service_id(self) -> UUID | None:
        """The chosen service, None for the active one, whichever it will be."""
        return self.service.id if self.service and not self.service.is_active else None

    def seed(self, draft: Draft, default: str) -> None:
        """Choose what the draft names if it is offered, else the default; keep what was entered
        since.
        """
        by_service = (at for at, it in self._services.items() if it.id == draft.service_id)
        kept = next(by_service, draft.model or SERVICE)
        chosen = kept if kept in self._choices else default
        if draft.model and draft.model not in self._models:
            self._missing = self._name(draft.model)
        state.seed(self._key, chosen)
        if state.get(self._key, chosen) not in self._choices:  # it has been removed since
            state.put(self._key, chosen)

    def use(self, model: str | None) -> None:
        """Choose a model if it can be called, before the field is drawn."""
        if model in self._models:
            state.put(self._key, model)

    def draw(self, label: str, on_change: Callable[[], None] | None = None) -> None:
        st.selectbox(
            label,
            self._choices,
            key=self._key,
            format_func=self._name,
            on_change=on_change,
        )
        if self._missing:
            missing = text.plain(self._missing)
            st.caption(f"The model of this session, {missing}, is not available.")

    def _name(self, choice: str) -> str:
        if service := self._services.get(choice):
            return f"{service.name}  ·  {'active service' if service.is_active else 'service'}"
        provider, _, name = choice.partition(":")
        return f"{name}  ·  {provider}"


def _choice(service: ServiceView) -> str:
    return SERVICE if service.is_active else f"service:{service.id}"
