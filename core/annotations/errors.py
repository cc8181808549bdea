"""Errors of annotations and the review queue."""

from core.errors import Conflict, Forbidden, Invalid, NotFound


class AnnotationMissing(NotFound):
    """No annotation with this ID."""


class ItemMissing(NotFound):
    """No queue item with this ID."""


class AnnotatedMessageMissing(NotFound):
    """The message was deleted."""


class OnlyFlags(Invalid):
    """User messages can only be flagged."""


class EmptyCorrection(Invalid):
    """A correction needs a comment or a suggested response."""


class AnnotationOfAnother(Forbidden):
    """Only the author or an admin can edit this annotation."""


class OnlyAdminsChangeStatus(Forbidden):
    """Only admins can mark annotations as reviewed or applied."""


class StatusSkipped(Conflict):
    """Annotations go from pending to reviewed, then to applied."""


class NotLeased(Conflict):
    """Your assignment expired or another reviewer has this message. Continue with the next one."""


class NotAnnotated(Conflict):
    """Annotate the message first, or skip it."""


class NoDisagreement(Conflict):
    """There is no disagreement to adjudicate on this message."""


class AdjudicatesOwnReview(Forbidden):
    """You reviewed this message, so someone else must adjudicate."""


class UndoTooLate(Conflict):
    """Can't undo: someone has already acted on it."""


class NothingAssigned(Conflict):
    """No message is assigned to you. Start reviewing again."""


class LastItem(Conflict):
    """No more messages to review."""


class FirstItem(Conflict):
    """This is the first message."""


class NoPairsInFormat(Invalid):
    """Only the formats of preference pairs contain votes on comparisons."""
