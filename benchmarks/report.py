"""The output of a benchmark: figure, limit, and whether it is met."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured figure with its limit."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False
    note: str = ""
    known: str = ""  # why a limit is known not to be held yet

    @property
    def holds(self) -> bool:
        """Whether the figure is within its limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def line(self) -> str:
        if self.limit is None:
            verdict = ""
        else:
            sign = "≥" if self.at_least else "≤"
            verdict = (
                f"{sign} {self.limit:,.4g} {self.unit}  "
                f"{'holds' if self.holds else 'known' if self.known else 'FAILS'}"
            )
        return f"{self.name:<58}{self.value:>12,.4g} {self.unit:<8}{verdict:<32}{self.note}"


def show(title: str, figures: list[Figure]) -> bool:
    """Print figures and list those that miss their limits; return whether all are met, apart from
    known exceptions.
    """
    print(f"\n{title}")
    for figure in figures:
        print(f"  {figure.line()}")
    missed = [figure for figure in figures if not figure.holds]
    for reason in dict.fromkeys(figure.known for figure in missed):
        print(
            f"  {reason or 'MISSED'}: "
            f"{', '.join(figure.name for figure in missed if figure.known == reason)}"
        )
    return not any(not figure.known for figure in missed)
