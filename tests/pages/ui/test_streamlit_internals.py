"""An action of a person is run, even when another rerun is requested at the same moment."""

import pytest
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1 import AppTest

from pages._ui import streamlit_internals

PAGE = """
import streamlit as st
from tests.pages.ui.test_streamlit_internals import let_news_come

def press():
    if "news_in_callback" in st.session_state:
        let_news_come()
    st.session_state["begun"] = st.session_state.get("begun", 0) + 1
    st.session_state["done"] = st.session_state.get("done", 0) + 1

st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.button("Press", on_click=press)
"""


def let_news_come() -> None:
    """Ask for another run, as the browser does, while this one is under way."""
    context = get_script_run_ctx()
    assert context is not None
    assert context.script_requests is not None
    context.script_requests.request_rerun(RerunData())


@pytest.fixture(autouse=True)
def _first(monkeypatch: pytest.MonkeyPatch) -> None:
    # Put back at the end
    monkeypatch.setattr(
        SafeSessionState, "on_script_will_rerun", SafeSessionState.on_script_will_rerun
    )
    streamlit_internals.put_callbacks_first()


def test_a_press_is_heard_when_news_comes_before_its_callback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tab = AppTest.from_string(PAGE).run()
    found, news = ScriptCache.get_bytecode, iter([let_news_come])

    def found_late(cache: ScriptCache, path: str) -> object:
        next(news, lambda: None)()
        return found(cache, path)

    monkeypatch.setattr(ScriptCache, "get_bytecode", found_late)
    tab.button[0].click().run()
    assert (tab.session_state["done"], tab.session_state["runs"]) == (1, 2)


def test_a_press_is_done_to_its_end_when_news_comes_in_its_callback() -> None:
    tab = AppTest.from_string(PAGE)
    tab.session_state["news_in_callback"] = True
    tab.run().button[0].click().run()
    assert (tab.session_state["begun"], tab.session_state["done"], tab.session_state["runs"]) == (
        1,
        1,
        2,
    )
