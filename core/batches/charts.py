"""Charts of batch runs, and what they say in words."""

from collections.abc import Sequence

from core import words
from core.batches.answers import BAD, GOOD, RunView
from core.palette import Palette
from core.plotting import Chart, blank, local

LOW, STRIP_PX = 0.5, 52
HEIGHTS = {"completed": LOW, "running": 0.3, "failed": 1.0, "lost": 1.0, "partial": 0.75}


def strip(palette: Palette, runs: Sequence[RunView], zone: str) -> Chart:
    """Draw one bar a run, the latest on the right: colour and height both say how it ended, so that it reads in grey."""
    shown = list(reversed(runs))
    colours = {"completed": palette.ok, "partial": palette.warn, "failed": palette.bad, "lost": palette.bad}
    figure = blank(palette, STRIP_PX)
    figure.add_bar(
        x=list(range(len(shown))),
        y=[HEIGHTS.get(run.status, LOW) for run in shown],
        marker={"color": [colours.get(run.status, palette.idle) for run in shown]},
        customdata=[f"{run.batch_job}, {at}: <b>{run.status}</b>" for run, at in zip(shown, _times(shown, zone), strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )
    hidden = {"visible": False}
    figure.update_layout(
        xaxis=hidden,
        yaxis=hidden | {"range": [0, 1]},
        bargap=0.3,
        hovermode="closest",
        showlegend=False,
        margin={"l": 0, "r": 0, "t": 2, "b": 2},
    )
    good, bad = sum(run.status in GOOD for run in runs), [run for run in runs if run.status in BAD]
    last = f", the last at {words.moment(bad[0].started_at, zone)} ({bad[0].batch_job})" if bad else ""
    return Chart(figure, f"The last {words.count(len(runs), 'batch run')}: {good} completed, {len(bad)} failed{last}.")


def _times(runs: Sequence[RunView], zone: str) -> list[str]:
    return [at[:16] for at in local([run.started_at for run in runs], zone)]
