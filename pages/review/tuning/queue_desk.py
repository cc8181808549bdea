"""What one has had of the queue in this tab, in its order: what is on screen, the way back and forth, and what can be undone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from core.annotations.schemas import AnnotationView, QueueItemView

MOST = 20  # back, and undone


@dataclass(frozen=True)
class Visit:
    """An item that one has had. One that is saved is only corrected; any other one has to be lent again to be judged."""

    item: QueueItemView
    is_saved: bool = False


@dataclass(frozen=True)
class Act:
    """What can be undone: an item was saved or skipped, or what had been said of it was corrected, which was this `before`."""

    item: QueueItemView
    before: AnnotationView | None = None


@dataclass(frozen=True)
class Desk:
    """What one has had, one item at most of it in hand and one on screen; each step makes another desk."""

    visits: tuple[Visit, ...] = ()
    shown_id: UUID | None = None
    held_id: UUID | None = None
    acts: tuple[Act, ...] = ()

    @property
    def shown(self) -> Visit | None:
        """What is on screen."""
        return next((each for each in self.visits if each.item.id == self.shown_id), None)

    @property
    def before(self) -> tuple[Visit, ...]:
        """What one had before the one on screen, the last first."""
        return self.visits[: self._place()][::-1]

    @property
    def after(self) -> tuple[Visit, ...]:
        """What one had after the one on screen."""
        return self.visits[self._place() + 1 :]

    @property
    def laid_aside(self) -> list[Visit]:
        """What one has not judged yet, that on screen among it, the first first."""
        return [each for each in self.visits if not each.is_saved]

    def joined(self, item: QueueItemView) -> "Desk":
        """Return the desk with another item in hand, as the last one."""
        others = self.without(item.id).visits[-MOST:]
        return replace(self, visits=(*others, Visit(item)), shown_id=item.id, held_id=item.id)

    def showing(self, visit: Visit) -> "Desk":
        """Return the desk with this on screen, and in hand unless it is saved; what is new comes before what was on screen."""
        visits = tuple(visit if each.item.id == visit.item.id else each for each in self.visits)
        if visit not in visits:
            visits = (*visits[: self._place()], visit, *visits[self._place() :])
        return replace(self, visits=visits, shown_id=visit.item.id, held_id=self.held_id if visit.is_saved else visit.item.id)

    def saved(self, act: Act) -> "Desk":
        """Return the desk after the item on screen was saved."""
        visits = tuple(replace(each, is_saved=True) if each.item.id == self.shown_id else each for each in self.visits)
        return replace(self._did(act), visits=visits, held_id=None if self.held_id == self.shown_id else self.held_id)

    def skipped(self, act: Act) -> "Desk":
        """Return the desk after the item on screen was skipped: it is on the way back no longer, but can be undone."""
        return replace(self._did(act), held_id=None)

    def without(self, item_id: UUID) -> "Desk":
        """Return the desk without an item; one that is on screen stays on screen."""
        return self._kept(lambda each: each.item.id != item_id)

    def forgotten(self) -> "Desk":
        """Return the desk without what was done last."""
        return replace(self, acts=self.acts[:-1])

    def left(self) -> "Desk":
        """Return the desk with nothing on screen or in hand."""
        return replace(self, shown_id=None, held_id=None)

    def _did(self, act: Act) -> "Desk":
        return replace(self, acts=(*self.acts, act)[-MOST:])

    def _kept(self, is_kept: Callable[[Visit], bool]) -> "Desk":
        return replace(self, visits=tuple(filter(is_kept, self.visits)))

    def _place(self) -> int:
        return next((n for n, each in enumerate(self.visits) if each.item.id == self.shown_id), len(self.visits))
