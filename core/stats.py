"""Statistics that are honest: scipy does the arithmetic. It takes a second to load, and is loaded when somebody asks."""

from importlib import import_module


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a rate, as fractions; `whole` is at least 1."""
    found = import_module("scipy.stats").binomtest(part, whole).proportion_ci(confidence_level=0.95, method="wilson")
    return float(found.low), float(found.high)
