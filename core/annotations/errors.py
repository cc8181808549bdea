"""What can go wrong with annotations and the review queue."""

from core.errors import Conflict, Forbidden, Invalid, NotFound


class AnnotationMissing(NotFound):
    """There is no annotation by that id."""


class ItemMissing(NotFound):
    """There is nothing in the queue by that id."""


class MessageGone(NotFound):
    """The message is no longer there."""


class OnlyFlags(Invalid):
    """A message of a user can only be flagged."""


class SomebodyElses(Forbidden):
    """This annotation is somebody else's: admins may change it, others may not."""


class OnlyAdminsDecide(Forbidden):
    """Whether an annotation is reviewed or applied, admins decide."""


class WrongStep(Conflict):
    """An annotation goes from pending to reviewed, and from reviewed to applied."""


class NotYours(Conflict):
    """You do not hold this: the time for it is over, or somebody else has it. Take the next one."""


class NotAnnotated(Conflict):
    """Annotate the message first, or skip it."""


class NothingToDecide(Conflict):
    """Nobody disagrees about this message, or somebody has decided already."""


class DecidesOwn(Forbidden):
    """You have reviewed this message yourself: somebody else decides."""


class TooLate(Conflict):
    """This cannot be taken back: somebody has gone on from it, or you have not been at it."""
