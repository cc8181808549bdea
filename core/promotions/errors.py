"""Errors of promotions."""

from core.errors import Conflict, Invalid, NotFound


class GateMissing(NotFound):
    """This label has no gate."""


class GateNotPassed(Conflict):
    """This version has not passed the label's gate. Run the evaluation, or give a reason."""

    code = "gate_not_passed"


class GateHolds(Conflict):
    """This label has a gate. Remove the gate before its protection."""

    code = "gate_holds"


class GateRefused(Invalid):
    """The default prompt follows Settings, so its production label can't have a gate."""


class GateDatasetPrivate(Invalid):
    """Share the dataset first: everyone who promotes must be able to run the evaluation."""


class ReasonMissing(Invalid):
    """This label has a gate. Enter a reason of at least 10 characters; it is kept."""

    code = "reason_missing"
