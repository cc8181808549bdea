"""Unchecked boxes, radio buttons and switches have 3:1 against the page (WCAG 1.4.11)."""

import pytest
from playwright.sync_api import Page

from tests.browser.console import Theme, Window
from tests.browser.test_every_page import IS_TURNED, turn

OFF = "label:not([data-selected], [data-disabled])"
# By kind of control: where one is, and the element and style that show it
CONTROLS = {
    "checkbox": ("Onboarding", f'[data-testid="stCheckbox"] {OFF} > span + div', "borderTopColor"),
    "radio button": (
        "Redaction",
        f'[data-testid="stRadio"] {OFF} > span + div > :first-child',
        "borderTopColor",
    ),
    "switch": ("Scoring", f'{OFF} > span:has(> [role="switch"]) + div', "backgroundColor"),
}
# Of a color and of the page below it, as they are painted: red, green and blue
PAINTED = """(element, style) => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const page = getComputedStyle(document.querySelector('[data-testid="stApp"]'));
    return [page.backgroundColor, getComputedStyle(element)[style]].map(color => {
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    });
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_unchecked_controls_stand_out_from_the_page(walking: Window, theme: Theme) -> None:
    tab = walking.walk("/settings?section=Onboarding")
    if not tab.page.evaluate(IS_TURNED, theme):
        turn(tab, theme)
    page = tab.page
    found = {}
    for kind, (section, control, style) in CONTROLS.items():
        page.get_by_role("radio", name=section, exact=True).click()
        found[kind] = contrast(page, control, style)
    assert min(found.values()) >= 3, found


def contrast(page: Page, control: str, style: str) -> float:
    """Return the contrast of the first such control to the page, from 1 to 21."""
    ground, color = map(luminance, page.locator(control).first.evaluate(PAINTED, style))
    return (max(ground, color) + 0.05) / (min(ground, color) + 0.05)


def luminance(color: list[int]) -> float:
    """Return the relative luminance of red, green and blue, as WCAG 2 defines it."""
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
        for each in (part / 255 for part in color)
    ]
    return sum(part * share for part, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))
