"""Errors of A/B tests."""

from core.errors import Conflict, Invalid, NotFound


class AbTestMissing(NotFound):
    """A/B test not found."""


class AbTestRunning(Conflict):
    """This A/B test is running. Cancel it, or wait until it has ended."""

    code = "ab_test_running"


class AbTestNotRunning(Conflict):
    """This A/B test is not running."""

    code = "ab_test_not_running"


class NoAbTestResult(Conflict):
    """This A/B test has no result yet. Run it, and wait until it has ended."""

    code = "no_result"


class JudgeNeeded(Invalid):
    """Some cases have no expectation that a rule can check. Choose a judge."""
