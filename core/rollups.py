"""What all rollups share: their grains, and the log buckets of their histograms (DDSketch: relative error at most 1 %)."""

from enum import StrEnum


class Grain(StrEnum):
    """How long the time of one rollup row is. Half hours are UTC's, days those of the reporting time zone."""

    HALF_HOUR = "half_hour"
    DAY = "day"
