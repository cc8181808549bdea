"""The fields of a target: a model with a system prompt, prompt or bot; or the active service."""

from typing import Any

import streamlit as st

from core.evaluations.schemas import RunTarget
from pages._ui import state, text
from pages.test.evaluations.form.target_choices import BOT, SERVICE, TargetChoices

COUNT = "evaluations.new.targets"


def draw(name: str, choices: TargetChoices, *, has_text: bool = True) -> None:
    """Draw the fields of a target; without `has_text`, it must be a prompt or bot."""
    options = [*choices.models, *([f"{SERVICE}:{choices.service[0]}"] if choices.service else [])]
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        chosen = st.selectbox(
            f"Model of {name}",
            options,
            key=_key(name, "model"),
            format_func=lambda each: _label(each, choices),
            width=320,
        )
        is_service = chosen is not None and chosen.startswith(f"{SERVICE}:")
        prompt_id = None if is_service else _draw_prompt(name, choices, has_text)
        if prompt_id is not None:
            newest = choices.prompts[prompt_id][1]
            st.selectbox(
                f"Version of {name}",
                range(newest, 0, -1),
                # Of this prompt alone: another one may have fewer versions
                key=_key(name, f"version.{prompt_id}"),
                width=130,
            )
        if chosen is not None and not is_service:
            st.number_input(
                f"Temperature of {name}",
                0.0,
                2.0,
                None,
                key=_key(name, "temperature"),
                placeholder="Default",
                width=180,
            )
    if prompt_id is None and has_text:
        st.text_area(
            f"System prompt of {name}",
            key=_key(name, "text"),
            placeholder="Answer in one sentence.",
            height=90,
            help="A case's values fill the places that they name, such as {{tone}}.",
        )


def _draw_prompt(name: str, choices: TargetChoices, has_text: bool) -> str | None:
    return st.selectbox(
        f"Prompt or bot of {name}",
        list(choices.prompts),
        index=None,
        key=_key(name, "prompt"),
        placeholder="System prompt below" if has_text else "Choose one",
        format_func=lambda each: text.one_line(choices.prompts[each][0]),
        width=260,
    )


def choose(prompt: str, version: int, model_id: str | None) -> None:
    """Choose a prompt or a bot as the first target, from its page."""
    name = "target 1"
    state.put(_key(name, "prompt"), prompt)
    state.put(_key(name, f"version.{prompt}"), version)
    if model_id is not None:
        state.put(_key(name, "model"), model_id)


def fill(name: str, target: RunTarget, choices: TargetChoices) -> bool:
    """Fill the fields with a target of another evaluation; return whether all of it is offered."""
    prompt = str(target.prompt_id) if target.prompt_id else None
    version, entered = target.prompt_version, target.prompt
    if target.bot_id is not None:  # its instructions were sent as a system prompt
        prompt, version, entered = f"{BOT}:{target.bot_id}", target.bot_version, None
    service = f"{SERVICE}:{target.service_id}" if target.service_id else None
    state.put(_key(name, "model"), service or target.model_id)
    state.put(_key(name, "prompt"), prompt)
    state.put(_key(name, "text"), entered or "")
    if prompt is not None:
        state.put(_key(name, f"version.{prompt}"), version)
    else:  # a version has parameters of its own
        state.put(_key(name, "temperature"), target.parameters.temperature)
    if target.service_id is not None:
        return choices.service is not None and choices.service[0] == target.service_id
    return target.model_id in (None, *choices.models) and prompt in (None, *choices.prompts)


def copy(name: str, to: str) -> None:
    """Fill the fields of a target with those of another, from a callback."""
    for key in list(st.session_state):
        if str(key).startswith(_key(name, "")):
            field = str(key).removeprefix(_key(name, ""))
            state.put(_key(to, field), st.session_state[key])


def read(name: str) -> dict[str, Any]:
    """Return a target as entered."""
    model: str | None = state.get(_key(name, "model"), None)
    prompt_id: str | None = state.get(_key(name, "prompt"), None)
    found: dict[str, Any] = {}
    if model is not None and model.startswith(f"{SERVICE}:"):
        found["service_id"] = model.removeprefix(f"{SERVICE}:")
    else:
        found["model_id"] = model
        temperature: float | None = state.get(_key(name, "temperature"), None)
        if temperature is not None:
            found["parameters"] = {"temperature": temperature}
    if prompt_id is not None and "service_id" not in found:  # it brings its own
        kind, _, bot_id = prompt_id.partition(":")
        found |= {"bot_id": bot_id} if kind == BOT else {"template_id": prompt_id}
        found["version"] = state.get(_key(name, f"version.{prompt_id}"), None)
    elif (entered := state.get(_key(name, "text"), "")).strip():
        found["prompt"] = entered
    return found


def _key(name: str, field: str) -> str:
    return f"evaluations.{name}.{field}"


def _label(option: str, choices: TargetChoices) -> str:
    if option.startswith(f"{SERVICE}:") and choices.service is not None:
        return text.one_line(f"Service: {choices.service[1]}")
    return option
