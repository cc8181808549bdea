"""The form of a review. Its widgets are plain, so that a shortcut saves their current values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.annotations.charts import NAMES
from core.annotations.schemas import AnnotationSeverity, AnnotationType, ReviewVerdict
from core.conversations.schemas import MessageSpeaker
from core.errors import Invalid
from core.insights.queries.conversation_detail import ReadMessage
from core.platform import clock
from core.presentation.validation import message_of
from pages._ui import errors, frame, state

SEVERITIES: dict[AnnotationSeverity, str] = {
    AnnotationSeverity.MINOR: "Minor",
    AnnotationSeverity.MODERATE: "Moderate",
    AnnotationSeverity.CRITICAL: "Critical",
}
LONGEST = 20_000
BEGUN, STEP = "begun", "review.step"
FIELDS = {
    "annotation_type": "type",
    "severity": "severity",
    "tags": "tags",
    "suggested_response": "response",
    "content": "comment",
}
DRAFTS = "/api/v1/admin/ai/tuning/drafts"

Given = ParamSpec("Given")

_review = st.components.v2.component(
    "attune_review",
    html=(
        '<p class="count" aria-live="off"></p><div class="change" tabindex="0" role="region" '
        'aria-label="Change" hidden></div>'
    ),
    css=frame.read("parts/review.css"),
    js=frame.read("parts/review.js"),
)


def step(act: Callable[Given, None]) -> Callable[Given, None]:
    """Make a function a callback that leaves the message, or fills in the form; the browser is told
    of each attempt.
    """
    tried = errors.action(act)

    @wraps(act)
    def stepped(*args: Given.args, **kwargs: Given.kwargs) -> None:
        tried(*args, **kwargs)
        state.put(STEP, state.get(STEP, 0) + 1)

    return stepped


class NoType(Invalid):
    """Choose a type (1–4), or edit the suggested response to make it a correction."""


class NotSaid(Invalid):
    """Could not save. Check the form."""


@dataclass(frozen=True)
class ReviewedMessage:
    """The reviewed message; `original` is its text where a response can be suggested."""

    id: UUID
    role: MessageSpeaker
    original: str

    @classmethod
    def of(cls, message: ReadMessage) -> "ReviewedMessage":
        """Return a message for the form, without text if it is not an answer or too long."""
        is_open = message.role is MessageSpeaker.ASSISTANT and message.characters <= LONGEST
        return cls(message.id, message.role, message.content if is_open else "")


@dataclass(frozen=True)
class FormStart:
    """The initial values of a form, its original message and the time it was opened."""

    original: str
    values: Mapping[str, object]
    at: datetime


class ReviewForm:
    """The form of one message; each message has its own widget keys."""

    def __init__(
        self,
        subject: ReviewedMessage,
        kept: Mapping[str, object] | None,
        *,
        is_drafted: bool = True,
    ) -> None:
        """Fill the form with a draft, else with the message; `is_drafted` saves drafts while
        typing.
        """
        self.subject, self.is_drafted = subject, is_drafted
        begun: FormStart | None = state.get(self.key(BEGUN), None)
        if begun is None:
            begun = self._begin(kept or {})
            state.put(self.key(BEGUN), begun)
        self.begun, self.original = begun, begun.original
        for name, value in begun.values.items():
            state.seed(self.key(name), value)

    def _begin(self, kept: Mapping[str, object]) -> FormStart:
        original = self.subject.original
        values = {
            "response": str(kept.get("suggested_response") or original),
            "comment": str(kept.get("content") or ""),
            "tags": _texts(kept.get("tags")),
            "type": next(
                # A draft may have a type that this message does not take
                (each for each in self.types if each == kept.get("annotation_type")),
                None,
            ),
            "severity": next(
                (each for each in AnnotationSeverity if each == kept.get("severity")), None
            ),
        }
        return FormStart(original, values, clock.now())

    def key(self, name: str) -> str:
        return key(name, self.subject.id)

    @property
    def types(self) -> list[AnnotationType]:
        """The types for this message: a user's message can only be flagged."""
        return (
            list(AnnotationType)
            if self.subject.role is MessageSpeaker.ASSISTANT
            else [AnnotationType.FLAG]
        )

    def draw(self, tags: Sequence[str], *, has_keys: bool) -> None:
        with st.container(key="review-type"):
            st.segmented_control(
                "Type",
                self.types,
                key=self.key("type"),
                format_func=NAMES.__getitem__,
                width="stretch",
            )
        with st.container(key="review-severity"):
            st.segmented_control(
                "Severity",
                list(SEVERITIES),
                key=self.key("severity"),
                format_func=SEVERITIES.__getitem__,
                width="stretch",
            )
        with st.container(key="review-tags"):
            chosen = state.get(self.key("tags"), list[str]())
            offered = list(dict.fromkeys([*tags, *chosen]))
            st.multiselect(
                "Tags",
                offered,
                key=self.key("tags"),
                accept_new_options=True,
                placeholder="Choose or add a tag",
            )
        has_response = bool(self.original or self.begun.values["response"])
        if has_response:
            self._draw_response(has_keys=has_keys)
        with st.container(key="review-comment"):
            hint = "What is right or wrong"
            # Streamlit cuts what is longer, and a comment by the API may be
            most = max(LONGEST, len(str(self.begun.values["comment"])))
            st.text_area(
                "Comment", key=self.key("comment"), height=80, max_chars=most, placeholder=hint
            )
        if not has_response:
            self._draw_live(has_keys=has_keys)

    def _draw_response(self, *, has_keys: bool) -> None:
        with st.container(key="review-response", gap="xsmall"):
            most = max(LONGEST, len(str(self.begun.values["response"])))
            st.text_area("Suggested response", key=self.key("response"), height=150, max_chars=most)
            self._draw_live(has_keys=has_keys)

    def _draw_live(self, *, has_keys: bool) -> None:
        chosen = {
            name: state.get(self.key(widget), None)
            for name, widget in (("annotation_type", "type"), ("tags", "tags"))
        }
        data = {
            "item": str(self.subject.id),
            "original": self.original,
            "suggested": state.get(self.key("response"), self.original),
            "draft": f"{DRAFTS}/{self.subject.id}" if self.is_drafted else None,
            "chosen": {**chosen, "severity": state.get(self.key("severity"), None)},
            "begun_at": self.begun.at.isoformat(),
            "keys": has_keys,
            "step": state.get(STEP, 0),
        }
        _review(key="review.live", data=data, height="content")


