"""Charts of A/B tests, with their alternative texts."""

from core.ab_tests.metric_texts import NAMES, UNITS, value
from core.ab_tests.schemas import VariantId
from core.ab_tests.views import AbMetric, MetricFigures, MetricValue
from core.evaluations.charts import Dot, dots, said
from core.presentation.drawing import Chart
from core.presentation.palette import Palette

ROOM = 1.1  # beyond the largest value
FULL = {AbMetric.QUALITY: 1.0, AbMetric.CONSISTENCY: 100.0}
SCALES = {AbMetric.RESPONSE_TIME: 0.001, AbMetric.COST: 1000.0}  # to seconds; of 1,000 answers
PREFIXES, SUFFIXES = {AbMetric.COST: "$"}, {AbMetric.RESPONSE_TIME: " s"}


def values(palette: Palette, figures: MetricFigures) -> Chart:
    """Draw a metric of A and of B from zero, with 95 % intervals."""
    metric = figures.metric
    shown = [
        _dot(metric, variant, found)
        for variant, found in zip(VariantId, (figures.A, figures.B), strict=True)
    ]
    figure = dots(palette, shown)
    largest = max(max(each.value, each.high or 0) for each in shown)
    # An axis has a length, also when all values are 0
    end = FULL.get(metric, largest) or 1.0
    figure.update_xaxes(
        range=[-0.02 * end, 1.02 * end if metric in FULL else ROOM * end],
        nticks=5,
        tickprefix=PREFIXES.get(metric, ""),
        ticksuffix=SUFFIXES.get(metric, ""),
    )
    return Chart(figure, f"Mean {NAMES[metric]}, {UNITS[metric]}. {said(shown)}.")


def _dot(metric: AbMetric, variant: VariantId, found: MetricValue) -> Dot:
    scale = SCALES.get(metric, 1.0)
    low, high = (None if each is None else each * scale for each in (found.low, found.high))
    return Dot(variant, (found.value or 0) * scale, low, high, value(metric, found))
