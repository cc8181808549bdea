"""Colours for charts that nobody looks at."""

from core.palette import Palette

NAMED = ("text", "muted", "grid", "axis", "bad", "warn", "warn_ink", "idle", "tint", "ok", "ground")
COLOURS = {name: f"#0000{number:02x}" for number, name in enumerate(NAMED)}
PALETTE = Palette(**COLOURS, series=("#111111",) * 6, sequence=("#222222",) * 10)
