"""One bot: its head, and its sections."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.bots.errors import BotMissing
from core.bots.queries import bots as queries
from core.bots.schemas import BotView, NewBotVersion
from core.bots.service import bots
from core.presentation import formatting
from core.system import workspace
from pages._ui import dialogs, frame, guard, sections, state, text
from pages.test.bots import (
    address,
    bot_menu,
    knowledge_section,
    message_section,
    personality_section,
    version_section,
)
from pages.test.bots.scenarios import scenario_section

SECTION = "bots.section"
NOTE = "bots.version.note"
SECTIONS: dict[str, Callable[[BotView], None]] = {
    "Personality": personality_section.draw,
    "Knowledge": knowledge_section.draw,
    "Test message": message_section.draw,
    "Scenarios": scenario_section.draw,
    "Versions": version_section.draw,
}


def draw() -> None:
    """Draw the bot that the address names."""
    frame.back("All bots", address.close, "bots.back")
    try:
        bot = _read()
    except BotMissing as missing:
        st.title("Bots", anchor=False)
        frame.empty_state("smart_toy", "Bot not found", missing.detail)
        return
    _draw_head(bot)
    SECTIONS[sections.choose(SECTIONS, SECTION)](bot)


def _read() -> BotView:
    try:
        bot_id = UUID(st.query_params[address.OPEN])
    except ValueError:
        raise BotMissing from None
    with guard.work() as (session, actor):
        return queries.get_bot(session, bot_id, actor=actor)


def _draw_head(bot: BotView) -> None:
    place, actions = frame.header_row(f"{bot.avatar_emoji} {text.plain(bot.bot_name)}")
    with place, st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if bot.is_active and bot.is_own:
            st.badge("Active", color="green")
        if bot.visibility == "shared":
            st.badge("Shared", color="blue")
        if bot.has_changes:
            st.badge("Draft changes", color="orange")
        owner = "yours" if bot.is_own else bot.owner_name
        updated = formatting.moment(bot.updated_at, workspace.zone())
        st.caption(text.plain(f"{owner} · version {bot.version} · updated {updated}"))
    with actions:
        _draw_actions(bot)


def _draw_actions(bot: BotView) -> None:
    if bot.is_own:
        st.button(
            "Save version",
            type="primary",
            icon=":material/save:",
            disabled=not bot.has_changes,
            on_click=ask_for_note,
            args=(bot,),
        )
    bot_menu.draw(bot)


def ask_for_note(bot: BotView) -> None:
    state.forget(NOTE)

    @st.dialog("Save version")
    def form() -> None:
        st.caption(f"The draft becomes version {bot.version + 1}.")
        st.text_input("Note", key=NOTE, max_chars=1000, placeholder="What changed")
        dialogs.submit("Save", lambda: save(bot.id), key="bots.version")

    form()


def save(bot_id: UUID) -> None:
    with guard.work() as (session, actor):
        note = NewBotVersion(note=state.get(NOTE, ""))
        saved = bots.save_version(session, bot_id, note, actor=actor)
    state.toast(f"Saved as version {saved.number}")
