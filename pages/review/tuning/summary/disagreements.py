"""How far reviewers agree, and where they differ: by pair of types, by model, by message."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from core.annotations.agreement import Agreement, Disagreement
from core.annotations.charts import NAMES
from core.annotations.views import (
    DisputedMessage,
    ModelAgreement,
    ReviewSummary,
)
from core.insights.queries.excerpts import Excerpt, read_excerpts
from core.presentation import formatting
from core.presentation.periods import Period
from pages._ui import columns, guard, tables, text, watch
from pages._ui.tables import TableColumn

MOST_ROWS = 8
LINE = 200  # characters of a disputed message


def words_of_alpha(found: Agreement) -> str:
    """Return the interval and size of an agreement in words."""
    if not found.units:
        return "no messages with two or more reviews"
    unit = " (95% interval)" if found.alpha_low is not None else ""
    return (
        f"{_interval(found)}{unit} · {formatting.count(found.units, 'message')} with two or "
        "more reviews"
    )


def words_of_unanimous(found: Agreement) -> str:
    """Return the interval and size of raw agreement in words."""
    if found.unanimous_low is None or found.unanimous_high is None:
        return f"{formatting.count(found.units, 'message')} · not enough for an interval"
    interval = (
        f"{formatting.share(found.unanimous_low)} to "
        f"{formatting.share(found.unanimous_high)} (95% interval)"
    )
    return f"{interval} · {formatting.count(found.units, 'message')} with two or more reviews"


def draw(found: ReviewSummary) -> None:
    """Draw the pairs of types that differ, and agreement by model."""
    with watch.panel("Disagreements", "pairs of annotations on the same message"):
        if not found.disagreements:
            st.caption("No disagreements among messages with two reviews.")
            return
        pairs: Sequence[TableColumn[Disagreement]] = [
            columns.text("Reviewer A", lambda row: NAMES[row.one]),
            columns.text("Reviewer B", lambda row: NAMES[row.other]),
            columns.number("Pairs", lambda row: row.pairs),
            columns.figure("Share", lambda row: formatting.share(row.share)),
        ]
        alt = "Pairs of annotations that differ on the same message."
        tables.draw(found.disagreements, pairs, alt, key="review-summary.pairs")
    with watch.panel("Agreement by model", "lowest first"):
        models: Sequence[TableColumn[ModelAgreement]] = [
            columns.text("Model", lambda row: row.model or "Unknown"),
            columns.figure("Raw agreement", lambda row: formatting.share(row.agreement.unanimous)),
            columns.figure("Agreement (α)", lambda row: figure(row.agreement.alpha)),
            columns.figure("95% interval", lambda row: _interval(row.agreement)),
            columns.number("Messages", lambda row: row.agreement.units),
        ]
        alt = "Reviewer agreement by model."
        tables.draw(
            found.by_model_agreement, models, alt, key="review-summary.models", most=MOST_ROWS
        )


def draw_disputed(found: Sequence[DisputedMessage], period: Period, *, may_read: bool) -> None:
    """Draw disputed messages; with their text and a way to open one if the account may read it."""
    begins = _read_beginnings(found) if may_read else {}
    message: TableColumn[DisputedMessage] = columns.text(
        "Message",
        lambda row: text.upright(each.short) if (each := begins.get(row.message_id)) else None,
        width=380,
    )
    shown: Sequence[TableColumn[DisputedMessage]] = [
        *([message] if may_read else []),
        columns.text(
            "Annotations",
            lambda row: ", ".join(f"{NAMES[kind]} {count}" for kind, count in row.said.items()),
        ),
        columns.text("Model", lambda row: row.model or "Unknown"),
        columns.text("Adjudicated", lambda row: "Yes" if row.is_decided else "Not yet"),
        columns.text("Last annotation", lambda row: formatting.moment(row.at, period.zone)),
    ]

    def open_(row: DisputedMessage) -> None:
        st.query_params.update(
            {"conversation": str(row.conversation_id), "message": str(row.message_id)}
        )

    with watch.panel(
        "Messages", "most disputed first" + (" · click a row to open it" if may_read else "")
    ):
        alt = "Messages with disagreements."
        tables.draw(
            found, shown, alt, key="review-summary.disputed", on_open=open_ if may_read else None
        )


def _read_beginnings(found: Sequence[DisputedMessage]) -> dict[UUID, Excerpt]:
    ids = [each.message_id for each in found]
    with guard.work() as (core, actor):
        return read_excerpts(core, ids, longest=LINE, actor=actor)


def _interval(found: Agreement) -> str:
    if found.alpha is None:
        return "all reviewers agree"
    if found.alpha_low is None or found.alpha_high is None:
        return "not enough for an interval"
    return f"{figure(found.alpha_low)} to {figure(found.alpha_high)}"


def figure(value: float | None) -> str:
    """Return an agreement; what rounds to zero has no sign."""
    return formatting.NOTHING if value is None else f"{value:z.2f}"
