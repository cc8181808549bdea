"""Facts of a bot as lines of a field, and back."""

from collections.abc import Iterable

from core.bots.schemas import QuestionAnswer
from core.errors import Invalid
from core.presentation import formatting


# The API takes facts with line ends, which the fields cannot tell from several facts: what was not
# edited stays as it is stored
def facts(entered: str, stored: tuple[str, ...]) -> tuple[str, ...]:
    return stored if entered == "\n".join(stored) else _lines(entered.split("\n"))


def questions(entered: str, stored: tuple[QuestionAnswer, ...]) -> tuple[QuestionAnswer, ...]:
    return stored if entered == shown(stored) else _pairs(entered)


def shown(questions: Iterable[QuestionAnswer]) -> str:
    return "\n\n".join(f"{each.question}\n{each.answer}" for each in questions)


def _lines(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(line.strip() for line in lines if line.strip())


def _pairs(entered: str) -> tuple[QuestionAnswer, ...]:
    """Return the questions with their answers; raise Invalid for one without an answer."""
    pairs = []
    for block in entered.replace("\r", "").split("\n\n"):
        lines = _lines(block.split("\n"))
        if not lines:
            continue
        if len(lines) == 1:
            raise Invalid(f"“{formatting.shortened(lines[0], 60)}” has no answer below it.")
        pairs.append(QuestionAnswer(question=lines[0], answer=" ".join(lines[1:])))
    return tuple(pairs)
