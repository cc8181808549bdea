"""The first lines of an export, and its manifest."""

from collections.abc import Sequence

import streamlit as st

from core.annotations.exports import export
from core.annotations.exports.export import ExportQuery, Manifest, Omission
from core.annotations.exports.formats import FORMATS
from core.presentation import formatting
from pages._ui import columns, guard, state, tables, text, watch
from pages._ui.tables import TableColumn

LONGEST_LINE = 4000
LINE_HEIGHT = 120  # pixels, reserved: the code that colours a line arrives later
MANIFEST = "review-export.manifest"
LANGUAGES = {"jsonl": "json", "md": "markdown", "csv": None}


def draw(query: ExportQuery) -> None:
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
        if st.button("Create manifest", icon=":material/fact_check:", key="review-export.make"):
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
        tables.draw(
            found.left_out, shown, "Excluded annotations by reason.", key="review-export.left"
        )
    st.code(found.model_dump_json(indent=2), language="json")
