"""The details of a conversation beside its messages, and links to its user and AI requests."""

import json
from typing import Any

import streamlit as st

from core.conversations.views import ConversationSummary
from core.insights.queries.conversation_detail import ConversationPart
from core.presentation import formatting
from pages._ui import links, watch
from pages._ui.review import conversation_list, message_list, score_list
from pages.review.tuning.conversations import conversation_notes

MOST_CONTEXT = 20


def draw(found: ConversationPart, zone: str, *, sees_costs: bool) -> None:
    one = found.conversation
    known = {
        "User": conversation_list.who(one),
        "Started": formatting.moment(one.created_at, zone),
        "Model": ", ".join(one.models),
        "Prompt": ", ".join(one.prompt_versions),
        "Arm": ", ".join(one.experiment_arms),
        "Type": one.session_type or "",
        "App": " ".join(filter(None, (one.app, one.release))),
        "Environment": one.environment,
        "Tokens": f"{one.total_tokens:,}" if one.total_tokens else "",
        "Cost": formatting.cost(one.total_cost_usd, one.unpriced_requests) if sees_costs else "",
        "Escalated": _escalation(one, zone),
        "External ID": one.external_id,
    }
    watch.details("Details", known)
    if one.context:
        _draw_context(one.context)
    if found.feedback:
        with watch.panel("Conversation feedback"), st.container(border=True, gap="xsmall"):
            message_list.draw_feedback(found.feedback, zone, None)
    if found.scores:
        with watch.panel("Conversation scores"), st.container(border=True, gap="xsmall"):
            score_list.draw(found.scores, zone)
    conversation_notes.draw(one.id, zone)
    with watch.panel("Related"), st.container(gap=None):
        if one.user_id is not None:
            links.draw(
                "users", "User", icon="person", user=str(one.user_id), environment=one.environment
            )
        place = {"conversation": str(one.id), "environment": one.environment, "days": "90"}
        links.draw("ai-metrics", "AI requests", icon="monitoring", **place)
        about = {"conversation": str(one.id), links.ACTION: "ticket"}
        links.draw("tickets", "Create ticket", icon="confirmation_number", **about)
        st.link_button(
            "View JSON",
            f"/api/v1/admin/ai/tuning/conversations/{one.id}",
            icon=":material/data_object:",
            type="tertiary",
        )


def _draw_context(given: dict[str, Any]) -> None:
    known = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in list(given.items())[:MOST_CONTEXT]
    }
    watch.details("Context", known, "as sent")
    if len(given) > MOST_CONTEXT:
        st.caption(f"{len(given) - MOST_CONTEXT:,} more in the JSON")


def _escalation(one: ConversationSummary, zone: str) -> str:
    if one.escalated_at is None:
        return ""
    return ": ".join(
        filter(None, (formatting.moment(one.escalated_at, zone), one.escalation_reason))
    )
