"""A reviewer's way through the queue: next, back, save, skip, undo, stop.

Each operation returns another session. An unsaved item that is left goes back to the queue; what
another reviewer has taken meanwhile, or what was deleted, is passed over.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from sqlalchemy.orm import Session

from core.annotations.errors import AnnotationMissing, FirstItem, ItemMissing, LastItem, NotLeased
from core.annotations.queries.annotation_list import list_annotations
from core.annotations.review_session import HistoryEntry, ReviewSession, SessionAction
from core.annotations.schemas import (
    AnnotationChangeBody,
    AnnotationFilter,
    AnnotationView,
    QueueItemView,
    ReviewVerdict,
)
from core.annotations.service import annotations, drafts, leases
from core.annotations.service.review_outcomes import complete, skip_item, take_back
from core.annotations.settings import ReviewSettings
from core.database.paging import Window
from core.identity.schemas import Actor

# Of one reviewer's annotations of a message: it may have been in the queue several times
LATEST = Window(20)


def start(
    ai: Session, session: ReviewSession, rules: ReviewSettings, *, actor: Actor
) -> ReviewSession:
    """Return the session with the leased item, else the next of the queue, else none."""
    item = leases.lease_next(ai, rules, actor=actor, is_resuming=True)
    return session.stopped() if item is None else session.joined(item)


def next_item(
    ai: Session, session: ReviewSession, rules: ReviewSettings, *, actor: Actor
) -> ReviewSession:
    """Return the session with the next visited item, else one of the queue, else one set aside."""
    for entry in session.after:
        if (there := _again(ai, session, entry, rules, actor)) is not None:
            return _let_go(ai, session, session.showing(there), actor)
        session = session.without(entry.item.id)
    item = leases.lease_next(
        ai, rules, actor=actor, besides=[each.item.id for each in session.unsaved]
    )
    if item is not None:
        return _let_go(ai, session, session.joined(item), actor)
    for entry in session.unsaved:
        if (
            entry.item.id != session.shown_id
            and (there := _again(ai, session, entry, rules, actor)) is not None
        ):
            return _let_go(ai, session, session.joined(there.item), actor)
    return _let_go(ai, session, session.stopped(), actor)


def set_aside(
    ai: Session, session: ReviewSession, rules: ReviewSettings, *, actor: Actor
) -> ReviewSession:
    """Return the session with the next item; raise LastItem when nothing else waits."""
    now = next_item(ai, session, rules, actor=actor)
    if now.shown is None and session.shown is not None and not session.shown.is_saved:
        raise LastItem
    return now


def previous_item(
    ai: Session, session: ReviewSession, rules: ReviewSettings, *, actor: Actor
) -> ReviewSession:
    """Return the session with the previous item; raise FirstItem."""
    for entry in session.before:
        if (there := _again(ai, session, entry, rules, actor)) is not None:
            return _let_go(ai, session, session.showing(there), actor)
        session = session.without(entry.item.id)
    raise FirstItem


def save(
    ai: Session, session: ReviewSession, shown: HistoryEntry, said: ReviewVerdict, *, actor: Actor
) -> ReviewSession:
    """Store a verdict on the item on screen, or correct the one that was saved before."""
    if not shown.is_saved:
        complete(ai, shown.item.id, said, actor=actor)
        return session.saved(SessionAction(shown.item))
    before = own_annotation(ai, shown.item, actor)
    annotations.change(ai, before.id, AnnotationChangeBody(**said.model_dump()), actor=actor)
    drafts.drop(ai, before.message_id, actor=actor)
    return session.saved(SessionAction(shown.item, before))


def skip(
    ai: Session, session: ReviewSession, shown: HistoryEntry, *, actor: Actor
) -> ReviewSession:
    """Leave the item on screen to other reviewers."""
    skip_item(ai, shown.item.id, actor=actor)
    return session.skipped(SessionAction(shown.item))


def undo(
    ai: Session, session: ReviewSession, rules: ReviewSettings, *, actor: Actor
) -> ReviewSession:
    """Undo the last action: the item is on screen again as it was before. Raises UndoTooLate."""
    last = session.actions[-1]
    if last.before is None:
        item = take_back(ai, last.item.id, rules, actor=actor)
        return _let_go(
            ai, session, session.showing(HistoryEntry(item)).without_last_action(), actor
        )
    fields = {name: getattr(last.before, name) for name in ReviewVerdict.model_fields}
    annotations.change(ai, last.before.id, AnnotationChangeBody(**fields), actor=actor)
    return session.showing(HistoryEntry(last.item, is_saved=True)).without_last_action()


def stop(ai: Session, session: ReviewSession, *, actor: Actor) -> ReviewSession:
    """Release the leased item and end the session."""
    return _let_go(ai, session, session.stopped(), actor)


def first_values(ai: Session, entry: HistoryEntry, *, actor: Actor) -> Mapping[str, object] | None:
    """Return the form's values: the reviewer's draft, else the saved annotation, else None."""
    draft = drafts.read(ai, entry.item.message_id, actor=actor)
    if draft is not None:
        return draft.fields
    if not entry.is_saved:
        return None
    with suppress(AnnotationMissing):
        return own_annotation(ai, entry.item, actor).model_dump(
            include=set(ReviewVerdict.model_fields)
        )
    return None


def own_annotation(ai: Session, item: QueueItemView, actor: Actor) -> AnnotationView:
    """Return the reviewer's annotation of a saved item; raise AnnotationMissing."""
    asked = AnnotationFilter(message_id=item.message_id, author=actor.id)
    mine = list_annotations(ai, asked, LATEST, actor=actor, count=False).items
    found = next((each for each in mine if each.review_item_id == item.id), None)
    if found is None:
        raise AnnotationMissing
    return found


def _again(
    ai: Session, session: ReviewSession, entry: HistoryEntry, rules: ReviewSettings, actor: Actor
) -> HistoryEntry | None:
    """Return an entry that can be shown again, leased if unsaved, or None."""
    with suppress(NotLeased, AnnotationMissing):
        if entry.is_saved:
            own_annotation(ai, entry.item, actor)
            return entry
        if entry.item.id == session.held_id:
            return entry
        return replace(entry, item=leases.lease_item(ai, entry.item.id, rules, actor=actor))
    return None


def _let_go(ai: Session, before: ReviewSession, now: ReviewSession, actor: Actor) -> ReviewSession:
    """Release the previously leased item when it is not the current one."""
    if before.held_id is not None and before.held_id != now.held_id:
        with suppress(NotLeased, ItemMissing):
            leases.release(ai, before.held_id, actor=actor)
    return now
