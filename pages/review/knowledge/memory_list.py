"""What the assistant remembers: in a table, and the one that is selected beside it."""

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from core.database.db import Database, transaction
from core.database.paging import Window
from core.identity.permissions import Permission, may
from core.knowledge import memory_list
from core.knowledge.answers import MemoryFilter, MemoryStats, MemoryView
from core.knowledge.schemas import MemoryKind
from core.presentation import words
from pages._ui import cache, errors, filters, frame, guard, links, state, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import Filters
from pages._ui.lists import user_list
from pages._ui.lists.conversation_list import marked
from pages._ui.watch import Header

PAGE, SHOWN, LONGEST = "memories", 25, 200
KINDS: dict[str, str] = {MemoryKind.PREFERENCE: "Preference", MemoryKind.RULE: "Rule", MemoryKind.FACT: "Fact"}
column = st.column_config
COLUMNS = {
    "Kind": column.MultiselectColumn(options=list(KINDS.values()), color=["blue", "orange", "gray"], width=100),
    "Memory": column.TextColumn(width=255),
    "User": column.TextColumn(width=120),
    "Scope": column.TextColumn(width=100),
    "Confidence": column.NumberColumn(format="percent", width=90),
    "Updated": column.DatetimeColumn(format="D MMM HH:mm", width=105),
}


def draw(reads: Reads, place: Header) -> None:
    """Draw the memories that the filters match, and how many there are of each kind."""
    found = reads.ask_ai(memory_list.memory_stats)
    offers = {"kind": KINDS, "scope": {each.name: each.name for each in found.scopes if each.name}}
    chosen = filters.bar(PAGE, reads, ("q", "kind", "scope", "user_id"), offers=offers, is_timed=False)
    _draw_list(reads, chosen, found)
    place.finish(reads, chosen, csv="ai/knowledge/memories")


@errors.part("Memories")
def _draw_list(reads: Reads, chosen: Filters, found: MemoryStats) -> None:
    at = f"{PAGE}.{hash(tuple(chosen.chosen.items()))}"
    window = Window(SHOWN, (state.get(f"{at}.page", 1) - 1) * SHOWN)
    page = reads.ask_both(memory_list.list_memories, wanted(chosen), window=window)
    if not page.total_count:
        _say_none(chosen)
        return
    kinds = ", ".join(words.count(each.count, KINDS.get(each.name, each.name).lower()) for each in found.kinds)
    total = "" if page.total_count == found.memories else f"{found.memories:,} total: "
    told = f" · {total}{kinds}, from {words.count(found.users, 'user')}"
    st.caption(f"{words.count(page.total_count, 'memory', 'memories')}{told}")
    left, right = st.columns([2.6, 1], gap="medium")
    with left:
        number = _draw_table(page.items, chosen.period.zone, f"{at}.{window.offset}.{page.total_count}")
        tables.draw_pages(page.total_count, SHOWN, at)
    with right:
        _draw_one(page.items[number] if number is not None else None, reads, chosen.period.zone)


def wanted(chosen: Filters) -> MemoryFilter:
    """Return which memories are wanted; a kind that we do not know is no filter."""
    kind = MemoryKind(chosen.chosen["kind"]) if chosen["kind"] in set(MemoryKind) else None
    return MemoryFilter(chosen["q"], chosen["user_id"], kind, chosen["scope"])


@errors.action
def forget(id_: str) -> None:
    """Have a memory deleted."""
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        memory_list.delete_memory(ai, id_, actor=actor)
    cache.forget()
    state.toast("Memory deleted")


def _draw_table(rows: Sequence[MemoryView], zone: str, key: str) -> int | None:
    table = pd.DataFrame(
        {
            "Kind": [[KINDS[row.kind]] for row in rows],
            "Memory": [text.one_line(row.content)[:LONGEST] for row in rows],
            "User": [_who(row) for row in rows],
            "Scope": [text.one_line(row.scope) for row in rows],
            "Confidence": [row.confidence for row in rows],
            "Updated": user_list.times([row.updated_at for row in rows], zone),
        }
    )
    return tables.choose(table, words.count(len(rows), "memory", "memories"), key=key, columns=COLUMNS)


def _draw_one(row: MemoryView | None, reads: Reads, zone: str) -> None:
    if row is None:
        with watch.panel("Memory"), st.container(border=True):
            st.caption("Select a memory to read it.")
        return
    with watch.panel("Memory", KINDS[row.kind].lower()), st.container(border=True, gap="small", key="memory-one"):
        said = marked(row.parts) if row.parts is not None else escape(row.content)
        st.html(f'<div class="attune-words" dir="auto">{text.upright(said)}</div>')
        known = {
            "User": _who(row),
            "Scope": row.scope,
            "Created": words.moment(row.created_at, zone),
            "External ID": row.external_id,
        }
        for name, value in known.items():
            if value:
                st.markdown(f":gray[:small[{name}]]  \n{text.plain(text.one_line(value)[:200])}")
        if row.user_id is not None:
            links.draw("users", "Open user", icon="person", user=str(row.user_id))
        may_delete = may(reads.actor, Permission.CHANGE_KNOWLEDGE)
        if may_delete and st.button("Delete", icon=":material/delete:", key=f"memories.delete.{row.id}"):
            _ask_to_delete(row)


def _ask_to_delete(row: MemoryView) -> None:
    @st.dialog("Delete this memory?")
    def confirm() -> None:
        st.write("It will be deleted. If your product sends it again, it comes back.")
        with st.container(horizontal=True):
            if st.button("Delete memory", type="primary", key="memories.confirm", on_click=forget, args=(str(row.id),)):
                st.rerun()
            if st.button("Cancel", key="memories.keep"):
                st.rerun()

    confirm()


def _who(row: MemoryView) -> str:
    return text.one_line(row.user_name or row.user_external_id or "")


def _say_none(chosen: Filters) -> None:
    if chosen.narrowed:
        watch.none_match(PAGE, "memories", chosen)
        return
    frame.empty_state("psychology", "No memories yet", "Send memories through the API to see them here.")
