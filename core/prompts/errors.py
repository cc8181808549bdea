"""Errors of prompts."""

from core.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound


class PromptMissing(NotFound):
    """No prompt with this ID or name that you may see. API keys see public prompts only."""


class VersionMissing(NotFound):
    """This prompt has no such version."""


class LabelMissing(NotFound):
    """This prompt has no such label. Move the label to a version first."""


class PromptNameTaken(Conflict):
    """Another prompt has this name. Choose another name."""


class PromptChanged(Conflict):
    """Someone saved a newer version in the meantime. Look at it before you save yours."""


class PromptIncluded(Conflict):
    """Other prompts include this one. Remove it from them first."""


class DefaultPromptKept(Conflict):
    """The default prompt can't be deleted, renamed or hidden: the playground uses it."""


class NothingToRollBack(Conflict):
    """This label has no earlier version to go back to."""


class LabelProtected(Forbidden):
    """This label is protected. Only an admin can move it."""


class NotYourPrompt(Forbidden):
    """Only its owner can do this."""


class PromptRefused(Invalid):
    """This prompt can't be saved."""


class VariablesRefused(Invalid):
    """Some variables are missing or invalid."""


class IncludeRefused(Invalid):
    """A prompt that is included can't be used."""


class PromptTooLarge(LimitReached):
    """The rendered prompt would exceed one million characters."""


class TooManyPrompts(LimitReached):
    """You have 1,000 prompts. Delete one first."""


class AnswerLengthMissing(Invalid):
    """Enter the tokens of an answer: there is no limit, and too few calls to measure them."""
