"""The rounds of an execution: the model calls tools, Attune runs them, and the model goes on."""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime

from core.database.db import transaction
from core.executions.answer_buffers import AnswerBuffer
from core.executions.schemas import PendingExecution, ToolCallStatus, ToolExecution
from core.executions.service import tool_calls
from core.executions.tools.toolboxes import Toolbox
from core.providers.errors import CallCancelled
from core.providers.schemas import ChatMessage, MessageRole
from core.providers.tools.tool_calls import MessageToolCall

MAX_ROUNDS = 8
MAX_TOOL_TIME_S = 30.0  # of all tools of one execution
TOO_MANY_ROUNDS = f"Not run: an answer has at most {MAX_ROUNDS} rounds of tools."
OUT_OF_TIME = f"Not run: the tools of one answer have {MAX_TOOL_TIME_S:g} s in all."
TIMED_OUT = (
    f"Stopped waiting: the tools of one answer have {MAX_TOOL_TIME_S:g} s in all. What it changes"
    " may still be changed."
)
LIMIT_REACHED = "tool_limit"

# A tool that does not return holds one of these threads, and not that of the execution.
_pool = ThreadPoolExecutor(64, thread_name_prefix="tool")

CallModel = Callable[[tuple[ChatMessage, ...]], str]


def run(execution: PendingExecution, buffer: AnswerBuffer, call_model: CallModel) -> None:
    """Call the model until it calls no more of Attune's tools.

    `call_model` streams one answer to these messages into the buffer, and returns its text. Raises
    what it raises, and CallCancelled.
    """
    messages = execution.call.messages
    text = call_model(messages)
    if (toolbox := execution.toolbox) is None:
        return
    rounds = _Rounds(execution, buffer, toolbox)
    for _ in range(MAX_ROUNDS):
        answered = rounds.run_tools()
        if answered is None:
            return
        messages = (*messages, *as_messages(text, answered))
        text = call_model(messages)
    rounds.refuse_rest()


class _Rounds:
    """Runs the calls that the buffer has, round by round, and stores each change of them."""

    def __init__(self, execution: PendingExecution, buffer: AnswerBuffer, toolbox: Toolbox) -> None:
        self._execution, self._buffer, self._toolbox = execution, buffer, toolbox
        self._names = {tool.name for tool in execution.call.tools}
        self._own_names = {tool.name for tool in toolbox.definitions}
        self._done = 0
        self._left_s = MAX_TOOL_TIME_S

    def run_tools(self) -> list[ToolExecution] | None:
        """Run the calls of the last answer, and return them with results. Return None when there
        are none, or when the caller must run some of them.
        """
        numbers = range(self._done, len(self._buffer.tools))
        self._done = numbers.stop
        answered = [self._run(number) for number in numbers]
        if not answered or any(it.status is ToolCallStatus.REQUESTED for it in answered):
            return None
        return answered

    def refuse_rest(self) -> None:
        """Answer the calls of the last round without running them."""
        for number in range(self._done, len(self._buffer.tools)):
            self._change(number, _refused(self._buffer.tools[number], TOO_MANY_ROUNDS))
            self._buffer.finish_reason = LIMIT_REACHED

    def _run(self, number: int) -> ToolExecution:
        call = self._buffer.tools[number]
        if call.name not in self._own_names and call.name in self._names:
            return call
        if self._left_s <= 0:
            return self._change(number, _refused(call, OUT_OF_TIME))
        # Stored before it runs: after a kill, what has begun is known.
        self._change(number, call.model_copy(update={"status": ToolCallStatus.RUNNING}))
        return self._change(number, self._timed(call))

    def _timed(self, call: ToolExecution) -> ToolExecution:
        started_at = time.monotonic()
        running = _pool.submit(self._toolbox.run, call)
        try:
            return running.result(timeout=self._left_s)
        except OutOfTime:
            if running.cancel():  # all threads are taken: it must not begin after this answer
                return _refused(call, OUT_OF_TIME)
            elapsed_ms = round((time.monotonic() - started_at) * 1000)
            return _refused(call, TIMED_OUT).model_copy(update={"time_ms": elapsed_ms})
        finally:
            self._left_s -= time.monotonic() - started_at

    def _change(self, number: int, call: ToolExecution) -> ToolExecution:
        """Show and store a call; raise CallCancelled when the execution has already ended."""
        if self._buffer.cancel_token.is_cancelled:
            raise CallCancelled
        self._buffer.change_tool(number, call)
        id_, tools, text = self._execution.id, self._buffer.tools, self._buffer.text
        with transaction() as session:
            if not tool_calls.write(session, id_, tools, text=text):
                raise CallCancelled
        return call


def _refused(call: ToolExecution, error: str) -> ToolExecution:
    # The texts above are plain ASCII without quotes, so that this is JSON.
    values = {"status": ToolCallStatus.FAILED, "error": error, "result": f'{{"error": "{error}"}}'}
    return call.model_copy(update=values)


def as_messages(text: str, answered: Sequence[ToolExecution]) -> list[ChatMessage]:
    """Return the model's message with its calls, and their results: one message each."""
    calls = tuple(
        MessageToolCall(id=call.id, name=_named(call.name), arguments=call.arguments)
        for call in answered
    )
    results = (
        ChatMessage(role=MessageRole.TOOL, tool_call_id=call.id, content=call.result or "")
        for call in answered
    )
    return [ChatMessage(role=MessageRole.ASSISTANT, content=text, tool_calls=calls), *results]


def _named(name: str) -> str:
    """Return a name that every vendor accepts, also of a tool that the model has made up."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "unnamed"
