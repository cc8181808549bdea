"""A bot's knowledge as a list of items, each with the title that results name it by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from core.bots.schemas import BotKnowledge
from core.prompts.template.escaping import Place

MAX_DOCUMENT_CHARS = 20_000  # of all documents of a bot together
MAX_TITLE_CHARS = 60
# Those of all prompts of bots, their judges and simulated users
TAGS = (
    "knowledge",
    "answer",
    "conversation",
    "message",
    "goal",
    "instructions",
    "settings",
    "outcomes",
)
INSIDE = Place(tags=frozenset(TAGS))


@dataclass(frozen=True)
class KnownDocument:
    """A published document."""

    id: UUID
    title: str
    content: str


@dataclass(frozen=True)
class KnowledgeItem:
    """A piece of knowledge; `kind` is the heading under which the prompt has it."""

    kind: str
    title: str
    text: str


def items_of(knowledge: BotKnowledge, documents: Iterable[KnownDocument]) -> list[KnowledgeItem]:
    """Return everything that a bot is told, in the order of the prompt."""
    return [*_facts(knowledge), *_documents(documents)]


def left_out(knowledge: BotKnowledge, documents: Iterable[KnownDocument]) -> list[str]:
    """Return the documents that the prompt doesn't have: by title, by ID when they are gone."""
    known = {each.id: each for each in documents}
    kept = {each.id for each in _fitting(known.values())}
    too_long = [each.title for each in known.values() if each.id not in kept]
    missing = [str(id_) for id_ in knowledge.documents if id_ not in known]
    return [*(_title("Document", title) for title in too_long), *missing]


def _facts(knowledge: BotKnowledge) -> Iterator[KnowledgeItem]:
    for kind, text in (("Company", knowledge.company), ("Industry", knowledge.industry)):
        if text:
            yield KnowledgeItem(kind, kind, text)
    for kind, one, texts in (
        ("Products", "Product", knowledge.products),
        ("Services", "Service", knowledge.services),
        ("Policies", "Policy", knowledge.policies),
    ):
        for text in texts:
            yield KnowledgeItem(kind, _title(one, text), text)
    for each in knowledge.questions:
        text = f"{each.question} {each.answer}"
        yield KnowledgeItem("Questions and answers", _title("Question", each.question), text)


def _documents(documents: Iterable[KnownDocument]) -> Iterator[KnowledgeItem]:
    for each in _fitting(documents):
        yield KnowledgeItem("Documents", _title("Document", each.title), each.content)


def _fitting(documents: Iterable[KnownDocument]) -> Iterator[KnownDocument]:
    room = MAX_DOCUMENT_CHARS
    for each in documents:
        if len(each.content) <= room:
            room -= len(each.content)
            yield each


def _title(kind: str, text: str) -> str:
    line = " ".join(text.split())
    short = line if len(line) <= MAX_TITLE_CHARS else f"{line[: MAX_TITLE_CHARS - 1].rstrip()}…"
    return f"{kind}: {short}"
