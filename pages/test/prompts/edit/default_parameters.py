"""The default parameters of a version: fields of those that its model takes, empty unless set."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import streamlit as st

from core.errors import Invalid
from core.providers.schemas import (
    ModelView,
    ParameterName,
    ParameterRange,
    Parameters,
    PromptCacheTtl,
    ReasoningEffort,
)
from pages._ui import state

P = ParameterName
FIRST = (P.TEMPERATURE, P.MAX_TOKENS)
LABELS = {
    P.TEMPERATURE: "Temperature",
    P.MAX_TOKENS: "Max tokens",
    P.TOP_P: "Top p",
    P.FREQUENCY_PENALTY: "Frequency penalty",
    P.PRESENCE_PENALTY: "Presence penalty",
    P.STOP_SEQUENCES: "Stop sequences",
    P.SEED: "Seed",
    P.REASONING_EFFORT: "Reasoning effort",
    P.THINKING_BUDGET: "Thinking budget (tokens)",
    P.PROMPT_CACHE_TTL: "Prompt cache lifetime",
}
# What a version may hold; its model may take less, which the call says
FRACTIONS = {
    P.TEMPERATURE: (0.0, 2.0),
    P.TOP_P: (0.0, 1.0),
    P.FREQUENCY_PENALTY: (-2.0, 2.0),
    P.PRESENCE_PENALTY: (-2.0, 2.0),
}
WHOLE_NUMBERS = {
    P.MAX_TOKENS: (1, 1_000_000),
    P.SEED: (0, 2**31 - 1),
    P.THINKING_BUDGET: (1024, 1_000_000),
}
CHOICES: Mapping[ParameterName, tuple[str, ...]] = {
    P.REASONING_EFFORT: get_args(ReasoningEffort),
    P.PROMPT_CACHE_TTL: get_args(PromptCacheTtl),
}
MOST_SEQUENCES, MOST_CHARS = 4, 100
STORED = "stored_sequences"

Key = Callable[[str], str]


def load(parameters: Parameters, key: Key) -> None:
    """Fill the fields."""
    for name in P:
        value = getattr(parameters, name)
        state.put(key(name), "\n".join(value or ()) if name is P.STOP_SEQUENCES else value)
    state.put(key(STORED), parameters.stop_sequences or ())


def read(key: Key) -> Parameters:
    """Return what was entered; raise Invalid or ValidationError."""
    entered: dict[str, Any] = {name: state.get(key(name), None) for name in P}
    sequences = _sequences(entered[P.STOP_SEQUENCES] or "", state.get(key(STORED), ()))
    if len(sequences) > MOST_SEQUENCES or any(len(each) > MOST_CHARS for each in sequences):
        raise Invalid(f"Enter up to {MOST_SEQUENCES} stop sequences of up to {MOST_CHARS} letters.")
    entered[P.STOP_SEQUENCES] = sequences or None
    return Parameters.model_validate(entered)


def _sequences(shown: str, stored: tuple[str, ...]) -> tuple[str, ...]:
    # The API takes line ends, the usual place to stop: what was not edited stays as it is stored
    if shown == "\n".join(stored):
        return stored
    return tuple(line for line in shown.split("\n") if line)


def draw(model: ModelView | None, key: Key) -> None:
    """Draw the fields of what the model takes, without one of all, and of what is set already."""
    taken: Mapping[ParameterName, ParameterRange] | None = None
    if model is not None:
        taken = model.capabilities.parameters
    set_ones = [name for name in P if state.get(key(name), None) not in (None, "")]
    names = [name for name in P if taken is None or name in taken or name in set_ones]
    for name in FIRST:
        if name in names:
            _draw_field(name, (), key)
    rest = [name for name in names if name not in FIRST]
    count = len(set(rest) & set(set_ones))
    with st.popover(f"More parameters ({count})" if count else "More parameters"):
        for name in rest:
            bounds = taken.get(name) if taken is not None else None
            _draw_field(name, (bounds.choices if bounds else None) or CHOICES.get(name, ()), key)


def _draw_field(name: ParameterName, choices: Iterable[str], key: Key) -> None:
    fixed: dict[str, Any] = {"key": key(name), "persist_state": "session"}
    if name is P.STOP_SEQUENCES:
        st.text_area(
            LABELS[name], height=80, help=f"One per line, up to {MOST_SEQUENCES}.", **fixed
        )
    elif name in CHOICES:
        present = state.get(key(name), None)
        options = list(dict.fromkeys([*choices, *([present] if present else [])]))
        st.selectbox(LABELS[name], options, index=None, placeholder="Default", **fixed)
    elif name in FRACTIONS:
        least, most = FRACTIONS[name]
        st.number_input(LABELS[name], least, most, None, 0.1, width=150, **fixed)
    else:
        low, high = WHOLE_NUMBERS[name]
        st.number_input(LABELS[name], low, high, None, 1, width=150, **fixed)
