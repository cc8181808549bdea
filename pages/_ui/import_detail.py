"""One import: what was recognised, what a dry run has found, how far it is, what it has brought."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pandas as pd
import streamlit as st

from core.imports import queries, service
from core.imports.schemas import BUSY, DryRun, ImportView, Problem, Start, Status
from core.imports.stores import STORES
from core.words import count as counted
from pages._ui import errors, frame, guard, import_mapping, state, text

MOST_LINES = 6  # of refused rows, before their table scrolls
STATES = {
    Status.READY: ("blue", "Ready"),
    Status.CHECKING: ("blue", "Trying"),
    Status.QUEUED: ("blue", "Waiting"),
    Status.RUNNING: ("blue", "Importing"),
    Status.COMPLETED: ("green", "Imported"),
    Status.CANCELLED: ("orange", "Stopped"),
    Status.FAILED: ("red", "Failed"),
    Status.UNDOING: ("orange", "Undoing"),
    Status.UNDONE: ("gray", "Undone"),
}
DOING = {
    Status.CHECKING: "Reading the whole file; nothing is stored",
    Status.QUEUED: "Waiting for the worker",
    Status.RUNNING: "Importing",
    Status.UNDOING: "Taking out what it has brought",
}


def badge(found: ImportView) -> str:
    """Return where an import is as a chip."""
    if found.recognition.get("not_yet"):
        return ":orange-badge[Not yet]"
    colour, words = STATES[found.status]
    return f":{colour}-badge[{words}]"


def size(size_bytes: int) -> str:
    """Return a size in one unit."""
    for unit, times in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= times:
            return f"{size_bytes / times:.1f} {unit}"
    return f"{size_bytes} bytes"


def brought(found: ImportView) -> str:
    """Return what an import has brought, in words."""
    parts = [counted(count.accepted, *STORES[kind].words) for kind, count in found.counts.items() if count.accepted]
    known = sum(count.duplicates for count in found.counts.values())
    parts += [f"{known:,} known before"] if known else []
    rejected = sum(count.rejected for count in found.counts.values())
    return ", ".join([*parts, *([f"{rejected:,} refused"] if rejected else [])]) or "nothing yet"


def draw(found: ImportView, *, on_close: Callable[[], None]) -> None:
    """Draw an import with what can be done with it now."""
    with st.container(border=True, width=860, gap="xsmall"):
        row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
        row.markdown(f"**{text.plain(found.name)}**\u2002{badge(found)}", width="content")
        row.button("Close", key="imports.close", type="tertiary", icon=":material/close:", on_click=on_close)
        st.caption(text.plain(" · ".join(filter(None, [found.recognition.get("title"), size(found.size_bytes)]))))
        if found.error:
            st.error(text.plain(found.error), icon=":material/error:")
        if found.status in BUSY:
            _draw_progress(found.id, found.status)
        elif found.recognition.get("not_yet"):
            st.info(text.plain(found.recognition["not_yet"]), icon=":material/schedule:")
        elif found.status is Status.COMPLETED:
            _draw_brought(found)
        elif found.recognition and found.has_file:
            _draw_choices(found)


def _draw_progress(import_id: UUID, began_as: Status) -> None:
    @st.fragment(run_every=1.0)
    def progress() -> None:
        with errors.InWords("The import"):
            with guard.work() as (session, actor):
                now = queries.get_import(session, import_id, actor=actor)
            if now.status is not began_as:
                st.rerun()
            done, total = now.progress.records_done, now.progress.records_total
            words = f"{DOING[now.status]}: {done:,}" + (f" of {total:,} records" if total else " records")
            st.progress(now.progress.fraction or 0.0, words)
            if now.counts and now.status is Status.RUNNING:
                st.caption(f"So far: {brought(now)}")
            if now.status is not Status.UNDOING:
                st.button("Stop", key="imports.stop", icon=":material/stop_circle:", on_click=stop, args=(import_id,))

    progress()


def _draw_choices(found: ImportView) -> None:
    """Draw how the file is read, and below it what a dry run says of that."""
    if found.progress.records_done:
        frame.section(f"Stopped after {found.progress.records_done:,} records", brought(found))
    given = import_mapping.draw(found)
    is_tried = import_mapping.is_tried(found, given)
    if found.dry_run is not None and is_tried:
        _draw_dry_run(found.dry_run)
    with st.container(horizontal=True):
        st.button("Try it", key="imports.try", type="secondary" if is_tried else "primary", on_click=check, args=(found, given))
        words = "Go on" if found.progress.records_done else "Import"
        st.button(words, key="imports.start", type="primary" if is_tried else "secondary", on_click=start, args=(found, given))
        import_mapping.draw_saving(found, given)


def _draw_dry_run(dry: DryRun) -> None:
    whole = ", ".join(counted(number, *STORES[kind].words) for kind, number in dry.counts.items()) or "no row"
    frame.section(f"Would bring {whole}", f"of {counted(dry.records, 'record')}; nothing has been stored")
    facts = []
    if dry.first_at and dry.last_at:
        facts.append(_span(dry.first_at, dry.last_at))
    facts += [each.words for each in dry.retention]
    for kind, number in dry.duplicates.items():
        facts.append(
            f"{counted(number, *STORES[kind].words)} of the first {dry.compared:,} rows are known already, or come twice."
        )
    st.caption("  \n".join(text.plain(words) for words in [*facts, *dry.readings]))
    if dry.rejected:
        draw_problems(dry.problems, dry.rejected)
    if dry.samples:
        rows = [{name: str(value) for name, value in each.row.items()} for each in dry.samples]
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, row_height=34, height="content", alt="The first rows, as they would be stored"
        )


def _place(field: str) -> tuple[bool, bool, str]:
    """Return where a field stands among the columns: the time first, ids that were made last."""
    return field == "id", field != "created_at", field


def _span(first_at: datetime, last_at: datetime) -> str:
    return f"From {first_at:%-d %b %Y, %H:%M} to {last_at:%-d %b %Y, %H:%M} UTC."


def _draw_brought(found: ImportView) -> None:
    rows = [
        {"Kind": STORES[kind].words[1], "New": count.accepted, "Known before": count.duplicates, "Refused": count.rejected}
        for kind, count in found.counts.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, row_height=34, height="content", alt="What it has brought")
    if found.first_at and found.last_at:
        st.caption(f"{_span(found.first_at, found.last_at)} Environment: {text.plain(found.environment)}.")
    if found.problems:
        draw_problems(found.problems, sum(count.rejected for count in found.counts.values()))


def draw_problems(problems: list[Problem], number: int) -> None:
    """List the first rows that were refused."""
    frame.section(counted(number, "row") + " refused", f"the first {len(problems)}" if number > len(problems) else "")
    rows = [{"Line": each.line, "Record": each.position, "Why": each.error} for each in problems]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        row_height=34,
        height="content" if len(rows) <= MOST_LINES else 250,
        alt="Refused rows",
    )


@errors.action
def check(found: ImportView, given: Start) -> None:
    """Read the whole file, and store nothing."""
    with guard.work() as (session, actor):
        service.check(session, found.id, given, actor=actor)


@errors.action
def start(found: ImportView, given: Start) -> None:
    """Begin the import, or go on with it."""
    with guard.work() as (session, actor):
        service.start(session, found.id, given, actor=actor)


@errors.action
def stop(import_id: UUID) -> None:
    """Stop what is under way."""
    with guard.work() as (session, actor):
        service.cancel(session, import_id, actor=actor)
    state.toast("Stopped")
