"""The dialog that moves a label: what changes for its callers, and what its gate says."""

import streamlit as st
from pydantic import ValidationError

from core.errors import Conflict, Invalid
from core.identity.schemas import Actor
from core.promotions import queries as gates
from core.promotions import service as promotions
from core.promotions.errors import GateMissing
from core.promotions.schemas import GateCheck, GateVerdict, NewLabelMove
from core.prompts.queries import versions as version_queries
from core.prompts.service import prompts
from core.prompts.template.syntax import DEFAULT_LABEL
from core.prompts.views import LabelView, PromptVersionView, PromptView
from pages._ui import dialogs, diff, errors, guard, links, state, text
from pages.test.prompts.labels import reasons

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
            check = _check(prompt, present, number or prompt.version)
            if check is None:
                draw_protection(present)
            if present is not None:
                _draw_change(by_number[present.version], by_number[number or prompt.version])
            if check is not None:
                _draw_check(prompt, check)
            dialogs.submit("Move label", lambda: move(prompt), key="prompts.label")

    form()


def _check(prompt: PromptView, present: LabelView | None, version: int) -> GateCheck | None:
    """Return what the label's gate says of a version; None where it has no gate."""
    # A label that is new, or stays where it is, passes no gate
    if present is None or present.version == version:
        return None
    try:
        with guard.work() as (session, actor):
            run = gates.check_version(session, prompt.id, present.name, version, actor=actor)
    except GateMissing:
        return None
    return run.check


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
    st.caption(f"Calls change from version {old.number} to version {new.number}:")
    with st.container(border=True, height=220):
        diff.draw(
            f"{old.system_prompt or ''}\n\n{old.prompt}".strip(),
            f"{new.system_prompt or ''}\n\n{new.prompt}".strip(),
        )


def _draw_check(prompt: PromptView, check: GateCheck) -> None:
    """Say what the gate says, and draw what leads through it or past it."""
    is_passed = check.verdict is GateVerdict.PASSED
    draw, icon = (st.success, "check") if is_passed else (st.warning, "lock")
    draw(text.plain(text.one_line(check.words)), icon=f":material/{icon}:")
    with st.container(horizontal=True, gap="small"):
        if check.evaluation is not None and check.evaluation.is_own:
            links.draw(
                "evaluations",
                "Open evaluation",
                icon="fact_check",
                evaluation=str(check.evaluation.id),
            )
        if not is_passed and check.to_run is not None:
            links.draw(
                "evaluations",
                "Run the evaluation",
                icon="play_arrow",
                **{"new": "1", "gate": check.label, "template": str(prompt.id)},
                version=str(check.version),
            )
    if not is_passed:
        reasons.draw_field(REASON, "Reason to move without passing")


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
        _check_is_where_shown(target.name, prompt, present)
        promotions.move_label(session, prompt.id, target, actor=actor)
    state.toast(f"{target.name} points at version {target.version}")


def _check_is_where_shown(name: str, shown: PromptView, present: PromptView) -> None:
    """Raise Conflict for a label that was moved after the dialog showed what changes."""
    before, now = (
        next((each.version for each in prompt.labels if each.name == name), None)
        for prompt in (shown, present)
    )
    if before != now:
        place = f"on version {now}" if now else "removed"
        raise Conflict(f"{name} is {place} now. Close this dialog and look at the change again.")
