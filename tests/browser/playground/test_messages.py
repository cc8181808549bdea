"""How messages of people and models are rendered."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.console import Program, Tab, Window

MARKDOWN = """Look:

- **bold** and `code`
- another

```python
def add(a: int, b: int) -> int:
    return a + b
```

| name | value |
|---|---|
| one | 1 |

That is all.
"""
HOSTILE = {
    "an image": "![x](http://elsewhere.example/1.png)",
    "an image with a title": '![x](http://elsewhere.example/2.png "title")',
    "an image in angle brackets": "![x](<http://elsewhere.example/3.png>)",
    "nested brackets": (
        "![a [b] c](http://elsewhere.example/4.png) and ![a [b [c]] "
        "d](http://elsewhere.example/5.png)"
    ),
    "an image in a link": "[![x](http://elsewhere.example/6.png)](http://elsewhere.example/)",
    "a reference": "![x][ref] and ![ref] and ![ref][]\n\n[ref]: http://elsewhere.example/7.png",
    "a reference defined first": "[ref]: http://elsewhere.example/8.png\n\n![ref]",
    "over two lines": "![x\ny](http://elsewhere.example/9.png)",
    "an escaped bracket": r"!\[x](http://elsewhere.example/10.png) ![x\](http://elsewhere.example/11.png)",
    "html": (
        '<img src="http://elsewhere.example/12.png"><picture><source '
        'srcset="http://elsewhere.example/13.png"></picture>'
    ),
    "a sheet of styles": "<style>body { background: url(http://elsewhere.example/14.png) }</style>",
    "a style": "<div style='background: url(//elsewhere.example/15.png)'>x</div>",
    "a script": '<script src="http://elsewhere.example/16.js"></script>',
    "scripts in attributes": (
        '<img src=x onerror="window.broken = 1"><svg onload="window.broken = 1">'
    ),
    "frames": (
        '<iframe src="http://elsewhere.example/"></iframe><object '
        'data="http://elsewhere.example/"></object>'
    ),
    "a form": (
        '<form action="http://elsewhere.example/"><input autofocus onfocus="window.broken = '
        '1"></form>'
    ),
    "another base": '<base href="http://elsewhere.example/">',
    "media": (
        '<video src="http://elsewhere.example/16.mp4" autoplay '
        'poster="http://elsewhere.example/17.png"></video>'
    ),
    "links": (
        '<link rel="stylesheet" href="http://elsewhere.example/18.css"><meta http-equiv="refresh" '
        'content="0;url=http://elsewhere.example/">'
    ),
    "a list of images": "- ![x](http://elsewhere.example/19.png)\n> ![x](http://elsewhere.example/20.png)",
    "directives": (
        ":material/home: :red[![x](http://elsewhere.example/21.png)] "
        "$\\includegraphics{http://elsewhere.example/22.png}$"
    ),
}


@pytest.fixture(scope="module", autouse=True)
def left(window_to_walk: Window) -> Iterator[None]:
    """Leave the playground afterwards: one that is open takes part in other tests."""
    yield
    window_to_walk.walk("/you")


def test_markdown_is_drawn_and_code_is_text(walking: Window, program: Program) -> None:
    tab = walking.walk(program.say(MARKDOWN))
    expect(tab.last.locator("strong")).to_have_text("bold")
    expect(tab.last.locator("li")).to_have_count(2)
    expect(tab.last.locator("td")).to_have_text(["one", "1"])
    expect(tab.last.locator("pre")).to_contain_text("def add(a: int, b: int) -> int:")


def test_a_diagram_is_the_text_that_it_was_written_as(walking: Window, program: Program) -> None:
    tab = walking.walk(program.say("Look:\n\n````mermaid\ngraph TD; A-->B\n```\n````\nafter"))
    expect(tab.last.locator("pre")).to_have_text("graph TD; A-->B\n```\n")
    expect(tab.last.locator(".attune-markdown > p").last).to_contain_text("after")
    assert tab.last.locator("svg:not(button svg), [data-testid*='ermaid']").count() == 0


def test_the_growing_answer_is_drawn_as_markdown_too(window: Window) -> None:
    tab = window.open()
    hostile = '<b>not bold</b> <img src=x onerror="window.broken = 1">'
    on = " and on" * 100
    tab.send(f'#fake {{"rate": 4}}\nGo **bold** and `code` {hostile}{on}')
    expect(tab.live.locator("strong")).to_have_text("bold")
    expect(tab.live.locator("code")).to_have_text("code")
    expect(tab.live).to_contain_text("<b>not bold</b>")
    assert tab.live.locator("img").count() == 0
    tab.press("Stop")


def test_a_growing_answer_with_emoji_keeps_every_character(window: Window) -> None:
    tab = window.open()
    on = "👍🏽" + " and on" * 200
    tab.send(f'#fake {{"rate": 16}}\nGreat 🎉🎉 {on}')
    tab.wait_for(lambda: len(tab.live.inner_text()) > 300)
    seen = tab.live.inner_text()
    tab.press("Stop")
    assert f"Fake answer: Great 🎉🎉 {on}".startswith(seen)


def test_what_a_model_writes_loads_nothing_and_runs_nothing(
    walking: Window, program: Program
) -> None:
    tab = walking.walk(program.say("\n\n".join(HOSTILE.values()), *HOSTILE.values()))
    tab.page.get_by_role("button", name="Show earlier messages").click()
    expect(tab.messages).to_have_count(2 + 2 * len(HOSTILE))
    tab.page.wait_for_timeout(300)
    active = "img, iframe, object, embed, video, form, script, link, style, base, meta"
    drawn = tab.page.locator(".st-key-chat-messages").locator(active)
    assert drawn.evaluate_all("all => all.map(e => e.outerHTML)") == []
    assert tab.page.evaluate("window.broken") is None
    assert not [address for address in walking.asked if "elsewhere" in address]


def test_a_script_in_a_link_is_no_link(walking: Window, program: Program) -> None:
    links = (
        "[one](javascript:window.broken=1) [two](vbscript:x) [three](JaVaScRiPt:window.broken=1) "
        "[four](&#106;avascript:x)"
    )
    tab = walking.walk(program.say(links))
    for link in tab.pane.locator("a").all():
        assert (link.get_attribute("href") or "").lower().split(":")[0] not in (
            "javascript",
            "vbscript",
        )


def test_a_link_says_where_it_leads(walking: Window, program: Program) -> None:
    tab = walking.walk(program.say("[your bank](https://elsewhere.example/login)"))
    expect(
        tab.last.locator("p", has=tab.page.get_by_role("link", name="your bank"))
    ).to_contain_text("your bank (elsewhere.example)")


def test_prices_are_no_formula(walking: Window, program: Program) -> None:
    tab = walking.walk(program.say("It costs $5 and $10, and `$x` stays, and \\$3 too"))
    expect(tab.last).to_contain_text("It costs $5 and $10, and $x stays, and $3 too")
    assert tab.pane.locator(".katex").count() == 0


def test_copy_gives_the_markdown_as_it_was_written(walking: Window, program: Program) -> None:
    walking.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = walking.walk(program.say(MARKDOWN))
    for message, begin in ((tab.messages.first, "Look:\n"), (tab.last, "Fake answer: Look:\n")):
        message.get_by_role("button", name="Copy").filter(visible=True).click()
        expect_copied(tab, begin)
        assert "- **bold** and `code`" in copied(tab)


def copied(tab: Tab) -> str:
    return str(tab.page.evaluate("navigator.clipboard.readText()"))


def expect_copied(tab: Tab, begin: str) -> None:
    tab.wait_for(lambda: copied(tab).startswith(begin))


def test_times_are_those_of_the_readers_clock(walking: Window, program: Program) -> None:
    sent_at = time.time() * 1000
    tab = walking.walk(program.say("What time is it?"))
    hours = [
        tab.page.evaluate("at => new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit' })", at)
        for at in (sent_at, time.time() * 1000)
    ]
    expect(tab.messages.first).to_contain_text(re.compile(f"({'|'.join(hours)}):"))
