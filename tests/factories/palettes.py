"""Colours for charts that nobody looks at."""

from core.palette import Palette

PALETTE = Palette(
    text="#000001",
    muted="#000002",
    grid="#000003",
    axis="#000004",
    bad="#000005",
    warn="#000006",
    warn_ink="#000007",
    idle="#000008",
    tint="#000009",
    ok="#00000a",
    ground="#00000b",
    series=("#111111",) * 6,
    sequence=("#222222",) * 10,
)
