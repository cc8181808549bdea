"""The console's icon font, made from Streamlit's."""

from fontTools.ttLib import TTFont

from api.console.frontend import ICONS
from tools import icons


def test_it_has_every_icon_that_a_page_may_show() -> None:
    possible = icons.named() & set(icons.icons_of(icons.streamlits_font()))
    assert "arrow_upward" in possible  # Streamlit's own: sends a message
    assert "filter_alt" in possible  # given to our own functions, without a mark
    assert "handyman" in possible  # in the demo's stories, which are JSON
    assert possible <= set(icons.icons_of(TTFont(ICONS))), "run python -m tools.icons"
