"""Settings, Retention: how long rows are kept, and which have expired."""

import streamlit as st

from core.database.settings import Retention
from core.identity.permissions import Permission, may
from core.presentation import formatting
from core.system.service import retention
from pages._ui import errors, frame, guard, state

BY_DAY = "A day is deleted as a whole, once its last row to arrive has expired."
LABELS = {
    "event_days": ("Events (days)", f"Aggregated metrics and funnels are kept. {BY_DAY}"),
    "request_days": ("AI requests (days)", f"Aggregated metrics are kept. {BY_DAY}"),
    "batch_run_days": ("Batch runs (days)", None),
    "batch_runs_kept": ("Runs to keep per batch job", "Kept regardless of age."),
    "conversation_days": ("Conversations (days)", "Since the last message."),
    "feedback_days": ("Feedback (days)", None),
    "score_days": ("Scores (days)", None),
    "evaluation_days": (
        "Evaluations (days)",
        "Since they ended. Includes bot tests. Datasets are kept.",
    ),
    "playground_days": ("Playground and executions (days)", None),
    "session_trash_days": (
        "Deleted playground sessions (days)",
        "How long they can be restored.",
    ),
    "admin_session_days": ("Expired sessions (days)", None),
    "import_undo_days": (
        "Import undo window (days)",
        "Imported rows are kept for at least this long.",
    ),
}
# What a row of a table is, by the table
ROWS = {
    "admin_sessions": "expired session",
    "ai_feedback": "rating",
    "ai_request_metrics": "AI request",
    "batch_run_history": "batch run",
    "conversations": "conversation",
    "evaluation_results": "evaluation result",
    "evaluation_tests": "evaluation",
    "message_scores": "score",
    "messages": "message",
    "named_messages": "message reference",
    "playground_messages": "playground message",
    "playground_sessions": "playground session",
    "playground_test_results": "bot test",
    "prompt_executions": "execution text",
    "scenario_runs": "scenario run",
    "user_activity_events": "event",
}
LARGEST, SURE, SHORTENED = 1_000_000, "retention.sure", "retention.shortened"
FIRST = f"retention.{next(iter(LABELS))}"


def draw() -> None:
    """Draw retention for super admins, and expired rows for every admin."""
    with guard.work() as (session, actor):
        may_change = may(actor, Permission.CHANGE_RETENTION)
        present = retention.read(session, actor=actor) if may_change else None
    if present is not None:
        _draw_days(present)
    # The next daily job deletes without asking: what it will delete is said in time
    is_shortened = bool(state.take(SHORTENED))
    frame.section("Clean up", "expired rows are deleted daily at 01:00 UTC")
    with st.container(horizontal=True):
        is_counted = st.button("Preview expired rows") or is_shortened
        with st.popover("Delete now…", icon=":material/delete_sweep:"):
            st.checkbox("Permanently delete expired rows", key=SURE)
            st.button(
                "Delete expired rows",
                type="primary",
                on_click=clean_up,
                disabled=not state.get(SURE, False),
            )
    # Below both: the count must not push the button that deletes under the pointer.
    if is_counted:
        _draw_counts(may_change=present is not None)


def _draw_days(present: Retention) -> None:
    frame.section(
        "Retention", "how long rows are kept, from event or ingest time, whichever is later"
    )
    loaded = state.loaded(FIRST, present)
    with st.form("retention", border=True, enter_to_submit=False, width=760):
        left, right = st.columns(2)
        for number, (name, (label, help_)) in enumerate(LABELS.items()):
            least = 0 if name == "batch_runs_kept" else 1
            most = LARGEST if name == "batch_runs_kept" else 36_500
            (right if number % 2 else left).number_input(
                label,
                min_value=least,
                max_value=most,
                value=getattr(present, name),
                key=f"retention.{name}",
                help=help_,
            )
        st.form_submit_button("Save", type="primary", on_click=save, args=(loaded,))


def _draw_counts(*, may_change: bool) -> None:
    with errors.InForm(st.container()):
        found = retention.clean_up(actor=guard.enter(), dry_run=True).rows
        gone = [
            formatting.count(rows, ROWS.get(table, "other row"))
            for table, rows in sorted(found.items())
            if rows
        ]
        st.caption(f"Rows to delete: {', '.join(gone)}." if gone else "No expired rows.")
        if may_change:
            st.caption("Counted by the saved days: save a change before you preview it.")


@errors.action
def save(loaded: Retention) -> None:
    given = Retention.model_validate(
        {name: int(state.get(f"retention.{name}", 0)) for name in LABELS}
    )
    with guard.work() as (session, actor):
        changed = retention.change(session, given, actor=actor, loaded=loaded)
    state.put_loaded(FIRST, changed)
    state.put(SHORTENED, any(getattr(changed, it) < getattr(loaded, it) for it in LABELS))
    state.toast("Retention saved")


@errors.action
def clean_up() -> None:
    done = retention.clean_up(actor=guard.enter(), dry_run=False)
    state.forget(SURE)
    state.toast(f"{formatting.count(sum(done.rows.values()), 'row')} deleted")
