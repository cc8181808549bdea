"""The legend of batch runs has the colours in which the charts draw them."""

from streamlit.testing.v1 import AppTest

from pages._ui import charts


def legend() -> None:
    """Draw the legend."""
    from pages._ui import charts, frame  # noqa: PLC0415  AppTest runs these lines apart

    frame.section("Batch runs", charts.run_legend())


def test_the_legend_of_batch_runs_has_the_colours_of_their_charts() -> None:
    app = AppTest.from_function(legend).run()
    assert not app.exception
    theme = charts.palette()
    for colour in (theme.ok, theme.warn, theme.bad):
        assert f'■]{{foreground="{colour}"}}' in app.markdown[0].value
