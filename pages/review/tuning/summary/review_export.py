"""Export of annotations: format, filters, preview, manifest and download."""

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from core.annotations.exports import export
from core.annotations.exports.export import ExportQuery, Manifest, Omission
from core.annotations.exports.formats import FORMATS, FormatName
from core.annotations.exports.queries import Source, Split
from core.annotations.schemas import AnnotationFilter, AnnotationStatus, AnnotationType
from core.identity.permissions import Permission, may
from core.presentation import formatting
from pages._ui import columns, errors, frame, guard, state, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar
from pages._ui.tables import TableColumn
from pages.review.tuning.annotations import annotation_tab

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
LONGEST_LINE = 4000
LINE_HEIGHT = 120  # pixels, reserved: the code that colours a line arrives later
FIRST, OWN = ("type", "status", "tag"), ("format", "split", "source")
OFFERS = {name: annotation_tab.OFFERS[name] for name in ("type", "status")}
LANGUAGES = {"jsonl": "json", "md": "markdown", "csv": None}
MANIFEST = f"{PAGE}.manifest"


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
        draw_preview(asked)
    with errors.InWords("Manifest"):
        draw_manifest(asked)


def draw_choices(reads: Reads) -> ExportQuery:
    """Draw the filters, which are all in the address, and return the query."""
    offers = {**OFFERS, "tag": annotation_tab.tags_offered()}
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


def draw_preview(query: ExportQuery) -> None:
    lines = export.preview(query, actor=guard.enter())
    with watch.panel("Preview", f"first {export.PREVIEWED} lines of {query.name}"):
        if not lines:
            st.caption("Nothing fits this format and filter. The manifest explains why.")
        for line in lines:
            shown = (
                line
                if len(line) <= LONGEST_LINE
                else f"{line[:LONGEST_LINE]}… ({len(line):,} characters)"
            )
            st.code(
                text.upright(shown).rstrip("\r\n"),
                language=LANGUAGES[FORMATS[query.format].ending],
                wrap_lines=True,
                height=LINE_HEIGHT,
            )


def draw_manifest(query: ExportQuery) -> None:
    """Draw the rows and omissions of the file; made on demand, as it takes as long as the file."""
    with watch.panel("Manifest", "rows, checksum and excluded annotations"):
        made: tuple[ExportQuery, Manifest] | None = state.get(MANIFEST, None)
        if st.button("Create manifest", icon=":material/fact_check:", key=f"{PAGE}.make"):
            # No transaction stays open: counting takes as long as the download
            actor = guard.enter()
            with st.spinner("Building the file to count rows…"):
                made = (query, export.make_manifest(query, actor=actor))
            state.put(MANIFEST, made)
        if made is not None and made[0] == query:
            _draw_found(made[1])


def _draw_found(found: Manifest) -> None:
    st.markdown(
        f"**{formatting.count(found.rows, 'row')}** of "
        f"{formatting.count(found.annotations, 'annotation')}"
        + (f" and {formatting.count(found.pairs, 'vote')}" if found.pairs else "")
        + f" · {found.bytes:,} bytes"
    )
    for warning in found.warnings:
        st.warning(text.plain(warning), icon=":material/warning:")
    if found.left_out:
        shown: Sequence[TableColumn[Omission]] = [
            columns.text("Reason excluded", lambda row: row.words),
            columns.number("Annotations", lambda row: row.count, width=100),
        ]
        tables.draw(found.left_out, shown, "Excluded annotations by reason.", key=f"{PAGE}.left")
    st.code(found.model_dump_json(indent=2), language="json")
