"""The list of bots: the account's own, and those that others share."""

from collections.abc import Sequence

import streamlit as st

from core.bots.queries import bots as queries
from core.bots.schemas import BotView, NewBot, Trait
from core.bots.service import bots
from core.errors import Invalid
from core.presentation import formatting
from core.system import workspace
from pages._ui import columns, dialogs, errors, frame, guard, links, state, tables
from pages._ui.tables import TableColumn
from pages.test.bots import address
from pages.test.bots.labels import EMOJIS, TRAITS

WIDTHS = {Trait.TECHNICAL_DEPTH: 115}
NAME, AVATAR = "bots.new.name", "bots.new.avatar"


def draw() -> None:
    with frame.header("Bots", "Personalities that produce a system prompt, and tests of them"):
        st.button("New bot", icon=":material/add:", type="primary", on_click=open_new)
    if links.begins("bot"):
        open_new()
    with guard.work() as (session, actor):
        bots.ensure_default(session, actor=actor)
        found = queries.list_bots(session, actor=actor)
    _draw_list(found)


@errors.part("Bots")
def _draw_list(found: Sequence[BotView]) -> None:
    st.caption(f"{formatting.count(len(found), 'bot')} · click a row to open it")
    alt = formatting.count(len(found), "bot")
    tables.draw(found, _columns(), alt, key="bots.list", on_open=_open, most=20)


def _open(bot: BotView) -> None:
    address.show(bot.id)


def _columns() -> Sequence[TableColumn[BotView]]:
    return [
        columns.text("Bot", lambda bot: f"{bot.avatar_emoji} {bot.bot_name}", width=180),
        columns.tags("State", _states, width=120),
        columns.text("Style", lambda bot: bot.response_style.capitalize(), width=115),
        *(_trait(trait, name) for trait, name in TRAITS.items()),
        columns.number("Version", lambda bot: bot.version, width=70),
        columns.text("Owner", lambda bot: "You" if bot.is_own else bot.owner_name, width=120),
        columns.moment("Updated", lambda bot: bot.updated_at, workspace.zone()),
    ]


def _trait(trait: Trait, name: str) -> TableColumn[BotView]:
    return columns.number(
        name, lambda bot: bot.personality_traits.level(trait), width=WIDTHS.get(trait, 85)
    )


def _states(bot: BotView) -> list[str]:
    states = ["Active"] if bot.is_active and bot.is_own else []
    return [*states, "Shared"] if bot.visibility == "shared" else states


def open_new() -> None:
    state.forget(NAME, AVATAR)

    @st.dialog("New bot")
    def form() -> None:
        st.text_input("Name", key=NAME, max_chars=100, placeholder="Rosa")
        st.selectbox("Avatar", EMOJIS, key=AVATAR)
        dialogs.submit("Create bot", create, key="bots.new")

    form()


def create() -> None:
    name = state.get(NAME, "").strip()
    if not name:
        raise Invalid("Enter a name.")
    avatar: str = state.get(AVATAR, EMOJIS[0])
    with guard.work() as (session, actor):
        made = bots.create_bot(session, NewBot(bot_name=name, avatar_emoji=avatar), actor=actor)
    address.show(made.id)
    state.toast(f"{made.bot_name} created")
