"""Labels of buttons are whole with the text spacing that a reader may set (WCAG 1.4.12)."""

from tests.browser.console import Window

SPACING = """
    * { line-height: 1.5 !important; letter-spacing: .12em !important;
        word-spacing: .16em !important; }
    p { margin-bottom: 2em !important; }
"""
CUT_LABELS = """() => [...document.querySelectorAll('.stMain button p')].filter(label => {
    const text = label.getBoundingClientRect();
    const button = label.closest('button').getBoundingClientRect();
    return text.top < button.top || text.bottom > button.bottom
        || text.left < button.left || text.right > button.right;
}).map(label => label.textContent)"""


def test_text_spacing_cuts_no_label_of_a_button(window: Window) -> None:
    tab = window.open("/tuning?view=summary")
    tab.page.add_style_tag(content=SPACING)
    assert tab.page.evaluate(CUT_LABELS) == []
    tab.visit("/settings")
    assert tab.page.evaluate(CUT_LABELS) == []
