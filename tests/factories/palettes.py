"""Colours for charts in tests."""

from dataclasses import fields
from typing import Any

from core.presentation.palette import Palette

NAMED = [each.name for each in fields(Palette) if each.type in ("str", str)]
COLOURS: dict[str, Any] = {name: f"#0000{number:02x}" for number, name in enumerate(NAMED)}
PALETTE = Palette(**COLOURS, series=("#111111",) * 6, sequence=("#222222",) * 10)
