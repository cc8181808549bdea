"""The chain of an object on one line: from an annotation to a promotion's effect, each a link."""

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from core.errors import Forbidden, NotFound
from core.insights.chains.chain_views import ChainKind, ChainLink
from core.insights.queries.chains import chain as queries
from pages._ui import guard, links, text


def draw(kind: ChainKind, id_: object) -> None:
    """Draw the chain of an object; nothing for one that stands alone, or that the reader can't
    see.
    """
    try:
        with guard.work_on_both() as (core, ai, actor):
            found = queries.chain(core, ai, kind, str(id_), actor=actor).links
    except (NotFound, Forbidden):
        return
    if len(found) < 2:
        return
    with st.container(
        key=f"chain-{kind}-{id_}", horizontal=True, vertical_alignment="center", gap="xsmall"
    ):
        for number, link in enumerate(found):
            if number:
                st.markdown(":gray[→]", width="content")
            _draw_link(link)


def _draw_link(link: ChainLink) -> None:
    words = text.one_line(link.words) + (f" and {link.others} more" if link.others else "")
    if link.is_current:
        st.markdown(f"**{text.plain(words)}**", width="content")
        return
    try:
        st.page_link(links.path_of(link.page), label=text.plain(words), query_params=link.query)
    except StreamlitPageNotFoundError:  # a page that the reader's role does not have
        st.markdown(text.plain(words), width="content")
