"""What the next message would cost: the estimate below the message field, which follows typing."""

from collections.abc import Sequence

import streamlit as st

from core.executions.schemas import ExecutionStatus
from core.playground.schemas import PlaygroundMessageView
from core.prompts.estimates import tokens_in
from pages.test.playground.settings import history_setting
from pages.test.playground.settings.editor import Editor


def facts(editor: Editor, messages: Sequence[PlaygroundMessageView]) -> dict[str, object] | None:
    """Return for the part in the browser the tokens that are sent besides the message, the most of
    the answer, and the prices per million, null without one; None for a service.
    """
    model = editor.model
    if model is None:
        return None
    texts = [editor.prompt or editor.default_prompt, *_history(editor, messages)]
    prices = model.prices
    return {
        "tokens": sum(tokens_in(each) for each in texts),
        "most": editor.draft().parameters.max_tokens,
        "input": float(prices.input) if prices else None,
        "output": float(prices.output) if prices else None,
    }


def _history(editor: Editor, messages: Sequence[PlaygroundMessageView]) -> list[str]:
    """Return the earlier messages that are sent, as the setting limits them."""
    turns = history_setting.turns(editor.session_id)
    # Failed answers are not sent again
    sent = [it.content for it in messages if it.status is not ExecutionStatus.FAILED]
    return sent if turns is None else sent[len(sent) - min(2 * turns, len(sent)) :]


def draw() -> None:
    """Draw the place of the estimate; the part of the message field writes it."""
    with st.container(key="message-estimate"):
        st.html('<span class="attune-estimate"></span>')
