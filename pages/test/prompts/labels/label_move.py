"""The dialog that moves a label: what changes for its callers, and what its gate says."""

import streamlit as st
from pydantic import ValidationError

from core.errors import Conflict, Invalid
from core.identity.schemas import Actor
from core.promotions import service as promotions
from core.promotions.schemas import NewLabelMove
from core.prompts.queries import versions as version_queries
from core.prompts.service import prompts
from core.prompts.template.syntax import DEFAULT_LABEL
from core.prompts.views import LabelView, PromptVersionView, PromptView
from pages._ui import dialogs, errors, guard, state
from pages.test.prompts import version_changes
from pages.test.prompts.labels import gate_check, reasons

NAME, VERSION, PROTECTED, REASON = (
    "prompts.label.name",
    "prompts.label.version",
    "prompts.label.protected",
    "prompts.label.reason",
)
USUAL = (DEFAULT_LABEL, "staging")


@errors.action
def open_move(
    prompt: PromptView, name: str | None, actor: Actor, version: int | None = None
) -> None:
    """Ask for a label and a version, with what changes for its callers."""
    with guard.work() as (session, _):
        versions = version_queries.list_versions(session, prompt.id, actor=actor)
    by_number = {each.number: each for each in versions}
    names = list(dict.fromkeys([*USUAL, *(label.name for label in prompt.labels)]))
    state.put(NAME, name or names[0])
    state.put(VERSION, version or prompt.version)
    state.forget(REASON, *map(_protected_key, names))

    @st.dialog("Move label", width="large")
    def form() -> None:
        with st.container(horizontal=True, gap="small"):
            st.selectbox("Label", names, key=NAME, accept_new_options=True)
            number = st.selectbox("Version", list(by_number), key=VERSION)
        present = next(
            (label for label in prompt.labels if label.name == state.get(NAME, "")), None
        )
        with errors.InForm(st.container()):
            check = gate_check.find(prompt, present, number or prompt.version)
            if check is None:
                draw_protection(present)
            if present is not None:
                _draw_change(by_number[present.version], by_number[number or prompt.version])
            if check is not None:
                gate_check.draw(prompt, check, REASON)
            dialogs.submit("Move label", lambda: move(prompt), key="prompts.label")

    form()


def draw_protection(present: LabelView | None) -> None:
    """Draw whether the chosen label is protected."""
    st.checkbox(
        "Protected",
        present is not None and present.is_protected,
        key=_protected_key(state.get(NAME, "")),
        help="Only admins can move a protected label.",
    )


def _protected_key(label: str) -> str:
    # Of each its own: of one key, Streamlit keeps the tick of the label that was chosen before
    return f"{PROTECTED}.{label}"


def _draw_change(old: PromptVersionView, new: PromptVersionView) -> None:
    if old.number == new.number:
        st.caption(f"The label is on version {new.number} already: calls do not change.")
        return
    st.caption(f"Calls move from version {old.number} to version {new.number}:")
    version_changes.draw(old, new, long_px=220)


def move(prompt: PromptView) -> None:
    try:
        target = NewLabelMove(
            name=(state.get(NAME, "") or "").strip(),
            version=state.get(VERSION, prompt.version),
            is_protected=state.get(_protected_key(state.get(NAME, "")), None),
            reason=reasons.read(REASON),
        )
    except ValidationError:
        raise Invalid(
            "Enter a label of lowercase letters, digits, dots and dashes, other than “latest”."
        ) from None
    with guard.work() as (session, actor):
        _, present = prompts.lock_editable(session, prompt.id, actor=actor)
        # Under the prompt's lock: two admins with the dialog open would undo each other unseen
        advice = "Close this dialog and look at the change again."
        check_is_where_shown(target.name, prompt, present, advice)
        promotions.move_label(session, prompt.id, target, actor=actor)
    state.toast(f"{target.name} points at version {target.version}")


def check_is_where_shown(name: str, shown: PromptView, present: PromptView, advice: str) -> None:
    """Raise Conflict, with what to do, for a label that was moved after the page showed it."""
    before, now = (
        next((each.version for each in prompt.labels if each.name == name), None)
        for prompt in (shown, present)
    )
    if before != now:
        place = f"on version {now}" if now else "removed"
        raise Conflict(f"{name} is {place} now. {advice}")
