"""Pages of Review show texts of users as text: no tag, image or script of theirs is in a page."""

from html.parser import HTMLParser

import pytest

from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories import imports
from tests.factories.annotations import told
from tests.factories.conversations import message, stored
from tests.factories.hostile import WORDS
from tests.factories.identity import person
from tests.factories.reviews import annotated
from tests.pages.conftest import TUNING, Console

KNOWLEDGE = "review/knowledge/page.py"
OURS = {
    "p",
    "span",
    "div",
    "small",
    "b",
    "bdi",
    "ol",
    "ul",
    "li",
    "br",
    "mark",
    "ins",
    "del",
    "kbd",
    "a",
    "table",
    "thead",
    "tbody",
}
OURS |= {
    "tr",
    "td",
    "th",
    "style",
    "h1",
    "h2",
    "h3",
    "h4",
    "code",
    "pre",
    "strong",
    "em",
    "i",
    "svg",
    "path",
    "details",
    "summary",
    "hr",
    "blockquote",
    "s",
}
VIEWS = [
    (TUNING, {"conversation": "c"}),
    (TUNING, {"view": "queue"}),
    (TUNING, {"view": "conversations", "q": "alert"}),
    (TUNING, {"view": "annotations"}),
    (TUNING, {"view": "summary"}),
    (TUNING, {"view": "export"}),
    (KNOWLEDGE, {}),
    (KNOWLEDGE, {"section": "memories"}),
    (KNOWLEDGE, {"section": "feedback"}),
]


class Tags(HTMLParser):
    """Collects what stands in HTML of ours that is not ours."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.strange: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that we never write, a handler, or an address that is a script."""
        wrong = [
            name
            for name, value in attrs
            if name.startswith("on") or (value or "").lower().lstrip().startswith("javascript:")
        ]
        if tag not in OURS or wrong:
            self.strange.append(f"{tag} {attrs}")


def strange(html: str) -> list[str]:
    tags = Tags()
    tags.feed(html)
    return tags.strange


def written(word: str) -> None:
    """Write it everywhere."""
    at = {"created_at": clock.now().isoformat()}
    near = at | {"app": word[:60]}
    said = [
        message(0, content=word, **at),
        message(1, content=word + ".", error=word[:500], tool_calls=[{"name": word[:50]}], **at),
    ]
    stored(
        {
            "id": "c",
            "user_id": word[:60].replace("\0", ""),
            "title": word[:500],
            "messages": said,
            "app": word[:60],
        }
    )
    rated = {
        "id": "f",
        "conversation_id": "c",
        "message_id": "m1",
        "rating": -1,
        "comment": word,
        "edited_text": word,
    }
    imports.send("feedback", rated | near)
    imports.send(
        "document",
        {"id": "d", "title": word[:60], "content": word, "scope": word[:60], "tags": [word[:60]]}
        | near,
    )
    imports.send(
        "memory",
        {"id": "y", "kind": "fact", "content": word, "scope": word[:60], "user_id": word[:60]}
        | near,
    )
    told()
    for kind in ("correction", "flag"):
        annotated(
            "m1",
            annotation_type=kind,
            content=word,
            suggested_response=word,
            tags=[word[:60]],
            author_name=word[:60],
            created_at=clock.now(),
        )


@pytest.mark.parametrize(
    "name", [name for name in WORDS if name not in ("half a character", "NUL")]
)
def test_pages_show_words_and_nothing_of_theirs(console: Console, name: str) -> None:
    written(WORDS[name])
    one = person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER)
    for page, query in VIEWS:
        app = console(one, page)
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, (page, query, [each.value for each in app.exception])
        html = [str(each.proto.body) for each in app.get("html")]
        html += [each.value for each in app.markdown if each.allow_html]
        assert [found for each in html for found in strange(each)] == [], (page, query)
        shown = [each.value for each in app.markdown if not each.allow_html]
        assert not any("![x](" in each or "![a][" in each for each in shown), (page, query)
