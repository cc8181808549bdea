"""Changes of KPIs in words."""

from core.presentation import formatting
from core.presentation.comparison import ChangeVerdict, Kpi
from core.presentation.formatting import FigureUnit

WHY = {
    ChangeVerdict.NOISE: "Within normal variation.",
    ChangeVerdict.EARLY: "Too early to compare: users of this period can still convert.",
    ChangeVerdict.UNKNOWN: "Not enough data to compare.",
    ChangeVerdict.WORSE: "Significantly worse than the previous period.",
    ChangeVerdict.BETTER: "Significantly better than the previous period.",
    ChangeVerdict.DIFFERENT: "Significant change from the previous period.",
}
MAY_BE_CHANCE = (ChangeVerdict.NOISE, ChangeVerdict.UNKNOWN)
MANY_TIMES = 3  # +690% is harder to grasp than 7.9×


def change(kpi: Kpi, *, is_signed: bool = True) -> str | None:
    """Return the change in words (+6.2%, -1.80 pts, 7.9×), None without data or too early."""
    value = compared_value(kpi)
    if value is None or kpi.before is None or kpi.verdict is ChangeVerdict.EARLY:
        return None
    sign = "+" if value > kpi.before else "-"
    sign = sign if is_signed else ""
    if kpi.unit is FigureUnit.SHARE:
        return _signed(sign, f"{abs(value - kpi.before) * 100:.2f} pts")
    # How many times as much means nothing below zero: -4 is 4.0× -1
    if kpi.unit is FigureUnit.SCORE and (kpi.before <= 0 or value < 0):
        return _signed(sign, f"{abs(value - kpi.before):,.3g}")
    if not kpi.before or is_of_today_alone(kpi):
        return None
    times = value / kpi.before
    return f"{times:,.1f}×" if times >= MANY_TIMES else _signed(sign, f"{abs(times - 1):.1%}")


def _signed(sign: str, size: str) -> str:
    """Return a change with its sign, unless it is rounded to nothing."""
    return sign + size if any(digit in size for digit in "123456789") else size


def is_of_today_alone(kpi: Kpi) -> bool:
    """Whether nothing is of the days that ended, unlike in the previous period: a change of -100%
    would deny what today has.
    """
    is_rate = kpi.unit is FigureUnit.SHARE
    return kpi.compared == 0 and bool(kpi.before and kpi.value) and not is_rate


def compared_value(kpi: Kpi) -> float | None:
    """Return the value that is compared with the previous period's."""
    return kpi.value if kpi.compared is None else kpi.compared


def comparison(kpi: Kpi) -> str:
    """Return a figure beside the previous period's, with the change where there is one."""
    now, before = (formatting.figure(each, kpi.unit) for each in (compared_value(kpi), kpi.before))
    changed = change(kpi)
    return f"{now}, previously {before}" + (f" ({changed})" if changed else "")
