"""A message that could not be sent is in its field again, also when news cuts off that run."""

from streamlit.testing.v1 import AppTest

# Draws a message field; news cuts off the first run after a message.
PAGE = """
import streamlit as st
from pages._ui import state

def refuse():
    state.put_back_message("message", st.session_state.message)
    st.session_state.has_news = True

with state.keeping("message"):
    st.chat_input(key="message", on_submit=refuse)
    if st.session_state.pop("has_news", False):
        st.rerun()
"""


def test_a_refused_message_is_put_back_by_the_run_after_one_that_was_cut_off() -> None:
    app = AppTest.from_string(PAGE).run()
    app.chat_input[0].set_value("Second").run()
    field = app.chat_input[0].proto
    assert (field.set_value, field.value) == (True, "Second")


def test_a_message_is_put_back_only_once() -> None:
    app = AppTest.from_string(PAGE).run()
    app.chat_input[0].set_value("Second").run()
    app.run()
    assert not app.chat_input[0].proto.set_value


def test_a_message_that_is_refused_twice_differs_from_what_the_field_was_given_before() -> None:
    # Streamlit's field stays empty when it is given the same text twice in a row
    app = AppTest.from_string(PAGE).run()
    before = ""
    for _ in range(3):
        app.chat_input[0].set_value(before or "Second").run()
        field = app.chat_input[0].proto
        assert field.value.strip() == "Second"
        assert field.value != before
        before = field.value
