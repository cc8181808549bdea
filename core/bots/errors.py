"""Errors of bots and scenarios."""

from core.errors import Conflict, Forbidden, Invalid, NotFound, ProviderFailed


class BotMissing(NotFound):
    """No bot with this ID that you may see: it was deleted, or is not shared."""


class NoActiveBot(NotFound):
    """None of your bots is active. Activate one."""


class NotYourBot(Forbidden):
    """Only the owner can change this bot. Copy it to make a bot of your own."""


class TooManyBots(Conflict):
    """You have the most bots that an account can have. Delete one first."""

    code = "too_many_bots"


class BotVersionMissing(NotFound):
    """This bot has no such version."""


class NothingToSave(Conflict):
    """Nothing has changed since the last version."""

    code = "nothing_to_save"


class BotAnswerFailed(ProviderFailed):
    """The model gave no answer. Try again, or choose another model."""


class BotResultMissing(NotFound):
    """Test result not found."""


class ScenarioMissing(NotFound):
    """Scenario not found."""


class IncludedScenario(Forbidden):
    """Included scenarios can't be changed. Create a scenario of your own."""


class TooManyScenarios(Conflict):
    """You have the most scenarios that an account can have. Delete one first."""

    code = "too_many_scenarios"


class ScenarioRunMissing(NotFound):
    """Scenario run not found."""


class NothingToRun(Invalid):
    """There is no scenario to run."""


class GoalMissing(Invalid):
    """A simulated user needs a scenario with a goal."""
