"""The tool calls of an answer: name, arguments, result, time and error, each folded."""

import json
from contextlib import suppress
from typing import Literal
from uuid import UUID

import streamlit as st

from core.executions.schemas import ExecutionStatus, ToolCallStatus, ToolExecution
from core.playground.schemas import PlaygroundMessageView
from core.playground.service import answers
from core.presentation import formatting
from core.tools import confirmations
from pages._ui import errors, guard, state, text

S = ToolCallStatus
ICONS = {
    S.REQUESTED: "pending",
    S.RUNNING: "pending",
    S.COMPLETED: "build",
    S.FAILED: "error",
    S.AWAITING_CONFIRMATION: "front_hand",
}
BADGES = {
    S.FAILED: " :red-badge[Failed]",
    S.AWAITING_CONFIRMATION: " :orange-badge[Needs confirmation]",
}
UNFINISHED = " :orange-badge[Not finished]"
MAX_ARGUMENT_CHARS = 80
MAX_RESULT_LINES, RESULT_HEIGHT_PX = 12, 260  # longer ones scroll


def draw(message: PlaygroundMessageView, *, may_confirm: bool) -> None:
    """Draw the calls of an answer, in the order in which the model made them."""
    is_over = message.status is ExecutionStatus.COMPLETED
    for number, call in enumerate(message.tool_executions):
        key = f"tool-{number}-{message.id}"
        icon = f":material/{ICONS[call.status]}:"
        with st.expander(_label(call), icon=icon, key=key, on_change="rerun") as folded:
            if folded.open:  # for a code block the browser fetches 0.4 MB
                _draw_details(call)
        if call.status is S.AWAITING_CONFIRMATION and is_over and may_confirm:
            st.button(
                "Confirm and run",
                key=f"confirm-{number}-{message.id}",
                icon=":material/check:",
                on_click=confirm,
                args=(message.job_id, call.id),
            )


def _label(call: ToolExecution) -> str:
    arguments = text.one_line(call.arguments)
    if len(arguments) > MAX_ARGUMENT_CHARS:
        arguments = f"{arguments[: MAX_ARGUMENT_CHARS - 1]}…"
    time = f" · {formatting.duration(call.time_ms)}" if call.time_ms is not None else ""
    badge = BADGES.get(call.status, "" if call.status is S.COMPLETED else UNFINISHED)
    name = text.plain(text.one_line(call.name))
    return f"**{name}** :gray[{text.plain(arguments)}{time}]{badge}"


def _draw_details(call: ToolExecution) -> None:
    if call.error is not None:
        st.markdown(f":red[{text.plain(text.one_line(call.error))}]")
    st.caption("Arguments")
    st.code(_indented(call.arguments), language=None, wrap_lines=True)
    if call.result is not None:
        st.caption("Result")
        result = _indented(call.result)
        is_long = result.count("\n") > MAX_RESULT_LINES
        height: int | Literal["content"] = RESULT_HEIGHT_PX if is_long else "content"
        st.code(result, language=None, wrap_lines=True, height=height)


def _indented(json_text: str) -> str:
    """Return JSON over several lines, other text as it is."""
    with suppress(ValueError, RecursionError):
        json_text = json.dumps(json.loads(json_text), indent=2, ensure_ascii=False)
    # Halves of surrogate pairs, which JSON can escape, cannot be sent to the browser.
    return text.upright(json_text.encode("utf-8", "backslashreplace").decode())


@errors.action
def confirm(execution_id: str, call_id: str) -> None:
    """Run a call that waits, as the signed-in account, and have the model go on."""
    with guard.work() as (_, actor):
        # After the transaction: the tool may wait for a network
        person = actor
    done = confirmations.confirm(UUID(execution_id), call_id, actor=person)
    if done.error is not None:
        state.problem(done.error)
    else:
        state.toast("Tool call completed")
    with guard.work() as (session, actor):
        answers.resume(session, UUID(execution_id), actor=actor)
