"""Names in Arabic are read from the right, also behind an emoji."""

from secrets import token_hex

from tests.browser.console import Program, Window

FIRST, LAST = "عنوان", "عربي"
# How many pixels the last word of a title stands left of the first
LEFT_OF = """(title, [first, last]) => {
    const place = word => {
        const node = document.createTreeWalker(title, NodeFilter.SHOW_TEXT).nextNode();
        const range = document.createRange(), at = node.textContent.indexOf(word);
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        return range.getBoundingClientRect().left;
    };
    return place(first) - place(last);
}"""


def test_an_arabic_title_is_read_from_the_right(walking: Window, program: Program) -> None:
    name = f"🎉 {FIRST} GPT {token_hex(4)} {LAST}"
    dataset = program.api.post("/datasets", json={"name": name}).raise_for_status().json()
    page = walking.walk(f"/datasets?dataset={dataset['id']}").page
    title = page.get_by_role("heading", level=1, name=FIRST)
    assert title.evaluate(LEFT_OF, [FIRST, LAST]) > 0
