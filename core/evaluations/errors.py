"""Errors of evaluations."""

from core.errors import Conflict, Invalid, LimitReached, NotFound


class EvaluationMissing(NotFound):
    """No evaluation with this ID that you may see: it was deleted, or is not yours."""


class EvaluationCaseMissing(NotFound):
    """This evaluation has no such case."""


class EvaluationRunning(Conflict):
    """This evaluation is running. Cancel it, or wait until it has ended."""

    code = "evaluation_running"


class EvaluationEnded(Conflict):
    """This evaluation has ended, and nothing of it is left to run."""

    code = "evaluation_ended"


class EvaluationUnfinished(Conflict):
    """Not all of this evaluation has been run. Resume it first."""

    code = "evaluation_unfinished"


class AnswersRefused(Conflict):
    """This evaluation was cancelled or has stopped. Resume it to send answers."""

    code = "evaluation_stopped"


class IdempotencyKeyUsed(Conflict):
    """This idempotency key was used for another evaluation. Use another key."""

    code = "idempotency_key_used"


class NothingFailed(Conflict):
    """No call of this evaluation has failed."""

    code = "nothing_failed"


class TooManyResults(Invalid):
    """An evaluation has at most 100,000 results: targets × cases × runs. Use fewer of one."""


class NoCommonCases(Invalid):
    """These evaluations have no cases in common, so they cannot be compared."""


class TargetNumberMissing(Invalid):
    """This evaluation has no target with this number."""


class BudgetSpent(LimitReached):
    """The cost limit is reached. Raise it, and resume the evaluation."""

    code = "cost_limit"


class NoCases(Invalid):
    """This version of the dataset has no cases of this split."""


class CaseUnsendable(Invalid):
    """No model takes this case. Edit its messages, or remove it."""


class CasesNotScored(Invalid):
    """Some cases have no scorers of their own. Add scorers to the evaluation."""


class TrendUnnamed(Invalid):
    """Pass `template_id` or `bot_id`."""
