"""A chart has room for its labels from the start: where they need more, Plotly draws it again."""

from datetime import timedelta

from core.platform import clock
from tests.browser.console import Program, Window
from tests.browser.walks import walked

# Each chart of the page once more, beside it; how often that draws it
TIMES_DRAWN = """async () => {
    const drawn = {};
    for (const chart of document.querySelectorAll(".attune-chart")) {
        const copy = document.createElement("div"), width = chart.clientWidth;
        document.body.append(copy);
        await Plotly.newPlot(copy, [], { width, height: 200 });
        let times = 0;
        copy.on("plotly_beforeplot", () => { times += 1; });
        await Plotly.react(copy, chart.figure.data, { ...chart.figure.layout, width });
        drawn[chart.ariaLabel] = times;
        copy.remove();
    }
    return drawn;
}"""
DRAWN = "[...document.querySelectorAll('.attune-chart')].every(it => it.querySelector('.main-svg'))"


def test_charts_over_time_that_end_with_a_date_are_drawn_once(
    walking: Window, program: Program
) -> None:
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    sent = [
        {
            "id": f"drawn {number}",
            "created_at": (midnight - timedelta(days=number)).isoformat(),
            "environment": "drawn",
            "model": "m",
            "status": "error" if number % 3 == 0 else "ok",
            "cost_usd": "0.25",
            "input_tokens": 1200 * number,
            "output_tokens": 300,
            "total_latency_ms": 1900 + number,
            "first_token_ms": 1300 + number,
        }
        for number in range(1, 12)
    ]
    program.show("charts drawn once", {"ai-requests": sent})
    start, end = midnight - timedelta(days=7), midnight - timedelta(hours=21)
    period = f"start={start:%Y-%m-%dT%H:%MZ}&end={end:%Y-%m-%dT%H:%MZ}"
    page = walked(walking, f"/ai-metrics?{period}&environment=drawn").page
    page.wait_for_function(DRAWN)
    drawn = page.evaluate(TIMES_DRAWN)
    once = {label.partition(" every")[0] for label, times in drawn.items() if times == 1}
    assert once >= {"Cost by model", "Error rate", "Time to first token", "Tokens", "Cost"}
