"""The menu of a bot: copy, activate, delete."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import streamlit as st

from core.bots.schemas import BotView
from core.bots.service import bots
from pages._ui import dialogs, errors, guard, state, text
from pages.test.bots import address

MORE = "bots.more"


def draw(bot: BotView) -> None:
    acts = _acts(bot)
    # A popover would stay open over the dialog
    st.menu_button(
        "More",
        list(acts),
        key=MORE,
        icon=":material/more_horiz:",
        on_click=lambda: acts[state.get(MORE, "")](),
    )


def _acts(bot: BotView) -> dict[str, Callable[[], None]]:
    """Return the entries of the menu, and what each does."""
    acts: dict[str, Callable[[], None]] = {
        ":material/content_copy: Copy bot": partial(copy, bot.id),
    }
    if bot.is_own:
        label, act = (
            ("Deactivate", bots.deactivate) if bot.is_active else ("Activate", bots.activate)
        )
        acts |= {
            f":material/bolt: {label}": partial(turn, bot.id, act),
            ":material/delete: Delete bot": partial(ask_to_delete, bot),
        }
    return acts


@errors.action
def copy(bot_id: UUID) -> None:
    with guard.work() as (session, actor):
        made = bots.copy(session, bot_id, actor=actor)
    address.show(made.id)
    state.toast(f"{made.bot_name} created")


@errors.action
def turn(bot_id: UUID, act: Callable[..., BotView]) -> None:
    """Activate or deactivate a bot."""
    with guard.work() as (session, actor):
        act(session, bot_id, actor=actor)


def ask_to_delete(bot: BotView) -> None:
    whose = ", also those of others" if bot.visibility == "shared" else ""
    body = text.plain(
        f"{bot.bot_name} with its versions, test results and runs{whose}. This can't be undone."
    )
    dialogs.confirm("Delete bot?", body, "Delete bot", delete, bot.id, key="bots.delete")


@errors.action
def delete(bot_id: UUID) -> None:
    with guard.work() as (session, actor):
        bots.delete_bot(session, bot_id, actor=actor)
    address.close()
    state.toast("Bot deleted")
