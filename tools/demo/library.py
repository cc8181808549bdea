"""Documents and memories of the demo."""

import re
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from tools.demo.calendar import DAY, Calendar
from tools.demo.conversations.script import fill
from tools.demo.conversations.talks import DemoTalk
from tools.demo.loaded import TEXTS, table
from tools.demo.users import Person

MEMORIES = 480
ARTICLE = re.compile(r"^# (.+)\ntags: (.+)\n", re.MULTILINE)
LANGUAGES = {
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nb": "Norwegian",
    "nl": "Dutch",
    "pt": "Portuguese",
    "en": "English",
}
DRAFTS = ("Taxes", "Rinds")


def articles(random: Random, calendar: Calendar) -> Iterator[dict[str, Any]]:
    """Yield the articles of the help centre."""
    parts = ARTICLE.split((TEXTS / "articles.md").read_text(encoding="utf-8"))[1:]
    for number, (title, tags, text) in enumerate(
        zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    ):
        made_at = calendar.start + timedelta(days=number % 11, hours=9 + number % 7)
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        yield {
            "id": f"rind-help-{slug}",
            "title": title,
            "content": text.strip(),
            "scope": "help centre",
            "tags": [tag.strip() for tag in tags.split(",")],
            "source": f"https://rind.example/help/{slug}",
            "status": "draft" if title in DRAFTS else "published",
            "created_at": made_at.isoformat(timespec="milliseconds"),
            "updated_at": min(made_at + random.random() * 45 * DAY, calendar.until).isoformat(
                timespec="milliseconds"
            ),
        }


def memories(random: Random, calendar: Calendar, talks: list[DemoTalk]) -> Iterator[dict[str, Any]]:
    """Yield the memories noted in conversations."""
    told = table("opinions")["memories"]
    for number, talk in enumerate(random.sample(talks, MEMORIES), 1):
        kind = random.choices(("preference", "fact", "rule"), (5, 5, 2))[0]
        at = talk.messages[-1].at + timedelta(seconds=20)
        yield {
            "id": f"rind-memory-{number:04d}",
            "user_id": talk.person.id,
            "scope": "tomme",
            "kind": kind,
            "content": fill(random.choice(told[kind]), _known(random, talk.person)),
            "confidence": round(0.55 + 0.44 * random.random(), 2),
            "conversation_id": talk.id,
            "source_message_id": "m00",
            "created_at": min(at, calendar.until).isoformat(timespec="milliseconds"),
            "updated_at": min(at, calendar.until).isoformat(timespec="milliseconds"),
        }


def _known(random: Random, person: Person) -> dict[str, str]:
    wheel = random.choice(person.board)
    return {
        "first": person.first,
        "city": person.city,
        "language": LANGUAGES[person.country.lang],
        "wheel": wheel.name,
        "cellar": wheel.cellar,
        "slices": str(sum(person.slices)),
        "friend": random.choice([each for each in person.country.first if each != person.first]),
        "source": person.source,
    }
