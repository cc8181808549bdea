"""Which knowledge an answer uses, by the words that both have."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.bots.knowledge.items import KnowledgeItem
from core.bots.result_schemas import KnowledgeSource

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
MIN_CHARS = 3
MIN_SHARED = 2  # words, or all of an item that has fewer
STOP_WORDS = frozenset(
    """about above after again all also always and any are because been before being below between
    both but can cannot could did does doing don't down during each every few for from further get
    give had has have having help her here hers him his how into its it's just let like make many
    may more most much must need not now off once only other our ours out over own per please same
    she should some such than thank thanks that the their theirs them then there these they this
    those through too under until use very want was were what when where which while who whom why
    will with would yes you your yours""".split()  # noqa: SIM905  prose
)


class KnowledgeUse(NamedTuple):
    """The sources of an answer, most words first, and the share of its words that they cover."""

    sources: list[KnowledgeSource]
    coverage: float | None


def knowledge_use(answer: str, items: Sequence[KnowledgeItem]) -> KnowledgeUse:
    """Return the items that share words with an answer.

    Coverage is the share (0 to 1) of the answer's different words, without the commonest words of
    English, that the knowledge has; None without knowledge or such words.
    """
    said = _words(answer)
    known = [_words(f"{item.title} {item.text}") for item in items]
    if not said or not known:
        return KnowledgeUse([], None)
    used = []
    for item, words in zip(items, known, strict=True):
        shared = [said[key] for key in said if key in words]
        if shared and len(shared) >= min(MIN_SHARED, len(words)):
            used.append(KnowledgeSource(title=item.title, words=shared))
    covered = sum(any(key in words for words in known) for key in said)
    ordered = sorted(used, key=lambda source: len(source.words), reverse=True)
    return KnowledgeUse(ordered, covered / len(said))


def _words(text: str) -> dict[str, str]:
    """Return the words of a text by what two forms of a word have in common."""
    words: Iterable[str] = (found[0].lower().replace("’", "'") for found in WORD.finditer(text))
    telling = [word for word in words if word not in STOP_WORDS and _is_telling(word)]
    # Backwards, so that the first form of a word is the one that is shown
    return {_stem(word): word for word in reversed(telling)}


def _is_telling(word: str) -> bool:
    return len(word) >= MIN_CHARS or word.isdigit()


def _stem(word: str) -> str:
    is_plural = len(word) > MIN_CHARS and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if is_plural else word
