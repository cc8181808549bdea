"""Find instructions that contradict each other, and prompts that don't say how to answer.

Only English is understood, and only what is unmistakable: a sentence that begins with “Answer in”
or the like and has no condition.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.prompts.guidance.findings import FieldText, PromptFinding, PromptFindingCode

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
BOUNDS = {"": "exactly", "exactly": "exactly", "at least": "at least"}  # all others: at most
SENTENCE_END = re.compile(r"[.!?](?:\s+|$)")
ANSWER = re.compile(
    r"\W{0,5}(?:(?:please|always|only)\s){0,2}(?:answer|respond|reply)(?:\s(?:only|always))?"
    r"\s(?:in|with|as|using)\s(?P<how>.*)",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|except|for|otherwise|where|while|or)\b", re.IGNORECASE
)
LENGTH = re.compile(
    r"(?P<bound>at most|no more than|up to|a maximum of|exactly|at least)?\s?"
    rf"(?P<number>\d{{1,6}}|{'|'.join(NUMBERS)})\s(?:short\s|full\s|complete\s)?"
    r"(?P<unit>sentence|word|paragraph|line|character|bullet point)s?\b",
    re.IGNORECASE,
)
LANGUAGE = re.compile(
    r"(English|German|French|Spanish|Italian|Portuguese|Dutch|Polish|Chinese|Japanese|Korean"
    r"|Russian|Arabic|Turkish)\b(?!\sand\b)",
    re.IGNORECASE,
)
FORMAT = re.compile(
    r"(?:(?:only|valid|a|an|one|single)\s){0,3}(JSON|XML|YAML|CSV|Markdown|HTML|plain text)\b"
    r"(?!\s(?:and|in|inside|within)\b)",
    re.IGNORECASE,
)
IS_FORMAT = re.compile(
    r"\b(?:json|xml|yaml|csv|markdown|html|tables?|bullets?|list|plain text|format\w*|template"
    r"|schema|sentences?|paragraphs?|words?|characters|lines?|one of)\b"
    r"|\b(?:answer|respond|reply|return|output|write|print)\s(?:(?:it|them)\s)?"
    r"(?:in|with|as|only|exactly|just|one)\b",
    re.IGNORECASE,
)
IS_ENGLISH = re.compile(r"\b(?:the|you|your|with|of|is|are)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Instruction:
    """How to answer, by one sentence; a length has a bound and the range that it allows."""

    topic: str
    value: str
    sentence: str
    text: FieldText
    line: int
    bound: str = ""
    low: float = 0
    high: float = 0

    def contradicts(self, other: "Instruction") -> bool:
        """Whether both can't be followed, or say the same limit with different numbers."""
        if self.topic != other.topic or self.value == other.value:
            return False
        has_same_bound = self.bound == other.bound
        return has_same_bound or self.low > other.high or other.low > self.high


def check(texts: Sequence[FieldText], whole: str) -> Iterator[PromptFinding]:
    """Yield contradictions, at most one for each topic, and whether `whole`, the prompt with what
    it includes, has no output format.
    """
    firsts: dict[str, list[Instruction]] = {}
    contradicted: set[str] = set()
    for instruction in (each for text in texts for each in _instructions(text)):
        earlier = firsts.setdefault(instruction.topic, [])
        conflict = next((each for each in earlier if each.contradicts(instruction)), None)
        if conflict is None and instruction.value not in {each.value for each in earlier}:
            earlier.append(instruction)
        elif conflict is not None and instruction.topic not in contradicted:
            contradicted.add(instruction.topic)
            yield _contradiction(conflict, instruction)
    if IS_ENGLISH.search(whole) and not IS_FORMAT.search(whole):
        yield PromptFinding(
            code=PromptFindingCode.NO_OUTPUT_FORMAT,
            message="The prompt doesn't seem to say how to answer.",
            reason="Answers then differ in length and form from call to call. Name the format, "
            "such as a number of sentences or the keys of a JSON object.",
        )


def _instructions(text: FieldText) -> Iterator[Instruction]:
    for number, line in enumerate(text.text.split("\n"), 1):
        for sentence in SENTENCE_END.split(line):
            match = ANSWER.match(sentence)
            if match is None or CONDITION.search(sentence):
                continue
            if (length := LENGTH.match(match["how"])) is not None:
                yield _length(length, sentence, text, number)
            for topic, pattern in (("language", LANGUAGE), ("format", FORMAT)):
                if (value := pattern.match(match["how"])) is not None:
                    yield Instruction(topic, value[1].lower(), sentence, text, number)


def _length(match: re.Match[str], sentence: str, text: FieldText, line: int) -> Instruction:
    written = match["number"].lower()
    number = NUMBERS.index(written) + 1 if written in NUMBERS else int(written)
    bound = BOUNDS.get((match["bound"] or "").lower(), "at most")
    return Instruction(
        topic=match["unit"].lower(),
        value=f"{bound} {number}",
        sentence=sentence,
        text=text,
        line=line,
        bound=bound,
        low=-math.inf if bound == "at most" else number,
        high=math.inf if bound == "at least" else number,
    )


def _contradiction(one: Instruction, other: Instruction) -> PromptFinding:
    first, second = (each.sentence.strip(" \t-*•")[:80] for each in (one, other))
    return other.text.finding(
        PromptFindingCode.CONTRADICTION,
        f"“{first}” and “{second}” contradict each other.",
        "A model follows one of them, not always the same. Keep one.",
        other.line,
    )
