"""Memories in a table, each in full in a drawer."""

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from core.identity.permissions import Permission, may
from core.knowledge.memories import queries, service
from core.knowledge.schemas import MemoryKind
from core.knowledge.views import MemoryFilter, MemoryStats, MemoryView
from core.presentation import formatting
from pages._ui import (
    cache,
    columns,
    dialogs,
    errors,
    frame,
    guard,
    links,
    state,
    tables,
    text,
    watch,
)
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar
from pages._ui.filters.selection import Filters
from pages._ui.review.conversation_list import marked
from pages._ui.tables import TableColumn
from pages._ui.watch import Header

PAGE, SHOWN = "memories", 25
KINDS: dict[str, str] = {
    MemoryKind.PREFERENCE: "Preference",
    MemoryKind.RULE: "Rule",
    MemoryKind.FACT: "Fact",
}
COLOURS = {"Preference": "blue", "Rule": "orange", "Fact": "gray"}


def draw(reads: Reads, place: Header) -> None:
    """Draw the matching memories, and totals by kind."""
    found = reads.ask_ai(queries.memory_stats)
    offers = {"kind": KINDS, "scope": {each.name: each.name for each in found.scopes if each.name}}
    chosen = filter_bar.draw(
        PAGE, reads, ("q", "kind", "scope", "user_id"), offers=offers, is_timed=False
    )
    csv = "ai/knowledge/memories" if _draw_list(reads, chosen, found) else None
    place.finish(reads, chosen, csv=csv)


@errors.part("Memories")
def _draw_list(reads: Reads, chosen: Filters, found: MemoryStats) -> bool:
    at = f"{PAGE}.{hash(tuple(chosen.chosen.items()))}"
    window = tables.window(at, SHOWN)
    page = reads.ask_both(queries.list_memories, memory_filter(chosen), window=window)
    if not page.total_count:
        _say_none(chosen)
        return False
    kinds = ", ".join(
        formatting.count(each.count, KINDS.get(each.name, each.name).lower())
        for each in found.kinds
    )
    total = "" if page.total_count == found.memories else f"{found.memories:,} total: "
    told = f" · {total}{kinds}, from {formatting.count(found.users, 'user')}"
    st.caption(
        f"{formatting.count(page.total_count, 'memory', 'memories')}{told} · click a row for "
        "details"
    )
    zone = chosen.period.zone
    tables.draw_page(
        page, _columns(zone), "memory", name="memories", at=at, on_open=dialogs.open_row
    )
    dialogs.draw_opened(page.items, "Memory", partial(_draw_one, reads, zone), dialogs.no_read)
    return True


def memory_filter(chosen: Filters) -> MemoryFilter:
    kind = chosen.one_of(MemoryKind, "kind")
    return MemoryFilter(chosen["q"], chosen["user_id"], kind, chosen["scope"])


@errors.action
def forget(id_: str) -> None:
    with guard.ai_work() as (ai, actor):
        service.delete_memory(ai, id_, actor=actor)
    cache.forget()
    state.toast("Memory deleted")


def _columns(zone: str) -> Sequence[TableColumn[MemoryView]]:
    return [
        columns.chip("Kind", lambda row: KINDS[row.kind], COLOURS),
        columns.text("Memory", lambda row: row.content, width=420),
        columns.text("User", _who, width=160),
        columns.text("Scope", lambda row: row.scope, width=120),
        columns.number("Confidence", lambda row: row.confidence, format="percent", width=90),
        columns.moment(
            "Updated", lambda row: row.updated_at, zone, format="D MMM HH:mm", width=105
        ),
    ]


def _draw_one(reads: Reads, zone: str, row: MemoryView) -> None:
    with st.container(gap="small", key="memory-one"):
        said = marked(row.parts) if row.parts is not None else escape(row.content)
        st.html(f'<div class="attune-words" dir="auto">{text.upright(said)}</div>')
        frame.facts(
            {
                "Kind": KINDS[row.kind],
                "User": _who(row),
                "Scope": row.scope,
                "Created": formatting.moment(row.created_at, zone),
                "External ID": row.external_id,
            }
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if row.user_id is not None:
                links.draw("users", "Open user", icon="person", user=str(row.user_id))
            if may(reads.actor, Permission.CHANGE_KNOWLEDGE):
                st.button(
                    "Delete",
                    icon=":material/delete:",
                    key=f"memories.delete.{row.id}",
                    on_click=dialogs.leave_for,
                    args=(partial(_ask_to_delete, row),),
                )


def _ask_to_delete(row: MemoryView) -> None:
    body = "It will be deleted. If your product sends it again, it comes back."
    dialogs.confirm(
        "Delete this memory?", body, "Delete memory", forget, str(row.id), key="memories"
    )


def _who(row: MemoryView) -> str:
    return text.one_line(row.user_name or row.user_external_id or "")


def _say_none(chosen: Filters) -> None:
    if chosen.narrowed:
        watch.none_match(PAGE, "memories", chosen)
        return
    frame.empty_state(
        "psychology", "No memories yet", "Send memories through the API to see them here."
    )
