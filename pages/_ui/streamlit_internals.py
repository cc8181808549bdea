"""The patches of Streamlit's internals: all of them, each with its reason."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import get_session_state
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

Given = ParamSpec("Given")

# More than any page sends; a message of 4 MiB could name two million of each
MOST_WIDGETS, MOST_FILES = 2_000, 2_000
# Three times what a page takes at once; of all tabs together
MAX_TAB_BYTES, MAX_TOTAL_BYTES = 64 * 2**20, 512 * 2**20


def put_callbacks_first() -> None:
    """Have Streamlit call callbacks before it looks for the next event.

    Left alone, it looks before them, and at each command in one. What it finds breaks the rerun
    off, and the press behind it is forgotten.
    """
    SafeSessionState.on_script_will_rerun = _unbroken(SafeSessionState.on_script_will_rerun)  # type: ignore[method-assign]


def _unbroken(call: Callable[Given, None]) -> Callable[Given, None]:
    @wraps(call)
    def called(*args: Given.args, **kwargs: Given.kwargs) -> None:
        with _looking_at_nothing_else():
            call(*args, **kwargs)

    return called


@contextmanager
def _looking_at_nothing_else() -> Iterator[None]:
    context = get_script_run_ctx()
    asked = vars(context.script_requests) if context and context.script_requests else {}
    asked["on_scriptrunner_yield"] = lambda: None
    try:
        yield
    finally:
        asked.pop("on_scriptrunner_yield", None)


def ignore_unused_messages() -> None:
    """Have Streamlit ignore messages of browsers that no page of the console sends.

    Left alone, it answers them on the event loop while all others wait: it runs git for every
    request of its state, and makes up addresses for as many files as are named.
    """
    handle = AppSession.handle_backmsg

    def handle_used(self: AppSession, msg: BackMsg) -> None:
        if _is_used(msg):
            handle(self, msg)

    AppSession.handle_backmsg = handle_used  # type: ignore[method-assign]


def _is_used(message: BackMsg) -> bool:
    match message.WhichOneof("type"):
        case "rerun_script":
            return len(message.rerun_script.widget_states.widgets) <= MOST_WIDGETS
        case "file_urls_request":
            return len(message.file_urls_request.file_names) <= MOST_FILES
        case "stop_script" | "app_heartbeat":
            return True
        case _:
            return False


def forget_old_files() -> None:
    """Have Streamlit keep the newest uploaded files of a tab, and of all tabs within a limit.

    Left alone, it keeps each in memory until its tab is closed.
    """
    add = MemoryUploadedFileManager.add_file

    def add_and_forget(
        self: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec
    ) -> None:
        add(self, session_id, file)
        tab = self.file_storage[session_id]
        tab_bytes = _size(tab)
        for oldest in list(tab.values()):
            if tab_bytes <= MAX_TAB_BYTES and len(tab) <= MOST_FILES:
                break
            tab_bytes -= len(oldest.data)
            self.remove_file(session_id, oldest.file_id)
        sizes = {each: _size(files) for each, files in list(self.file_storage.items())}
        total_bytes = sum(sizes.values())
        for other, its_bytes in sizes.items():
            if total_bytes <= MAX_TOTAL_BYTES:
                break
            if other != session_id:
                total_bytes -= its_bytes
                self.remove_session_files(other)

    MemoryUploadedFileManager.add_file = add_and_forget  # type: ignore[method-assign]


def change_parameters(changes: Mapping[str, str], removed: Iterable[str]) -> None:
    """Change parameters of the address, in one step of the browser's history.

    Left alone, Streamlit makes a step of each that is removed, and refuses to replace all of them
    where a widget has one.
    """
    with get_session_state().query_params() as parameters:
        for name in removed:
            parameters.discard_param_no_forward_msg(name)
        parameters.update(changes)


def replace_parameters(given: Mapping[str, str]) -> None:
    """Replace all parameters of the address, from a callback.

    Left alone, Streamlit refuses to set one that a widget has, and fills widgets that are drawn
    anew from the address before.
    """
    with get_session_state().query_params() as parameters:
        for name in given:
            if (binding := parameters.get_binding_for_param(name)) is not None:
                parameters.unbind_widget(binding.widget_id)
        parameters.from_dict(given)
        parameters.set_initial_query_params_from_current()


def _size(files: Mapping[str, UploadedFileRec]) -> int:
    return sum(len(file.data) for file in list(files.values()))
