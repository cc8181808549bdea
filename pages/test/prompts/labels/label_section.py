"""Section Labels: where each label points, its gate and its chain, and the history of moves."""

from collections.abc import Mapping

import streamlit as st

from core.evaluations.schemas import EvaluationSplit
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.insights.chains.chain_views import ChainKind
from core.presentation.formatting import count
from core.promotions import queries as gates
from core.promotions.gate_verdicts import NO_DATASET, asked_for
from core.promotions.schemas import GateView
from core.prompts.queries import labels as queries
from core.prompts.views import LabelMove, LabelView, PromptView
from core.system import workspace
from pages._ui import columns, frame, guard, tables, text
from pages._ui.versions import chain_line
from pages.test.prompts.labels import gate_dialog, label_move, label_removal, label_rollback


def draw(prompt: PromptView, actor: Actor) -> None:
    with guard.work() as (session, _):
        moves = queries.list_moves(session, prompt.id)
        found = gates.list_gates(session, prompt.id, actor=actor)
        previous = queries.find_previous_versions(session, prompt.id)
    by_label = {gate.label: gate for gate in found}
    frame.section("Labels", f"programs call a prompt as {text.plain(prompt.name)}@label")
    if not prompt.labels:
        frame.empty_state(
            "label_off",
            "No labels yet",
            "Point “production” at the version that your application should use.",
        )
    for label in prompt.labels:
        _draw_label(prompt, label, by_label, moves, previous.get(label.name), actor)
    if prompt.may_edit:
        st.button(
            "Move or add label",
            icon=":material/new_label:",
            on_click=label_move.open_move,
            args=(prompt, None, actor),
        )
    if moves:
        _draw_history(moves)


def _draw_label(
    prompt: PromptView,
    label: LabelView,
    by_label: Mapping[str, GateView],
    moves: list[LabelMove],
    previous: int | None,
    actor: Actor,
) -> None:
    last = next((move for move in moves if move.label == label.name), None)
    gate = by_label.get(label.name)
    with st.container(border=True, key=f"label-{label.name}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            icon = ":material/lock:" if label.is_protected else ":material/label:"
            by = f" by {label.moved_by_name}" if label.moved_by_name else ""
            st.markdown(
                f"{icon} **{text.plain(label.name)}** → version {label.version}"
                f"\u2002:gray[:small[moved {text.since(label.moved_at)}{text.plain(by)}]]",
                width="stretch",
            )
            if prompt.may_edit and (not label.is_protected or may(actor, Permission.PROMOTE)):
                _draw_actions(prompt, label, previous, gate, actor)
        if gate is not None:
            st.caption(text.plain(text.one_line(_terms(gate))))
        if last is not None:
            chain_line.draw(ChainKind.PROMOTION, last.id)


def _terms(gate: GateView) -> str:
    """Return what a gate asks for, in one line."""
    if gate.dataset_name is None:
        return f"Gate: {NO_DATASET}"
    version = f"version {gate.dataset_version}" if gate.dataset_version else "newest version"
    split = "" if gate.split is EvaluationSplit.ALL else f", {text.SPLITS[gate.split]}"
    scorers = f", {count(len(gate.scorers), 'scorer')}" if gate.scorers else ""
    model = f", answered by {gate.model_id}" if gate.model_id else ""
    return f"Gate: {asked_for(gate)} on {gate.dataset_name} ({version}{split}){model}{scorers}"


def _draw_actions(
    prompt: PromptView,
    label: LabelView,
    previous: int | None,
    gate: GateView | None,
    actor: Actor,
) -> None:
    key = f"prompts.label.{label.name}"
    if previous is not None:
        label_rollback.draw(prompt, label.name, previous, needs_reason=gate is not None)
    st.button(
        "Move",
        key=f"{key}.move",
        on_click=label_move.open_move,
        args=(prompt, label.name, actor),
    )
    if may(actor, Permission.PROMOTE):
        st.button(
            "Change gate" if gate else "Set gate",
            key=f"{key}.gate",
            on_click=gate_dialog.open_gate,
            args=(prompt, label.name, gate),
        )
    label_removal.draw(prompt, label.name, needs_reason=gate is not None)


def _draw_history(moves: list[LabelMove]) -> None:
    shown: list[tables.TableColumn[LabelMove]] = [
        columns.text("Label", lambda row: row.label, width=120),
        columns.number("From version", lambda row: row.from_version, width=100),
        columns.number("To version", lambda row: row.to_version, width=90),
        columns.text("Why", _why, width=280, is_optional=True),
        columns.text("By", lambda row: row.moved_by_name or "Attune"),
        columns.moment("Moved", lambda row: row.moved_at, workspace.zone()),
    ]
    frame.section("History", "newest first")
    tables.draw(moves, shown, "moves", key="prompts.moves", most=12)


def _why(move: LabelMove) -> str:
    passed = "Passed its gate" if move.evaluation_id else ""
    return " · ".join(filter(None, (passed, move.reason)))
