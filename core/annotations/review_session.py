"""A reviewer's session in one tab: items shown so far, the current one, and undoable actions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from core.annotations.schemas import AnnotationView, QueueItemView

MOST = 20  # back, and undone


@dataclass(frozen=True)
class HistoryEntry:
    """An item that was on screen; unsaved ones must be leased again."""

    item: QueueItemView
    is_saved: bool = False


@dataclass(frozen=True)
class SessionAction:
    """An undoable action: saved or skipped, or corrected from the annotation `before`."""

    item: QueueItemView
    before: AnnotationView | None = None


@dataclass(frozen=True)
class ReviewSession:
    """The items of a session, at most one leased and one shown; each step returns a new session."""

    history: tuple[HistoryEntry, ...] = ()
    shown_id: UUID | None = None
    held_id: UUID | None = None
    actions: tuple[SessionAction, ...] = ()

    @property
    def shown(self) -> HistoryEntry | None:
        """The entry on screen."""
        return next((each for each in self.history if each.item.id == self.shown_id), None)

    @property
    def before(self) -> tuple[HistoryEntry, ...]:
        """The entries before the one on screen, latest first."""
        return self.history[: self._place()][::-1]

    @property
    def after(self) -> tuple[HistoryEntry, ...]:
        """The entries after the one on screen."""
        return self.history[self._place() + 1 :]

    @property
    def unsaved(self) -> list[HistoryEntry]:
        """The entries that are not saved yet, the one on screen among them, earliest first."""
        return [each for each in self.history if not each.is_saved]

    def joined(self, item: QueueItemView) -> "ReviewSession":
        """Return the session with another item, leased and on screen, as the last one."""
        others = self.without(item.id).history[-MOST:]
        return replace(
            self, history=(*others, HistoryEntry(item)), shown_id=item.id, held_id=item.id
        )

    def showing(self, entry: HistoryEntry) -> "ReviewSession":
        """Return the session with this entry on screen, leased unless it is saved."""
        history = tuple(entry if each.item.id == entry.item.id else each for each in self.history)
        if entry not in history:
            history = (*history[: self._place()], entry, *history[self._place() :])
        return replace(
            self,
            history=history,
            shown_id=entry.item.id,
            held_id=self.held_id if entry.is_saved else entry.item.id,
        )

    def saved(self, action: SessionAction) -> "ReviewSession":
        """Return the session after the item on screen was saved."""
        history = tuple(
            replace(each, is_saved=True) if each.item.id == self.shown_id else each
            for each in self.history
        )
        return replace(
            self.did(action),
            history=history,
            # A correction of an earlier item leaves the lease on the current one
            held_id=None if self.held_id == self.shown_id else self.held_id,
        )

    def skipped(self, action: SessionAction) -> "ReviewSession":
        """Return the session after the item on screen was skipped, which can be undone."""
        return replace(self.did(action), held_id=None)

    def did(self, *actions: SessionAction) -> "ReviewSession":
        """Return the session after actions that can be undone, the latest last."""
        return replace(self, actions=(*self.actions, *actions)[-MOST:])

    def without(self, item_id: UUID) -> "ReviewSession":
        """Return the session without an item; one that is on screen stays on screen."""
        return self._kept(lambda each: each.item.id != item_id)

    def without_last_action(self) -> "ReviewSession":
        return replace(self, actions=self.actions[:-1])

    def stopped(self) -> "ReviewSession":
        """Return the session with nothing on screen or leased."""
        return replace(self, shown_id=None, held_id=None)

    def _kept(self, is_kept: Callable[[HistoryEntry], bool]) -> "ReviewSession":
        return replace(self, history=tuple(filter(is_kept, self.history)))

    def _place(self) -> int:
        return next(
            (n for n, each in enumerate(self.history) if each.item.id == self.shown_id),
            len(self.history),
        )
