"""A text is in its field also when the runs between two sections were cut off."""

from streamlit.testing.v1 import AppTest

# A section of text fields, of which the first run after a change of sections is cut off.
PAGE = """
from uuid import UUID
import streamlit as st
from pages._ui import state
from pages.test.prompts.edit import editor

prompt = UUID(int=1)
key = editor.key_of(prompt, "prompt")

def leave():
    editor.refill(prompt)
    st.session_state.is_cut_off = True

state.seed(key, "")
st.button("Section", on_click=leave)
with state.keeping(*editor.text_keys(prompt)):
    st.text_area("Prompt", key=key, persist_state="session")
    if st.session_state.pop("is_cut_off", False):
        st.rerun()
"""


def test_a_text_is_sent_again_by_the_run_after_one_that_was_cut_off() -> None:
    app = AppTest.from_string(PAGE).run()
    app.text_area[0].set_value("Write ten words.").run()
    app.button[0].click().run()
    field = app.text_area[0].proto
    assert (field.set_value, field.value) == (True, "Write ten words.")


def test_what_is_entered_meanwhile_stays() -> None:
    # The text that is sent again must not replace it
    app = AppTest.from_string(PAGE).run()
    app.text_area[0].set_value("Write ten words.").run()
    app.button[0].click()
    app.text_area[0].set_value("Write two words.").run()
    assert app.text_area[0].value == "Write two words."
