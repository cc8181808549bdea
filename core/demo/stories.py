"""Questions that the demo answers, each with a page and filters."""

from datetime import datetime

import msgspec

from core.demo.shifting import DATA, Shift


class Story(msgspec.Struct, frozen=True):
    """A question; `page` and `query` are the console page and filters of its answer."""

    question: str
    icon: str
    page: str
    query: dict[str, str] = {}


def stories(until: datetime) -> list[Story]:
    """Return the questions for a demo that ends at a time, most striking first."""
    text = (DATA / "stories.json").read_text("utf-8")
    return msgspec.json.decode(Shift(until).text(text), type=list[Story])
