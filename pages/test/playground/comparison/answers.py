"""The turns of a comparison: answers side by side, their figures, and the vote on each."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import streamlit as st

from core.comparisons.schemas import ColumnAnswer, ColumnView, ComparisonView, TurnView
from core.executions.schemas import ExecutionStatus
from core.presentation import formatting
from core.providers.vendors.finish_reasons import is_cut_off, is_refused
from pages._ui import markdown, text
from pages.test.playground import live_answer
from pages.test.playground.comparison import keep, turn_vote
from pages.test.playground.comparison.setup import LETTERS

GONE = ":gray[Answer not available]"


def draw(comparison: ComparisonView, *, on_news: Callable[[], None]) -> None:
    """Draw the turns; pending answers grow by themselves, and `on_news` follows other changes."""
    earlier, last = comparison.turns[:-1], next(iter(comparison.turns[-1:]), None)
    # The parts with the sockets keep their place below the earlier turns, however many there are:
    # elsewhere they would be made anew.
    with st.container(key="comparison-earlier", gap="medium"):
        for turn in earlier:
            _draw_turn(comparison, turn)
    with st.container(key="comparison-last", gap="small"):
        if last is not None:
            _draw_question(last)
        places = st.columns(len(comparison.columns), gap="medium")
        titles = _titles(comparison.columns)
        for place, column in zip(places, comparison.columns, strict=True):
            key = f"column-{column.number}"
            with place.container(border=True, key=key, gap="small", height="stretch"):
                _draw_answer(column, last, titles[column.number])
                live_answer.draw(
                    column.session_id,
                    column.revision,
                    column.pending,
                    _waiting(column),
                    key=f"comparison.live.{column.number}",
                    on_news=on_news,
                )
    if last is not None:
        turn_vote.draw(comparison, last)
    keep.draw(comparison)


def _draw_turn(comparison: ComparisonView, turn: TurnView) -> None:
    _draw_question(turn)
    places = st.columns(len(comparison.columns), gap="medium")
    titles = _titles(comparison.columns)
    for place, column in zip(places, comparison.columns, strict=True):
        with place.container(border=True, gap="small", height="stretch"):
            _draw_answer(column, turn, titles[column.number])
    turn_vote.draw(comparison, turn)


def _draw_question(turn: TurnView) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        markdown.draw(turn.message or "Message not available")


def _draw_answer(column: ColumnView, turn: TurnView | None, title: str) -> None:
    answers = turn.answers if turn is not None else []
    answer = next((it for it in answers if it.column == column.number), None)
    won = turn is not None and turn.winner == column.number
    st.markdown(title + (" :green-badge[Better]" if won else ""))
    # A pending answer is drawn by the part with the socket
    if answer is None or answer.is_pending:
        return
    if answer.content:
        markdown.draw(answer.content)
    if answer.problem:
        st.markdown(f":red[:material/error:] {text.plain(answer.problem)}")
    elif not (answer.content or is_refused(answer.finish_reason)):
        st.markdown(GONE)
    st.markdown(_small_print(answer))


def _titles(columns: Sequence[ColumnView]) -> dict[int, str]:
    """Return a title for each column by its number, with the parameters in which they differ."""
    found = [{name: str(value) for name, value in (it.parameters or {}).items()} for it in columns]
    names = dict.fromkeys(chain.from_iterable(found))
    differing = [name for name in names if len({each.get(name) for each in found}) > 1]
    return {
        column.number: _title(column, {name: each[name] for name in differing if name in each})
        for column, each in zip(columns, found, strict=True)
    }


def _title(column: ColumnView, parameters: Mapping[str, str]) -> str:
    letter = LETTERS[column.number - 1]
    if column.model is None:
        return f"**{letter}**"
    settings = [f"{name.replace('_', ' ')} {value}" for name, value in parameters.items()]
    facts = [it for it in (column.model, column.prompt, *settings) if it]
    return (
        f"**{letter}** :gray[:small[{' · '.join(text.plain(text.one_line(it)) for it in facts)}]]"
    )


def _small_print(answer: ColumnAnswer) -> str:
    figures = []
    if answer.first_token_ms is not None:
        figures.append(f"first token {formatting.duration(answer.first_token_ms)}")
    if answer.response_time_ms is not None:
        figures.append(formatting.duration(answer.response_time_ms))
    if answer.total_tokens is not None:
        about = "~" if answer.tokens_estimated else ""
        figures.append(about + formatting.count(answer.total_tokens, "token"))
        figures.append(text.plain(formatting.money(answer.cost_usd)))
    badges = {
        ":orange-badge[Stopped]": answer.status is ExecutionStatus.CANCELLED,
        ":orange-badge[Max tokens reached]": is_cut_off(answer.finish_reason),
        ":orange-badge[Refused]": is_refused(answer.finish_reason),
    }
    said = [f":gray[:small[{' · '.join(figures)}]]"] if figures else []
    return "\u2002".join([*said, *(badge for badge, holds in badges.items() if holds)])


def _waiting(column: ColumnView) -> str:
    is_service = column.service_id is not None
    return f"Pending: waiting for {column.model}" if is_service else "Thinking"
