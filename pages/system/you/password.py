"""Your account, Password."""

import streamlit as st
from pydantic import ValidationError

from core.identity.schemas import NewPassword
from core.identity.service import sign_in
from pages._ui import errors, frame, guard, state

PRESENT, NEW, AGAIN = "you.present", "you.new", "you.again"


def draw() -> None:
    frame.section("Password", "12 to 72 characters")
    # Cleared, so that no password stays in the tab's state
    with st.container(border=True), st.form("you.password", border=False, clear_on_submit=True):
        st.text_input(
            "Current password", type="password", key=PRESENT, autocomplete="current-password"
        )
        st.text_input("New password", type="password", key=NEW, autocomplete="new-password")
        st.text_input(
            "Confirm new password", type="password", key=AGAIN, autocomplete="new-password"
        )
        st.form_submit_button("Change password", on_click=change_password)
    st.caption("Changing your password signs out your other sessions.")


@errors.action
def change_password() -> None:
    if state.get(NEW, "") != state.get(AGAIN, ""):
        state.problem("The passwords don't match.")
        return
    try:
        given = NewPassword(password=state.get(NEW, ""))
    except ValidationError:
        state.problem("Use 12 to 72 characters (accented characters count double).")
        return
    sign_in.change_own_password(state.get(PRESENT, ""), given, actor=guard.enter())
    state.toast("Password changed")
