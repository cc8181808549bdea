"""The style of a page is computed for what changes, not for all of it: charts and tables change
hundreds of times while they are drawn.
"""

import json

from playwright.sync_api import Page

from tests.browser.console import Window

# As React and Plotly do it: attributes are set before the element comes, and on those that stay
ADD_ELEMENTS = """() => {
    const parts = [['div', {'data-testid': 'one'}], ['input', {type: 'text'}], ['button', {}]]
        .map(([name, attributes]) => {
            const part = document.createElement(name);
            for (const each of Object.entries(attributes)) part.setAttribute(...each);
            return part;
        });
    const place = document.querySelector('[data-testid="stMainBlockContainer"]');
    for (const part of parts) {
        place.append(part);
        part.getBoundingClientRect();
    }
}"""


def restyled(page: Page, script: str) -> int:
    """Return how many elements' styles are computed while a script runs."""
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.evaluate(script)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    return sum(
        event["args"].get("elementCount", 0)
        for event in events
        if event["name"] == "UpdateLayoutTree"
    )


def test_an_element_that_is_added_leaves_the_style_of_the_others(window: Window) -> None:
    # Rules with :has() on the whole page restyled 73,000 elements instead of 14,000
    page = window.open("/settings").page
    elements = page.locator("*").count()
    assert restyled(page, ADD_ELEMENTS) < elements / 20
