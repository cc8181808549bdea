"""Export of annotations: format, filters, preview, manifest and download."""

from urllib.parse import urlencode

import streamlit as st

from core.annotations.exports.export import ExportQuery
from core.annotations.exports.formats import FORMATS, FormatName
from core.annotations.exports.queries import Source, Split
from core.annotations.schemas import AnnotationFilter, AnnotationStatus, AnnotationType
from core.identity.permissions import Permission, may
from pages._ui import errors, frame, state, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar
from pages.review.tuning.annotations import annotation_filters
from pages.review.tuning.summary import export_preview

PAGE = "review-export"
SPLITS = {Split.ALL: "All", Split.TRAIN: "Training split", Split.HOLDOUT: "Hold-out split"}
SOURCES = {
    Source.ALL: "All pairs",
    Source.ANNOTATIONS: "Annotations",
    Source.COMPARISONS: "Comparisons",
}
ABOUT_SPLITS = (
    "10% of conversations are held out, always the same ones, so you can evaluate on data you did "
    "not train on."
)
FIRST, OWN = ("type", "status", "tag"), ("format", "split", "source")
OFFERS = {name: annotation_filters.OFFERS[name] for name in ("type", "status")}


def export_tab(reads: Reads, header: watch.Header) -> None:
    """Draw the tab; only super admins may export user messages."""
    header.caption.caption(f"{header.about} · for training and evaluation")
    if not may(reads.actor, Permission.EXPORT_ANNOTATIONS):
        frame.empty_state(
            "lock",
            "Exports are for super admins",
            "Exports contain user messages, so only super admins can create them.",
        )
        return
    asked = draw_choices(reads)
    with header.actions:
        st.link_button(
            "Download",
            address(asked),
            icon=":material/download:",
            help="Recorded in the audit log",
            type="primary",
        )
    with errors.InWords("Preview"):
        export_preview.draw(asked)
    with errors.InWords("Manifest"):
        export_preview.draw_manifest(asked)


def draw_choices(reads: Reads) -> ExportQuery:
    """Draw the filters, which are all in the address, and return the query."""
    offers = {**OFFERS, "tag": annotation_filters.tags_offered()}
    chosen = filter_bar.draw(
        PAGE, reads, FIRST, offers=offers, is_timed=False, own=OWN, draw_own=_draw_own
    )
    wanted = AnnotationFilter(
        status=chosen.one_of(AnnotationStatus, "status"),
        type=chosen.one_of(AnnotationType, "type"),
        tag=chosen["tag"],
    )
    name = chosen.one_of(FormatName, "format") or FormatName.OPENAI_CHAT
    source = chosen.one_of(Source, "source") if FORMATS[name].pair_writer else None
    split = chosen.one_of(Split, "split")
    return ExportQuery(name, wanted, split or Split.ALL, source or Source.ALL)


def _draw_own() -> None:
    form, part, source = (f"{PAGE}.{name}" for name in OWN)
    # An address may hold any text
    if state.get(form, None) not in FORMATS:
        state.put(form, FormatName.OPENAI_CHAT)
    if state.get(part, None) not in SPLITS:
        state.put(part, Split.ALL)
    if state.get(source, None) not in SOURCES:
        state.put(source, Source.ALL)
    st.selectbox(
        "Format",
        list(FORMATS),
        format_func=lambda each: FORMATS[each].said,
        key=form,
        width=260,
        label_visibility="collapsed",
    )
    st.segmented_control(
        "Conversations",
        list(SPLITS),
        required=True,
        format_func=lambda each: SPLITS[each],
        help=ABOUT_SPLITS,
        key=part,
        label_visibility="collapsed",
    )
    if FORMATS[state.get(form, FormatName.OPENAI_CHAT)].pair_writer is not None:
        st.selectbox(
            "Source of pairs",
            list(SOURCES),
            format_func=lambda each: SOURCES[each],
            key=source,
            width=150,
            label_visibility="collapsed",
        )


def address(asked: ExportQuery) -> str:
    split = {} if asked.split is Split.ALL else {"split": str(asked.split)}
    query = {"format": str(asked.format), **split, **asked.filters}
    return f"/api/v1/admin/ai/tuning/export?{urlencode(query)}"
