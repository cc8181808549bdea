"""How similar two texts are: by their vectors, or by their characters."""

import math
from collections import Counter
from collections.abc import Sequence
from operator import mul

from core.scoring.text_measures.comparable import comparable

MAX_COMPARED_CHARS = 20_000
LONGEST_GRAM = 6
RECALL_WEIGHT = 2


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine of two vectors of one length, at least 0; 0 when either is zero."""
    norms = math.hypot(*one) * math.hypot(*other)
    if not norms:
        return 0.0
    product: float = sum(map(mul, one, other))
    return min(1.0, max(0.0, product / norms))


def chrf(answer: str, reference: str) -> float:
    """Return the character n-gram F-score from 0 to 1, recall counting twice, without white space.

    Popović 2015 (chrF2), as sacreBLEU computes it for one sentence; of the first 20,000 characters,
    in lower case.
    """
    found, expected = _normalized(answer), _normalized(reference)
    if not found and not expected:
        return 1.0
    precisions, recalls = list[float](), list[float]()
    for size in range(1, LONGEST_GRAM + 1):
        grams, wanted = _grams(found, size), _grams(expected, size)
        if not grams or not wanted:
            continue
        matched = (grams & wanted).total()
        precisions.append(matched / grams.total())
        recalls.append(matched / wanted.total())
    if not precisions:
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    weight = RECALL_WEIGHT**2
    below = weight * precision + recall
    return (1 + weight) * precision * recall / below if below else 0.0


def _normalized(text: str) -> str:
    return "".join(comparable(text[:MAX_COMPARED_CHARS]).split())


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[start : start + size] for start in range(len(text) - size + 1))
