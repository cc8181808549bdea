"""The leaderboard of models and prompts, from the votes of all accounts or of the reader."""

import streamlit as st

from core.comparisons.schemas import Contestant, Standing, VoteScope
from core.comparisons.service.leaderboard import read_leaderboard
from pages._ui import frame, guard, state, text

TITLES = {Contestant.MODEL: "Models", Contestant.PROMPT: "Prompts and bots"}
SCOPES = {VoteScope.TEAM: "Team", VoteScope.OWN: "Mine"}
SCOPE = "comparison.leaderboard.votes"


def draw() -> None:
    """Draw the standings of models and prompts; nothing without votes."""
    scope = state.get(SCOPE, VoteScope.TEAM)
    with guard.work() as (session, actor):
        found = {
            (by, blind): read_leaderboard(session, by, blind=blind, actor=actor, scope=scope)
            for by in Contestant
            for blind in (True, False)
        }
    if not any(found.values()) and scope is VoteScope.TEAM:
        return
    frame.section("Leaderboard", "comparisons and replays")
    state.seed(SCOPE, VoteScope.TEAM)
    st.segmented_control(
        "Votes", list(SCOPES), key=SCOPE, format_func=SCOPES.__getitem__, required=True
    )
    if not any(found.values()):
        st.caption("You have not voted yet.")
    for (by, blind), standings in found.items():
        if standings:
            frame.section(TITLES[by], "blind votes" if blind else "open votes")
            with st.container(key=f"scrolling-{by}-{'blind' if blind else 'open'}"):
                st.markdown(_table(standings))


def _table(standings: list[Standing]) -> str:
    lines = [
        f"| {_cell(it.name)} | {it.chance:.0%} | {_interval(it)} | {it.wins}"
        f" | {it.losses} | {it.ties} |"
        for it in standings
    ]
    head = "| Name | Chance to beat an average one | 95% interval | Wins | Losses | Ties |"
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|", *lines])


def _interval(standing: Standing) -> str:
    if standing.chance_low is None or standing.chance_high is None:
        return "Too few votes"
    return f"{standing.chance_low:.0%} to {standing.chance_high:.0%}"


def _cell(name: str) -> str:
    return text.plain(text.one_line(name)).replace("|", "\\|")
