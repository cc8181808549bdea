"""Errors of comparisons."""

from core.errors import Conflict, Invalid, NotFound


class ComparisonMissing(NotFound):
    """Comparison not found."""


class TurnMissing(NotFound):
    """This comparison has no such turn."""


class ComparisonKept(Conflict):
    """This comparison has ended: a column was kept as a session. Begin a new comparison."""

    code = "comparison_ended"


class NoAnswer(Invalid):
    """A vote needs two answers, and the better column must have one."""


class ColumnMissing(Invalid):
    """This comparison has no such column."""


class NoWin(Conflict):
    """This column has won no vote. Vote for it first."""

    code = "no_win"


class NameMissing(Invalid):
    """This column has no prompt of its own. Enter a name for a new one."""
