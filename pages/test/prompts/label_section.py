"""Section Labels: where each label points, moves with confirmation, and their history."""

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.prompts.queries import labels as queries
from core.prompts.queries import versions as version_queries
from core.prompts.schemas import LabelTarget
from core.prompts.service import labels
from core.prompts.template.syntax import DEFAULT_LABEL
from core.prompts.views import LabelMove, LabelView, PromptVersionView, PromptView
from core.system import workspace
from pages._ui import columns, dialogs, diff, errors, frame, guard, state, tables, text

NAME, VERSION, PROTECTED = "prompts.label.name", "prompts.label.version", "prompts.label.protected"
USUAL = (DEFAULT_LABEL, "staging")


def draw(prompt: PromptView, actor: Actor) -> None:
    with guard.work() as (session, _):
        moves = queries.list_moves(session, prompt.id)
    frame.section("Labels", f"programs call a prompt as {text.plain(prompt.name)}@label")
    if not prompt.labels:
        frame.empty_state(
            "label_off",
            "No labels yet",
            "Point “production” at the version that your application should use.",
        )
    for label in prompt.labels:
        _draw_label(prompt, label, moves, actor)
    if prompt.may_edit:
        st.button(
            "Move or add label",
            icon=":material/new_label:",
            on_click=open_move,
            args=(prompt, None, actor),
        )
    if moves:
        _draw_history(moves)


def _draw_label(prompt: PromptView, label: LabelView, moves: list[LabelMove], actor: Actor) -> None:
    last = next((move for move in moves if move.label == label.name), None)
    with (
        st.container(border=True, key=f"label-{label.name}"),
        st.container(horizontal=True, vertical_alignment="center", gap="small"),
    ):
        icon = ":material/lock:" if label.is_protected else ":material/label:"
        by = f" by {label.moved_by_name}" if label.moved_by_name else ""
        st.markdown(
            f"{icon} **{text.plain(label.name)}** → version {label.version}"
            f"\u2002:gray[:small[moved {text.since(label.moved_at)}{text.plain(by)}]]",
            width="stretch",
        )
        if not prompt.may_edit or (label.is_protected and not may(actor, Permission.PROMOTE)):
            return
        key = f"prompts.label.{label.name}"
        if last is not None and last.from_version is not None:
            st.button(
                f"Roll back to version {last.from_version}",
                icon=":material/undo:",
                key=f"{key}.back",
                on_click=roll_back,
                args=(prompt, label.name),
            )
        st.button("Move", key=f"{key}.move", on_click=open_move, args=(prompt, label.name, actor))
        st.button(
            "Remove",
            type="tertiary",
            key=f"{key}.remove",
            on_click=ask_to_remove,
            args=(prompt, label.name),
        )


def open_move(prompt: PromptView, name: str | None, actor: Actor) -> None:
    """Ask for a label and a version, with what changes for its callers."""
    with guard.work() as (session, _):
        versions = version_queries.list_versions(session, prompt.id, actor=actor)
    by_number = {version.number: version for version in versions}
    names = list(dict.fromkeys([*USUAL, *(label.name for label in prompt.labels)]))
    state.put(NAME, name or names[0])
    state.put(VERSION, prompt.version)
    state.forget(PROTECTED)

    @st.dialog("Move label", width="large")
    def form() -> None:
        with st.container(horizontal=True, gap="small"):
            st.selectbox("Label", names, key=NAME, accept_new_options=True)
            st.selectbox("Version", list(by_number), key=VERSION)
        present = next(
            (label for label in prompt.labels if label.name == state.get(NAME, "")), None
        )
        st.checkbox(
            "Protected",
            present is not None and present.is_protected,
            key=PROTECTED,
            help="Only admins can move a protected label.",
        )
        if present is not None:
            _draw_change(by_number[present.version], by_number[state.get(VERSION, prompt.version)])
        dialogs.submit("Move label", lambda: move(prompt), key="prompts.label")

    form()


def _draw_change(old: PromptVersionView, new: PromptVersionView) -> None:
    st.caption(f"Calls change from version {old.number} to version {new.number}:")
    with st.container(border=True, height=220):
        diff.draw(
            f"{old.system_prompt or ''}\n\n{old.prompt}".strip(),
            f"{new.system_prompt or ''}\n\n{new.prompt}".strip(),
        )


def move(prompt: PromptView) -> None:
    try:
        target = LabelTarget(
            name=(state.get(NAME, "") or "").strip(),
            version=state.get(VERSION, prompt.version),
            is_protected=state.get(PROTECTED, None),
        )
    except ValidationError:
        raise Invalid(
            "Enter a label of lowercase letters, digits, dots and dashes, other than “latest”."
        ) from None
    with guard.work() as (session, actor):
        labels.move_label(session, prompt.id, target, actor=actor)
    state.toast(f"{target.name} points at version {target.version}")


@errors.action
def roll_back(prompt: PromptView, name: str) -> None:
    with guard.work() as (session, actor):
        found = labels.roll_back(session, prompt.id, name, actor=actor)
    version = next(label.version for label in found.labels if label.name == name)
    state.toast(f"{name} points at version {version} again")


def ask_to_remove(prompt: PromptView, name: str) -> None:
    dialogs.confirm(
        "Remove this label?",
        text.plain(f"Calls of {prompt.name}@{name} will fail. Its history stays."),
        "Remove label",
        remove,
        prompt,
        name,
        key="prompts.label.remove",
    )


@errors.action
def remove(prompt: PromptView, name: str) -> None:
    with guard.work() as (session, actor):
        labels.remove_label(session, prompt.id, name, actor=actor)
    state.toast("Label removed")


def _draw_history(moves: list[LabelMove]) -> None:
    shown: list[tables.TableColumn[LabelMove]] = [
        columns.text("Label", lambda row: row.label, width=140),
        columns.number("From version", lambda row: row.from_version, width=110),
        columns.number("To version", lambda row: row.to_version, width=110),
        columns.text("By", lambda row: row.moved_by_name or "Attune"),
        columns.moment("Moved", lambda row: row.moved_at, workspace.zone()),
    ]
    frame.section("History", "newest first")
    tables.draw(moves, shown, "moves", key="prompts.moves", most=12)
