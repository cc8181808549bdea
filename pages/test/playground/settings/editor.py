"""Model, parameters and prompt beside the chat, stored with the session for all tabs."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from uuid import UUID

import streamlit as st

from core.playground.schemas import Draft
from core.providers.schemas import ModelView, ParameterName, Parameters
from core.services.schemas import ServiceView
from core.tools.schemas import ToolView
from pages._ui import state
from pages.test.playground.settings import history_setting, saved_prompts
from pages.test.playground.settings.model_field import SERVICE, ModelField
from pages.test.playground.settings.parameter_fields import ParameterFields
from pages.test.playground.settings.prompt_field import PromptField

LOWEST_COST_LIMIT = 1e-8  # as low as it is stored


class Editor:
    def __init__(
        self,
        session_id: UUID,
        draft: Draft,
        service: ServiceView | None,
        models: list[ModelView],
        default_model: str,
        default_prompt: str,
        tools: list[ToolView],
        others: Iterable[ServiceView] = (),
    ) -> None:
        """Fill the widgets from the session, keeping what was entered since; `others` are services
        that are offered though they are not active.
        """
        self.session_id = session_id
        self.default_prompt = default_prompt
        self._prompt = PromptField(session_id, default_prompt)
        self._model = ModelField(self.key("model"), service, models, others)
        self.tools = {tool.name: tool for tool in tools}
        self._model.seed(draft, SERVICE if service else default_model)
        state.seed(self._prompt.key, draft.custom_prompt or default_prompt)
        state.seed(self.key("tools"), [name for name in draft.tools if name in self.tools])
        state.seed(self.key("cost_limit"), draft.cost_limit_usd and float(draft.cost_limit_usd))
        history_setting.seed(session_id, draft.history_turns)
        # Parameters of another model may be out of range, or unknown to this one
        is_kept = self.model is not None and draft.model == self.model.id
        self._parameters.seed(draft.parameters if is_kept else Parameters())

    def key(self, name: str) -> str:
        """Return a widget's key: per session, and for parameters per model."""
        model = f".{state.get(self.key('model'), '')}" if name in set(ParameterName) else ""
        return f"playground.{name}{model}.{self.session_id}"

    @property
    def model(self) -> ModelView | None:
        """The chosen model, None for a service."""
        return self._model.model

    @property
    def takes_files(self) -> bool:
        """Whether what answers takes files: models do, services with an upload address."""
        return self._model.service is None or self._model.service.upload_url is not None

    @property
    def _parameters(self) -> ParameterFields:
        taken = self.model.capabilities.parameters if self.model else {}
        return ParameterFields(taken, self.key)

    @property
    def prompt(self) -> str:
        return self._prompt.text

    def draft(self) -> Draft:
        """Return the settings without those that the model does not take."""
        return Draft(
            model=self.model.id if self.model else None,
            service_id=self._model.service_id,
            parameters=self._parameters.values(),
            custom_prompt=self._prompt.custom,
            tools=tuple(state.get(self.key("tools"), [])) if self._can_call_tools else (),
            cost_limit_usd=self._cost_limit,
            history_turns=history_setting.turns(self.session_id),
        )

    @property
    def _cost_limit(self) -> Decimal | None:
        limit = state.get(self.key("cost_limit"), 0.0) if self.model else None
        return Decimal(f"{limit:.8f}") if limit else None

    @property
    def _can_call_tools(self) -> bool:
        return self.model is not None and self.model.capabilities.calls_tools and bool(self.tools)

    def use(self, model: str | None, parameters: Parameters, prompt: str | None = None) -> None:
        """Set what a stored prompt or bot brings, before the widgets are drawn: a model and
        parameters where they can be called, and a system prompt.
        """
        self._model.use(model)
        self._parameters.use(parameters)
        if prompt is not None:
            state.put(self._prompt.key, prompt)

    def draw(self, on_change: Callable[[], None]) -> None:
        self._model.draw("Model", on_change)
        self._draw_parameters(on_change)
        if self._can_call_tools:
            self._draw_tools(on_change)
        history_setting.draw(self.session_id, on_change)
        self._prompt.draw(on_change)
        saved_prompts.draw_button(self.key("saved"), self.model)
        self._prompt.draw_state(on_change)
        default = st.expander("Default prompt", key=self.key("default"), on_change="rerun")
        if default.open:  # for a code block the browser fetches 0.4 MB
            default.code(self.default_prompt, language=None, wrap_lines=True)

    def _draw_tools(self, on_change: Callable[[], None]) -> None:
        st.multiselect(
            "Tools",
            list(self.tools),
            key=self.key("tools"),
            format_func=lambda name: name.replace("_", " ").capitalize(),
            on_change=on_change,
            placeholder="None",
            help="Tools run with your permissions. Once they have read other people's texts, "
            "changes need your confirmation.",
        )

    def _draw_parameters(self, on_change: Callable[[], None]) -> None:
        with self._parameters.draw(on_change):
            st.number_input(
                "Cost limit (US dollars)",
                min_value=LOWEST_COST_LIMIT,
                step=0.01,
                format="%g",
                key=self.key("cost_limit"),
                on_change=on_change,
                placeholder="None",
                help="Calls that could cost more are refused; with tools, the answer stops before "
                "the limit.",
            )
