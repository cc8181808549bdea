"""The fields of the parameters that a model takes, with its bounds and defaults."""

from collections.abc import Callable, Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.providers.schemas import ParameterName, ParameterRange, Parameters
from pages._ui import state

P = ParameterName
SLIDERS = {
    P.TEMPERATURE: "Temperature",
    P.MAX_TOKENS: "Max tokens",
    P.TOP_P: "Top p",
    P.FREQUENCY_PENALTY: "Frequency penalty",
    P.PRESENCE_PENALTY: "Presence penalty",
}
FIRST = (P.TEMPERATURE, P.MAX_TOKENS)
# What nobody has moved is left to the provider: some refuse what they do not need
LEFT_OUT_BY_DEFAULT = (P.TOP_P, P.FREQUENCY_PENALTY, P.PRESENCE_PENALTY)
CHOICES = {P.REASONING_EFFORT: "Reasoning effort", P.PROMPT_CACHE_TTL: "Prompt cache lifetime"}
NUMBERS = {P.SEED: ("Seed", "Random"), P.THINKING_BUDGET: ("Thinking budget (tokens)", "Off")}
MOST_TOKENS_ON_A_SLIDER = 8192
MOST_OF_A_NUMBER = 2**31 - 1
MOST_SEQUENCES, MOST_OF_A_SEQUENCE = 4, 100


class ParameterFields:
    """The fields of one model; `key` returns the key of a parameter's field."""

    def __init__(
        self, taken: Mapping[ParameterName, ParameterRange], key: Callable[[str], str]
    ) -> None:
        self._taken = taken
        self._key = key

    def seed(self, kept: Parameters) -> None:
        """Fill the fields with kept values or defaults, keeping what was entered since."""
        for name, bounds in self._taken.items():
            value = getattr(kept, name)
            first = bounds.default if value is None else value
            state.seed(self._key(name), _entered(name, first))

    def use(self, parameters: Parameters) -> None:
        """Set the fields of the parameters that the model takes, before they are drawn."""
        for name, value in parameters.set_values().items():
            if name in self._taken:
                state.put(self._key(name), _entered(ParameterName(name), value))

    def values(self) -> Parameters:
        """Return what was entered, without what is sent only when it was changed."""
        taken = self._taken
        given: dict[str, object] = {
            name: state.get(self._key(name), taken[name].default)
            for name in SLIDERS
            if name in taken
        }
        for name in LEFT_OUT_BY_DEFAULT:
            if name in taken and given[name] == taken[name].default:
                del given[name]
        for name in (*NUMBERS, *CHOICES):
            if name in taken:
                given[name] = state.get(self._key(name), None)
        if P.STOP_SEQUENCES in taken:
            lines = state.get(self._key(P.STOP_SEQUENCES), "").split("\n")
            sequences = tuple(line[:MOST_OF_A_SEQUENCE] for line in lines if line)
            given[P.STOP_SEQUENCES] = sequences[:MOST_SEQUENCES] or None
        excluded = self._excluded(given)
        return Parameters.model_validate(
            {name: value for name, value in given.items() if name not in excluded}
        )

    def _excluded(self, given: Mapping[str, object]) -> set[str]:
        """Return the parameters that are not sent together with others that were set."""
        set_names = [name for name in self._taken if given.get(name) is not None]
        return {other for name in set_names for other in self._taken[name].excludes}

    def draw(self, on_change: Callable[[], None]) -> DeltaGenerator:
        """Draw the fields; return the expander of the less used ones."""
        grid = st.grid(2, min_column_width=130, gap="small")
        for name in FIRST:
            if name in self._taken:
                self._draw_slider(grid, name, on_change)
        more = st.expander("More parameters")
        with more:
            inner = st.grid(2, min_column_width=130, gap="small")
            for name in LEFT_OUT_BY_DEFAULT:
                if name in self._taken:
                    self._draw_slider(inner, name, on_change)
            self._draw_numbers_and_choices(inner, on_change)
            if P.STOP_SEQUENCES in self._taken:
                st.text_area(
                    "Stop sequences",
                    key=self._key(P.STOP_SEQUENCES),
                    on_change=on_change,
                    height=68,
                    help=f"One per line, up to {MOST_SEQUENCES}.",
                )
        return more

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
                    key=self._key(name),
                    on_change=on_change,
                    placeholder=placeholder,
                )
        for name, label in CHOICES.items():
            if name in taken:
                place.selectbox(
                    label,
                    taken[name].choices or (),
                    key=self._key(name),
                    on_change=on_change,
                    placeholder="Default of the model",
                )

    def _draw_slider(
        self, place: DeltaGenerator, name: ParameterName, on_change: Callable[[], None]
    ) -> None:
        bounds = self._taken[name]
        low, high = bounds.minimum or 0.0, bounds.maximum or 1.0
        key = self._key(name)
        if name is P.MAX_TOKENS:
            most = int(min(high, MOST_TOKENS_ON_A_SLIDER))
            state.put(key, max(1, min(int(state.get(key, bounds.default or 1)), most)))
            place.slider(SLIDERS[name], 1, most, key=key, on_change=on_change)
        else:
            # Streamlit refuses what is out of bounds, which a stored prompt or bot may bring
            state.put(key, max(low, min(float(state.get(key, bounds.default or 0.0)), high)))
            place.slider(SLIDERS[name], low, high, step=0.05, key=key, on_change=on_change)


def _entered(name: ParameterName, value: object) -> object:
    """Return a value as its field holds it: sequences are the lines of a text."""
    if name is not P.STOP_SEQUENCES:
        return value
    return "\n".join(value) if isinstance(value, tuple) else ""
