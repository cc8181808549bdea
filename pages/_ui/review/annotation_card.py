"""One annotation with its changes."""

import streamlit as st

from core.annotations.charts import NAMES
from core.annotations.queries import annotation_list
from core.annotations.schemas import AnnotationStatus, AnnotationType, AnnotationView, ChangeView
from core.presentation import formatting
from pages._ui import diff, guard, markdown, text
from pages._ui.review.review_form import SEVERITIES

TONES = {
    AnnotationType.CORRECTION: "blue",
    AnnotationType.IMPROVEMENT: "blue",
    AnnotationType.FLAG: "orange",
}
STATUS_TONES = {AnnotationStatus.REVIEWED: "blue", AnnotationStatus.APPLIED: "green"}
LONGEST = 4000
FIELDS = {
    "annotation_type": "type",
    "content": "comment",
    "suggested_response": "suggested response",
}


def draw(one: AnnotationView, zone: str, *, original: str | None) -> None:
    """Draw an annotation; with the original message, a suggested response is shown as a diff."""
    badges = [f":{TONES.get(one.annotation_type, 'green')}-badge[{NAMES[one.annotation_type]}]"]
    if one.severity:
        badges.append(f":gray-badge[{SEVERITIES[one.severity]}]")
    badges += [f":gray-badge[{text.plain(text.one_line(tag))}]" for tag in one.tags]
    badges.append(f":{STATUS_TONES.get(one.status, 'gray')}-badge[{one.status.value.capitalize()}]")
    who = text.plain(
        text.one_line(f"{one.author_name} · {formatting.moment(one.created_at, zone)}")
    )
    st.markdown(" ".join(badges) + f"\u2002:gray[:small[{who}]]")
    decided = {"Reviewed": (one.reviewed_by_name, one.reviewed_at)}
    decided["Applied"] = (one.applied_by_name, one.applied_at)
    steps = [
        f"{step}{f' by {name}' if name else ''} · {formatting.moment(at, zone)}"
        for step, (name, at) in decided.items()
        if at is not None
    ]
    if steps:
        st.caption(text.plain(text.one_line(" · ".join(steps))))
    if one.content:
        markdown.draw(one.content[:LONGEST])
    if one.suggested_response:
        if original:
            diff.draw(original, one.suggested_response[:LONGEST])
        else:
            st.caption("Suggested response")
            markdown.draw(one.suggested_response[:LONGEST])


def draw_history(one: AnnotationView, zone: str) -> None:
    with guard.ai_work() as (ai, actor):
        changes = annotation_list.list_changes(ai, one.id, actor=actor)
    if changes:
        with st.expander(formatting.count(len(changes), "change")):
            for each in changes:
                draw_change(each, zone)


def draw_change(each: ChangeView, zone: str) -> None:
    what = (
        "deleted this"
        if each.after is None
        else f"changed {', '.join(FIELDS.get(name, name) for name in each.after)}"
    )
    st.caption(
        text.plain(text.one_line(f"{each.by_name} {what} · {formatting.moment(each.at, zone)}"))
    )
    before, after = each.before or {}, each.after or {}
    for name in after:
        diff.draw(_value_text(before.get(name)), _value_text(after[name]))


def summary(one: AnnotationView) -> str:
    """Return the comment in one line, else the suggested response."""
    return text.one_line(one.content or one.suggested_response or "")[:300]


def _value_text(value: object) -> str:
    return (
        ", ".join(map(str, value))
        if isinstance(value, list)
        else ""
        if value is None
        else str(value)
    )
