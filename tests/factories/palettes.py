"""Colours for charts that nobody looks at."""

from core.palette import Palette

PALETTE = Palette(*(f"#0000{number:02x}" for number in range(11)), series=("#111111",) * 6, sequence=("#222222",) * 10)