def key(name: str, message_id: UUID) -> str:
    return f"review.{name}.{message_id}"


def entered_verdict(message_id: UUID) -> ReviewVerdict:
    """Return the form as a verdict; a changed response without a type is a correction. Raises
    NoType and NotSaid.
    """
    given = _values(message_id)
    changed = (
        given["response"]
        # An emptied field suggests nothing: the answer is not to be deleted
        if given["response"] not in (None, "", _begun(message_id).original)
        else None
    )
    type_ = given["type"] or (AnnotationType.CORRECTION if changed else None)
    if type_ is None:
        raise NoType
    texts = {"content": given["comment"] or "", "suggested_response": changed}
    try:
        return ReviewVerdict(
            annotation_type=type_, severity=given["severity"], tags=given["tags"] or [], **texts
        )
    except ValidationError as error:
        raise NotSaid(message_of(error.errors()[0])) from None


@step
def suggest(message_id: UUID, response: str) -> None:
    """Fill in a suggested response, from a callback."""
    state.put(key("response", message_id), response)


def written(message_id: UUID) -> dict[str, Any] | None:
    """Return the form as a draft; None when nothing has changed."""
    given, begun = _values(message_id), _begun(message_id)
    if all(given[name] in (None, value) for name, value in begun.values.items()):
        return None
    return {field: given[name] for field, name in FIELDS.items()}


def forget(message_id: UUID) -> None:
    state.forget(*(key(name, message_id) for name in (BEGUN, *FIELDS.values())))


def _values(message_id: UUID) -> dict[str, Any]:
    return {name: state.get(key(name, message_id), None) for name in FIELDS.values()}


def _begun(message_id: UUID) -> FormStart:
    return state.get(key(BEGUN, message_id), FormStart("", {}, clock.now()))


def _texts(given: object) -> list[str]:
    return [str(each) for each in given] if isinstance(given, list) else []
