"""The way through the queue: on to what one had after this or to the next, back to what one had before, and what was done undone.

Each move answers with another desk. What one leaves unjudged goes back to the queue; what somebody else has taken meanwhile, or
what has been deleted, is passed over.
"""

from contextlib import suppress
from dataclasses import replace

from core.annotations import annotations
from core.annotations.errors import AnnotationMissing, ItemMissing, NotYours
from core.annotations.review_queue import leases
from core.annotations.review_queue import undo as retracting
from core.annotations.schemas import AnnotationChangeBody, AnnotationFilter, AnnotationView, QueueItemView, ReviewVerdict
from core.annotations.settings import Review
from core.database.db import Session
from core.database.paging import Window
from core.identity.schemas import Actor
from pages.review.tuning.queue_desk import Act, Desk, Visit

LATEST = Window(20)


def begin(ai: Session, desk: Desk, rules: Review, *, actor: Actor) -> Desk:
    """Return the desk with what one holds already, else with the next of the queue; empty-handed when nothing waits."""
    item = leases.claim(ai, rules, actor=actor, is_resuming=True)
    return desk.left() if item is None else desk.joined(item)


def on(ai: Session, desk: Desk, rules: Review, *, actor: Actor) -> Desk:
    """Return the desk with what one had after this, else the next of the queue, else what was laid aside first."""
    for visit in desk.after:
        if (there := _again(ai, desk, visit, rules, actor)) is not None:
            return _let_go(ai, desk, desk.showing(there), actor)
        desk = desk.without(visit.item.id)
    item = leases.claim(ai, rules, actor=actor, besides=[each.item.id for each in desk.laid_aside])
    if item is not None:
        return _let_go(ai, desk, desk.joined(item), actor)
    for visit in desk.laid_aside:
        if visit.item.id != desk.shown_id and (there := _again(ai, desk, visit, rules, actor)) is not None:
            return _let_go(ai, desk, desk.joined(there.item), actor)
    return _let_go(ai, desk, desk.left(), actor)


def back(ai: Session, desk: Desk, rules: Review, *, actor: Actor) -> Desk | None:
    """Return the desk with what one had before this one, None when there is nothing."""
    for visit in desk.before:
        if (there := _again(ai, desk, visit, rules, actor)) is not None:
            return _let_go(ai, desk, desk.showing(there), actor)
        desk = desk.without(visit.item.id)
    return None


def save(ai: Session, desk: Desk, shown: Visit, said: ReviewVerdict, *, actor: Actor) -> Desk:
    """Store what is said of the item on screen; of one that was saved before, correct it."""
    if not shown.is_saved:
        leases.done(ai, shown.item.id, said, actor=actor)
        return desk.saved(Act(shown.item))
    before = said_of(ai, shown.item, actor)
    annotations.change(ai, before.id, AnnotationChangeBody(**said.model_dump()), actor=actor)
    return desk.saved(Act(shown.item, before))


def skip(ai: Session, desk: Desk, shown: Visit, *, actor: Actor) -> Desk:
    """Leave the item on screen to others."""
    leases.skip(ai, shown.item.id, actor=actor)
    return desk.skipped(Act(shown.item))


def undo(ai: Session, desk: Desk, rules: Review, *, actor: Actor) -> Desk:
    """Take back what was done last: the item is on screen again as it was before."""
    last = desk.acts[-1]
    if last.before is None:
        item = retracting.take_back(ai, last.item.id, rules, actor=actor)
        return _let_go(ai, desk, desk.showing(Visit(item)).forgotten(), actor)
    fields = {name: getattr(last.before, name) for name in ReviewVerdict.model_fields}
    annotations.change(ai, last.before.id, AnnotationChangeBody(**fields), actor=actor)
    return desk.showing(Visit(last.item, is_saved=True)).forgotten()


def leave(ai: Session, desk: Desk, *, actor: Actor) -> Desk:
    """Give back what is in hand, and leave off."""
    return _let_go(ai, desk, desk.left(), actor)


def said_of(ai: Session, item: QueueItemView, actor: Actor) -> AnnotationView:
    """Return what one has said of an item that was saved; raise AnnotationMissing when that is gone."""
    asked = AnnotationFilter(message_id=item.message_id, author=actor.id)
    mine = annotations.list_annotations(ai, asked, LATEST, actor=actor, count=False).items
    found = next((each for each in mine if each.review_item_id == item.id), None)
    if found is None:
        raise AnnotationMissing
    return found


def _again(ai: Session, desk: Desk, visit: Visit, rules: Review, actor: Actor) -> Visit | None:
    """Return what one goes to again: saved, it has to be there still; laid aside, it is lent again unless it is in hand."""
    with suppress(NotYours, AnnotationMissing):
        if visit.is_saved:
            said_of(ai, visit.item, actor)
            return visit
        if visit.item.id == desk.held_id:
            return visit
        return replace(visit, item=leases.claim_one(ai, visit.item.id, rules, actor=actor))
    return None


def _let_go(ai: Session, before: Desk, now: Desk, actor: Actor) -> Desk:
    """Give back what was in hand before and no longer is; what is not one's own any more need not be given back."""
    if before.held_id is not None and before.held_id != now.held_id:
        with suppress(NotYours, ItemMissing):
            leases.release(ai, before.held_id, actor=actor)
    return now
