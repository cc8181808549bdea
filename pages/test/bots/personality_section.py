"""Section Personality: sliders, style, instructions and parameters, saved as they are moved."""

from functools import partial
from typing import Any
from uuid import UUID

import streamlit as st

from core.bots.personality.parameters import from_formulas
from core.bots.queries import bots as queries
from core.bots.schemas import (
    MAX_INSTRUCTION_CHARS,
    BotChange,
    BotView,
    BotVisibility,
    Trait,
)
from core.bots.service import bots
from pages._ui import errors, frame, guard, state, text
from pages.test.bots.labels import EMOJIS, ENDS, PARAMETERS, STYLES, TRAITS

SHARED = "Shared with everyone who may run models"
STEPS = {"max_tokens": 10}


def draw(bot: BotView) -> None:
    left, right = st.columns([1.1, 1], gap="medium")
    with left:
        if not bot.is_own:
            st.info("Only the owner can change this bot. Copy it to make one of your own.")
        _draw_name(bot)
        _draw_sliders(bot)
        _draw_style(bot)
        _draw_parameters(bot)
    with right:
        _draw_preview(bot)


def _key(bot: BotView | UUID, name: str) -> str:
    return f"bots.edit.{bot if isinstance(bot, UUID) else bot.id}.{name}"


def _seeded(bot: BotView, name: str, value: object) -> dict[str, Any]:
    """Return the key and the callback of a widget that saves what is entered at once."""
    key = _key(bot, name)
    # In each run: a value that was refused, or changed in another tab, gives way to the stored one
    state.put(key, value)
    saving = partial(save, bot.id, name)
    return {"key": key, "on_change": saving, "disabled": not bot.is_own}


def _draw_name(bot: BotView) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        choices = list(dict.fromkeys([bot.avatar_emoji, *EMOJIS]))
        avatar = _seeded(bot, "avatar_emoji", bot.avatar_emoji)
        st.selectbox("Avatar", choices, width=100, **avatar)
        st.text_input("Name", max_chars=100, **_seeded(bot, "bot_name", bot.bot_name))
    is_shared = bot.visibility is BotVisibility.SHARED
    st.toggle(SHARED, **_seeded(bot, "visibility", is_shared))


def _draw_sliders(bot: BotView) -> None:
    frame.section("Personality", "saved as a draft when you let go")
    for trait, name in TRAITS.items():
        low, high = ENDS[trait]
        st.slider(
            name,
            0,
            100,
            help=f"0 {low}, 100 {high}",
            **_seeded(bot, trait.value, bot.personality_traits.level(trait)),
        )


def _draw_style(bot: BotView) -> None:
    st.segmented_control(
        "Response style",
        list(STYLES),
        format_func=STYLES.__getitem__,
        required=True,
        **_seeded(bot, "response_style", bot.response_style),
    )
    st.text_area(
        "Custom instructions",
        height=120,
        max_chars=MAX_INSTRUCTION_CHARS,
        placeholder="Always offer a test ride.",
        **_seeded(bot, "custom_instructions", bot.custom_instructions),
    )


def _draw_parameters(bot: BotView) -> None:
    computed = from_formulas(bot)
    frame.section("Parameters", "follow the sliders; a number here overrides them")
    grid = st.grid(2, min_column_width=150, gap="small")
    for name, label in PARAMETERS.items():
        with grid.cell():
            is_whole = name in STEPS
            st.number_input(
                label,
                placeholder=f"{getattr(computed, name):g}",
                step=STEPS[name] if is_whole else 0.05,
                # Penalties may be negative: words are then more likely to be repeated.
                min_value=1 if is_whole else 0.0 if name == "temperature" else -2.0,
                max_value=100_000 if is_whole else 2.0,
                **_seeded(bot, name, getattr(bot.parameters, name)),
            )


@errors.action
def save(bot_id: UUID, name: str) -> None:
    """Save one field of the draft."""
    value: Any = state.get(_key(bot_id, name), None)
    if name in set(Trait):
        change = BotChange.model_validate({"personality_traits": {name: value}})
    elif name in PARAMETERS:
        change = BotChange.model_validate({"parameters": {name: value}})
    elif name == "visibility":
        shared = BotVisibility.SHARED if value else BotVisibility.PRIVATE
        change = BotChange(visibility=shared)
    elif name == "bot_name" and not str(value or "").strip():
        return  # the old name is drawn again
    else:
        change = BotChange.model_validate({name: value})
    with guard.work() as (session, actor):
        bots.change_bot(session, bot_id, change, actor=actor)


@errors.part("Preview")
def _draw_preview(bot: BotView) -> None:
    with guard.work_on_both() as (_, ai, actor):
        documents = queries.read_documents(ai, bot.knowledge.documents, actor=actor)
    preview = queries.preview(queries.plain(bot), documents)
    shown = [
        f"{label.lower()} {getattr(preview.parameters, name):g}"
        + (" (set by hand)" if name in preview.overridden else "")
        for name, label in PARAMETERS.items()
    ]
    frame.section("System prompt", f"about {len(preview.system_prompt) // 4:,} tokens")
    st.caption(text.plain(" · ".join(shown)))
    with st.container(key="bot-preview"):  # what scrolls must take the focus, as code does
        st.code(text.upright(preview.system_prompt), language=None, wrap_lines=True, height=620)
    for title in preview.left_out:
        st.warning(text.plain(f"Left out: {title}"), icon=":material/warning:")
