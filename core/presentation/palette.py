"""Chart colours; the console's theme passes them to core."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The colours of a theme, by purpose."""

    text: str
    muted: str
    grid: str
    axis: str
    bad: str
    warn: str
    warn_ink: str
    idle: str
    tint: str
    ok: str
    ground: str
    series: tuple[str, ...]
    sequence: tuple[str, ...]
    is_dark: bool = False

    @property
    def bar(self) -> str:
        """The colour of bars of a single series."""
        return self.sequence[6] if self.is_dark else self.series[0]

    @property
    def strengths(self) -> tuple[str, str, str]:
        """One hue in three strengths, strongest first, for ordered series such as percentiles."""
        return self.sequence[9], self.sequence[7], self.sequence[5]

    @property
    def phases(self) -> tuple[str, ...]:
        """One hue in eight strengths, for consecutive parts: four far apart, then those between."""
        dark, light = (3, 5, 7, 9, 4, 6, 8, 2), (8, 6, 4, 2, 9, 7, 5, 3)
        return tuple(self.sequence[number] for number in (dark if self.is_dark else light))
