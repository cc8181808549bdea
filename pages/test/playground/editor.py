"""Model, parameters and prompt beside the chat, stored with the session for all tabs."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.playground.schemas import MAX_PROMPT_CHARS, Draft
from core.providers.schemas import ModelView, ParameterName, ParameterRange, Parameters
from core.services.schemas import ServiceView
from core.tools.schemas import ToolView
from pages._ui import diff, state
from pages.test.playground import history_setting

P = ParameterName
LABELS = {
    P.TEMPERATURE: "Temperature",
    P.MAX_TOKENS: "Max tokens",
    P.TOP_P: "Top p",
    P.FREQUENCY_PENALTY: "Frequency penalty",
    P.PRESENCE_PENALTY: "Presence penalty",
}
CHOICES = {P.REASONING_EFFORT: "Reasoning effort", P.PROMPT_CACHE_TTL: "Prompt cache lifetime"}
NUMBERS = {P.SEED: ("Seed", "Random"), P.THINKING_BUDGET: ("Thinking budget (tokens)", "Off")}
MOST_TOKENS_ON_A_SLIDER = 8192
MOST_OF_A_NUMBER = 2**31 - 1
LOWEST_COST_LIMIT = 0.0001
SERVICE = ""  # the choice of the active service, in the list of models


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
    ) -> None:
        """Fill the widgets from the session, keeping what was entered since."""
        self.service = service
        self.session_id = session_id
        self.models = {model.id: model for model in models}
        self.default_prompt = default_prompt
        self.tools = {tool.name: tool for tool in tools}
        default = SERVICE if service else default_model
        chosen = draft.model if draft.model in self.models else default
        state.seed(self.key("model"), chosen)
        if state.get(self.key("model"), chosen) not in self.choices:  # it has been removed since
            state.put(self.key("model"), chosen)
        state.seed(self.key("prompt"), draft.custom_prompt or default_prompt)
        state.seed(self.key("tools"), [name for name in draft.tools if name in self.tools])
        state.seed(self.key("cost_limit"), draft.cost_limit_usd and float(draft.cost_limit_usd))
        history_setting.seed(session_id, draft.history_turns)
        is_kept = self.model is not None and draft.model == self.model.id
        self._seed_parameters(draft.parameters if is_kept else Parameters())

    def key(self, name: str) -> str:
        """Return a widget's key: per session, and for parameters per model."""
        model = f".{state.get(self.key('model'), '')}" if name in set(P) else ""
        return f"playground.{name}{model}.{self.session_id}"

    @property
    def choices(self) -> list[str]:
        """The active service, if there is one, and the models."""
        return [*([SERVICE] if self.service else []), *self.models]

    @property
    def model(self) -> ModelView | None:
        """The chosen model, None for the active service."""
        return self.models.get(state.get(self.key("model"), SERVICE))

    @property
    def _taken(self) -> Mapping[ParameterName, ParameterRange]:
        return self.model.capabilities.parameters if self.model else {}

    @property
    def prompt(self) -> str:
        return state.get(self.key("prompt"), "").strip()

    @property
    def custom_prompt(self) -> str | None:
        """The prompt, None if it is the default."""
        return self.prompt if self.prompt and self.prompt != self.default_prompt.strip() else None

    def draft(self) -> Draft:
        """Return the settings without those that the model does not take."""
        return Draft(
            model=self.model.id if self.model else None,
            parameters=self._parameters(),
            custom_prompt=self.custom_prompt,
            tools=tuple(state.get(self.key("tools"), [])) if self._can_call_tools else (),
            cost_limit_usd=self._cost_limit,
            history_turns=history_setting.turns(self.session_id),
        )

    @property
    def _cost_limit(self) -> Decimal | None:
        limit = state.get(self.key("cost_limit"), 0.0) if self.model else None
        return Decimal(f"{limit:.4f}") if limit else None

    @property
    def _can_call_tools(self) -> bool:
        return self.model is not None and self.model.capabilities.calls_tools and bool(self.tools)

    def _parameters(self) -> Parameters:
        taken = self._taken
        given: dict[str, object] = {
            name: state.get(self.key(name), taken[name].default) for name in LABELS if name in taken
        }
        # What nobody has moved is left to the provider: some refuse what they do not need.
        for name in (P.TOP_P, P.FREQUENCY_PENALTY, P.PRESENCE_PENALTY):
            if name in taken and given[name] == taken[name].default:
                del given[name]
        for name in (*NUMBERS, *CHOICES):
            if name in taken:
                given[name] = state.get(self.key(name), None)
        if P.STOP_SEQUENCES in taken:
            lines = state.get(self.key(P.STOP_SEQUENCES), "").split("\n")
            given[P.STOP_SEQUENCES] = tuple(line[:100] for line in lines if line)[:4] or None
        excluded = self._excluded(given)
        return Parameters.model_validate(
            {name: value for name, value in given.items() if name not in excluded}
        )

    def _excluded(self, given: dict[str, object]) -> set[str]:
        """Return the parameters that are not sent together with others that were set."""
        taken = self._taken
        set_names = [name for name in taken if given.get(name) is not None]
        return {other for name in set_names for other in taken[name].excludes}

    def _seed_parameters(self, kept: Parameters) -> None:
        for name, bounds in self._taken.items():
            value = getattr(kept, name)
            if name is P.STOP_SEQUENCES:
                value = "\n".join(value or ())
            state.seed(self.key(name), bounds.default if value is None else value)

    def draw(self, on_change: Callable[[], None]) -> None:
        st.selectbox(
            "Model",
            self.choices,
            key=self.key("model"),
            format_func=self._label,
            on_change=on_change,
        )
        self._draw_parameters(on_change)
        if self._can_call_tools:
            self._draw_tools(on_change)
        history_setting.draw(self.session_id, on_change)
        st.text_area(
            "System prompt",
            key=self.key("prompt"),
            height=200,
            max_chars=MAX_PROMPT_CHARS,
            on_change=on_change,
            placeholder="Leave empty to use the default prompt",
        )
        self._draw_prompt_state(on_change)
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
            help="Run with your rights. After reading texts of others, changes need your "
            "confirmation.",
        )

    def _draw_parameters(self, on_change: Callable[[], None]) -> None:
        taken = self._taken
        grid = st.grid(2, min_column_width=130, gap="small")
        for name in (P.TEMPERATURE, P.MAX_TOKENS):
            if name in taken:
                self._draw_slider(grid, name, on_change)
        with st.expander("More parameters"):
            inner = st.grid(2, min_column_width=130, gap="small")
            for name in (P.TOP_P, P.FREQUENCY_PENALTY, P.PRESENCE_PENALTY):
                if name in taken:
                    self._draw_slider(inner, name, on_change)
            self._draw_numbers_and_choices(inner, on_change)
            if P.STOP_SEQUENCES in taken:
                st.text_area(
                    "Stop sequences",
                    key=self.key(P.STOP_SEQUENCES),
                    on_change=on_change,
                    height=68,
                    help="One per line, up to 4.",
                )
            st.number_input(
                "Cost limit (US dollars)",
                min_value=LOWEST_COST_LIMIT,
                step=0.01,
                format="%.4f",
                key=self.key("cost_limit"),
                on_change=on_change,
                placeholder="None",
                help="What may cost more is refused; with tools, the answer ends before.",
            )

    def _draw_numbers_and_choices(
        self, place: DeltaGenerator, on_change: Callable[[], None]
    ) -> None:
        taken = self._taken
        for name, (label, placeholder) in NUMBERS.items():
            if name in taken:
                place.number_input(
                    label,
                    min_value=int(taken[name].minimum or 0),
                    max_value=int(taken[name].maximum or MOST_OF_A_NUMBER),
                    key=self.key(name),
                    on_change=on_change,
                    placeholder=placeholder,
                )
        for name, label in CHOICES.items():
            if name in taken:
                place.selectbox(
                    label,
                    taken[name].choices or (),
                    key=self.key(name),
                    on_change=on_change,
                    placeholder="Default of the model",
                )

    def _draw_slider(
        self, place: DeltaGenerator, name: ParameterName, on_change: Callable[[], None]
    ) -> None:
        bounds = self._taken[name]
        low, high = bounds.minimum or 0.0, bounds.maximum or 1.0
        key = self.key(name)
        if name is P.MAX_TOKENS:
            most = int(min(high, MOST_TOKENS_ON_A_SLIDER))
            state.put(key, max(1, min(int(state.get(key, bounds.default or 1)), most)))
            place.slider(LABELS[name], 1, most, key=key, on_change=on_change)
        else:
            state.put(key, max(low, min(float(state.get(key, bounds.default or 0.0)), high)))
            place.slider(LABELS[name], low, high, step=0.05, key=key, on_change=on_change)

    def _draw_prompt_state(self, on_change: Callable[[], None]) -> None:
        custom = self.custom_prompt
        added = len(self.prompt or self.default_prompt) - len(self.default_prompt)
        change = f"{added:+,}".replace("-", "\u2212")
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.caption(
                f"{len(self.prompt):,} characters" + (f" ({change})" if custom else ""),
                width="content",
            )
            badge = (
                ":violet-badge[:material/edit: Custom prompt]"
                if custom
                else ":gray-badge[Default prompt]"
            )
            st.markdown(badge, width="content")
        if custom:
            st.caption("Changes from default")
            with st.container(border=True):
                diff.draw(self.default_prompt, custom)
        with st.container(horizontal=True, gap="xsmall"):
            st.button(
                "Clear prompt",
                key=self.key("use_default"),
                type="tertiary",
                icon=":material/undo:",
                on_click=self._put_prompt,
                args=("", on_change),
                disabled=not self.prompt,
                help="Clear the field and use the default prompt.",
            )
            st.button(
                "Reset to default",
                key=self.key("reset"),
                type="tertiary",
                icon=":material/restart_alt:",
                on_click=self._put_prompt,
                args=(self.default_prompt, on_change),
                disabled=self.prompt == self.default_prompt.strip(),
                help="Replace the text with the default prompt.",
            )

    def _put_prompt(self, prompt: str, on_change: Callable[[], None]) -> None:
        state.put(self.key("prompt"), prompt)
        on_change()

    def _label(self, choice: str) -> str:
        if self.service and choice == SERVICE:
            return f"{self.service.name}  ·  active service"
        provider, _, name = choice.partition(":")
        return f"{name}  ·  {provider}"
